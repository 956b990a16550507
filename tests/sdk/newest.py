"""Requests with every field that the newest types of the vendors' SDKs have, at a router that refuses unknown fields.

A type is followed into everything that it holds; each request is the smallest one with one thing more. What the router refuses
is printed: a field that its tables (`src/protocol/*/wanted.rs`) do not declare yet. Types of betas are not looked at.

    newest.py [--client anthropic] [--binary target/debug/onwards]
"""

import argparse
import collections
import datetime
import enum
import http.client
import json
import os
import re
import sys
import types
import typing
import urllib.parse

os.environ["STRICT"] = "1"

from botocore.loaders import Loader
from botocore.model import ServiceModel
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from typing_extensions import is_typeddict

from router import Router

# Where a sample of the type would be refused for what it says: a number's range has no 1 in it, and a model is looked up.
SAID = {"budget_tokens": 1024, "model": "vendor"}
LISTS = (list, collections.abc.Iterable, collections.abc.Sequence)
MAPS = (dict, collections.abc.Mapping)


def samples(kind, inside=()):
    """Values of a type: the smallest, then others that differ from it in one place each."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Annotated, typing.Required, typing.NotRequired) or str(origin).endswith(("Required", "ReadOnly")):
        return samples(arguments[0], inside)
    if origin in (typing.Union, types.UnionType):
        known = [one for one in arguments if one not in (type(None), typing.Any)] or [typing.Any]
        return [value for one in known for value in samples(one, inside)]
    if origin is typing.Literal:
        return list(arguments)
    if origin in LISTS or getattr(origin, "__name__", "") == "SequenceNotStr":
        return [[value] for value in samples(arguments[0], inside)] or [[]]
    if origin in MAPS:
        return [{"key": value} for value in samples(arguments[1], inside)] or [{}]
    if is_typeddict(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        return fields({alias(name, hint): (hint, is_needed(kind, name, hint)) for name, hint in hints.items()}, kind, inside)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        known = kind.model_fields.items()
        # A word that tells the type is always written, whatever its default is.
        known = {field.alias or name: (field.annotation, field.is_required() or bool(field.default)) for name, field in known}
        return fields(known, kind, inside)
    return plain(kind)


def plain(kind):
    if isinstance(kind, typing.TypeVar) or kind in (object, typing.Any):
        return [{"key": 1}]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [one.value for one in kind if not one.value.endswith("UNSPECIFIED")]
    for base, value in ((bool, True), (int, 1), (float, 0.5), (str, "x"), (bytes, "AAAA"), (datetime.datetime, "2026-01-01T00:00:00Z")):
        if isinstance(kind, type) and issubclass(kind, base):
            return [value]
    # A file, which is written in base64.
    return ["AAAA"]


def is_needed(kind, name, hint):
    """Whether a field must be there; annotations that are kept as text hide it from the type itself."""
    while typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    return name in kind.__required_keys__ or str(typing.get_origin(hint)).endswith(".Required")


def alias(name, hint):
    """How a field is written that Python cannot name so."""
    told = [getattr(one, "alias", None) for one in typing.get_args(hint)[1:]]
    return next(filter(None, told), name)


def fields(known, kind, inside):
    """Objects with these fields, of which each has a type and may have to be there."""
    if kind in inside:
        return []
    inside = (*inside, kind)
    found = {name: [SAID[name]] if name in SAID else samples(hint, inside) for name, (hint, _) in known.items()}
    needed = {name for name, (_, must) in known.items() if must}
    if any(not found[name] for name in needed):
        return []
    least = {name: found[name][0] for name in needed}
    more = [least | {name: value} for name, values in found.items() for value in values[name in needed :]]
    return [least, *more]


def shaped(shape, inside=()):
    """The same of a shape of botocore's."""
    if getattr(shape, "is_document_type", False):
        return [{"key": 1}]
    match shape.type_name:
        case "structure" if shape.name in inside:
            return []
        case "structure":
            inside = (*inside, shape.name)
            found = {name: shaped(member, inside) for name, member in shape.members.items() if not member.serialization.get("location")}
            if shape.is_tagged_union:
                return [{name: value} for name, values in found.items() for value in values]
            needed = [name for name in shape.required_members if name in found]
            if any(not found[name] for name in needed):
                return []
            least = {name: found[name][0] for name in needed}
            return [least, *(least | {name: value} for name, values in found.items() for value in values[name in needed :])]
        case "list":
            return [[value] for value in shaped(shape.member, inside)] or [[]]
        case "map":
            return [{"key": value} for value in shaped(shape.value, inside)]
        case "string":
            return list(shape.enum) or ["x"]
        case kind:
            return [{"blob": "AAAA", "boolean": True, "integer": 1, "long": 1, "timestamp": 1}.get(kind, 0.5)]


def openai_chat():
    from openai.types.chat import completion_create_params as params

    yield "/v1/chat/completions", samples(params.CompletionCreateParamsNonStreaming)
    yield "/v1/chat/completions", samples(params.CompletionCreateParamsStreaming)[:1]


def openai_others():
    from openai.types import completion_create_params, embedding_create_params

    yield "/v1/completions", samples(completion_create_params.CompletionCreateParamsNonStreaming)
    yield "/v1/embeddings", samples(embedding_create_params.EmbeddingCreateParams)


def openai_responses():
    from openai.types.responses import input_token_count_params, response_create_params as params

    yield "/v1/responses", samples(params.ResponseCreateParamsNonStreaming)
    yield "/v1/responses/input_tokens", samples(input_token_count_params.InputTokenCountParams)


def anthropic():
    from anthropic.types import message_count_tokens_params, message_create_params as params

    # These the SDK writes as headers.
    headers = {"user_profile_id", "workspace_id"}
    for path, kind in (
        ("/v1/messages", params.MessageCreateParamsNonStreaming),
        ("/v1/messages/count_tokens", message_count_tokens_params.MessageCountTokensParams),
    ):
        yield path, [body for body in samples(kind) if not headers & body.keys()]


def gemini():
    from google.genai import types as known

    class Generate(BaseModel):
        """The request as it is written; the SDK puts it together from its own configuration."""

        model_config = ConfigDict(alias_generator=to_camel)
        contents: list[known.Content]
        tools: typing.Optional[list[known.Tool]] = None
        tool_config: typing.Optional[known.ToolConfig] = None
        safety_settings: typing.Optional[list[known.SafetySetting]] = None
        system_instruction: typing.Optional[known.Content] = None
        generation_config: typing.Optional[known.GenerationConfig] = None
        cached_content: typing.Optional[str] = None
        labels: typing.Optional[dict[str, str]] = None

    yield "/v1beta/models/vendor:generateContent", samples(Generate)


def bedrock():
    service = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
    yield "/model/vendor/converse", shaped(service.operation_model("Converse").input_shape)
    yield "/model/vendor/count-tokens", shaped(service.operation_model("CountTokens").input_shape)


def cohere():
    from cohere import types as known
    from cohere.v2.client import V2Client

    for path, method in (("/v2/chat", V2Client.chat), ("/v2/embed", V2Client.embed)):
        hints = typing.get_type_hints(method, include_extras=True, localns=vars(known))
        hints = {name: hint for name, hint in hints.items() if name not in ("return", "request_options")}
        optional = (method.__kwdefaults__ or {}).keys()
        yield path, fields({name: (hint, name not in optional) for name, hint in hints.items()}, method, ())


CLIENTS = {
    "openai_chat": ("openai", openai_chat),
    "openai_others": ("openai", openai_others),
    "openai_responses": ("openai_responses", openai_responses),
    "anthropic": ("anthropic", anthropic),
    "gemini": ("gemini", gemini),
    "bedrock": ("bedrock", bedrock),
    "cohere": ("cohere", cohere),
}


def refused(address, path, body):
    """What the router says to a request that it refuses. What the mock says to one that it lets pass does not matter."""
    headers = {"authorization": "Bearer sk-caller", "content-type": "application/json"}
    address.request("POST", path, json.dumps(body), headers)
    answer = address.getresponse()
    text = answer.read().decode(errors="replace")
    if answer.status != 400:
        return None
    return (re.search(r'"message":"((?:\\.|[^"\\])*)"', text) or [text, text])[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--client", choices=CLIENTS, action="append")
    parser.add_argument("--binary", help="a router, instead of the debug build")
    given = parser.parse_args()
    missing = 0
    for client in given.client or CLIENTS:
        protocol, requests = CLIENTS[client]
        target = {"url": "mock:", "protocol": protocol, "strict": {"unknown_fields": "refuse"}}
        if protocol == "bedrock":
            target["aws"] = {"region": "us-east-1", "access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret"}
        router = Router({"vendor": target}, given.binary)
        address = http.client.HTTPConnection(urllib.parse.urlsplit(router.url).netloc)
        count, told = 0, collections.Counter()
        for path, bodies in requests():
            for body in bodies:
                if not path.startswith(("/v1beta/", "/model/")):
                    body = body | {"model": "vendor"}
                count += 1
                if said := refused(address, path, body):
                    told[path + ": " + re.sub(r"\[\d+\]", "[]", said)] += 1
        router.stop()
        print(f"{client}: {count} requests, {sum(told.values())} refused")
        for said, often in sorted(told.items()):
            print(f"  {often:4} {said}")
        missing += len(told)
    sys.exit(missing > 0)


if __name__ == "__main__":
    main()
