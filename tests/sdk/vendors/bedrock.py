"""Bedrock Converse, as strict as the vendor: botocore's own model says what is valid."""

import json
import re
import urllib.parse

from said import Ask, Call, Image, Refused, Result, Text, Thought, Tool, Turn, insist

from . import frames, shapes, sigv4
from .strict import name_fits, thirds
from .vendor import Vendor

EXCEPTIONS = {400: "ValidationException", 401: "UnrecognizedClientException", 403: "AccessDeniedException", 404: "ResourceNotFoundException", 429: "ThrottlingException", 500: "InternalServerException", 503: "ServiceUnavailableException"}
OPERATIONS = {"converse": "Converse", "converse-stream": "ConverseStream", "count-tokens": "CountTokens"}


class Bedrock(Vendor):
    name, model = "bedrock", "anthropic.claude-sonnet-4-20250514-v1:0"
    too_long = "Input is too long for requested model."

    def provider(self, url):
        aws = {"region": "us-east-1", "access_key_id": sigv4.ACCESS, "secret_access_key": sigv4.SECRET, "session_token": sigv4.SESSION}
        return {"url": url, "protocol": self.name, "aws": aws}

    def counts(self, request):
        return request.path.endswith("/count-tokens")

    def counted(self, tokens):
        return json.dumps({"inputTokens": tokens}).encode()

    def stream_headers(self):
        return {"content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "req-1"}

    def read(self, request):
        found = re.fullmatch(r"/model/([^/]+)/(converse|converse-stream|count-tokens)", request.path)
        insist(found, f"no {request.path} here", 404)
        sigv4.verify(request)
        model, operation = urllib.parse.unquote(found[1]), OPERATIONS[found[2]]
        insist(model == self.model, "The provided model identifier is invalid.")
        said = shapes.request_of(operation, {"modelId": model}, request.json())
        if operation == "CountTokens":
            said = said["input"]["converse"]
        sampling = said.get("inferenceConfig", {})
        insist(0 <= sampling.get("temperature", 1) <= 1, "temperature must be less than or equal to 1")
        ask = Ask(stream=operation == "ConverseStream", max_tokens=sampling.get("maxTokens"))
        ask.temperature, ask.stop = sampling.get("temperature"), sampling.get("stopSequences", [])
        more = said.get("additionalModelRequestFields") or {}
        thinking = more.get("thinking")
        if thinking:
            ask.effort = thinking["type"]
            insist(thinking.get("budget_tokens", 0) >= 1024, "budget_tokens must be at least 1024")
            insist(thinking["budget_tokens"] < sampling.get("maxTokens", 0), "max_tokens must be greater than budget_tokens")
        format = said.get("outputConfig", {}).get("textFormat", {}).get("structure", {}).get("jsonSchema", {}).get("schema")
        ask.schema = format and json.loads(format)
        ask.system = "".join(block.get("text", "") for block in said.get("system", []))
        ask.choice = tools_of(said.get("toolConfig"), ask)
        for message in said["messages"]:
            parts = [part_of(block) for block in message["content"]]
            insist(parts, "messages: content must not be empty")
            ask.turns.append(Turn(message["role"], [part for part in parts if part]))
        sound(ask, "toolConfig" in said)
        return ask

    def whole(self, reply):
        message = {"role": "assistant", "content": [block_of(part) for part in reply.parts]}
        body = {"output": {"message": message}, "stopReason": FINISH[reply.finish]} | metadata(reply.usage)
        return json.dumps(body).encode()

    def stream(self, reply):
        pieces = [frames.event("messageStart", {"role": "assistant"})]
        for index, part in enumerate(reply.parts):
            at = {"contentBlockIndex": index}
            if isinstance(part, Call):
                start = {"toolUse": {"toolUseId": part.id, "name": part.name}}
                pieces.append(frames.event("contentBlockStart", at | {"start": start}))
            for delta in deltas_of(part):
                pieces.append(frames.event("contentBlockDelta", at | {"delta": delta}))
            pieces.append(frames.event("contentBlockStop", at))
        pieces.append(frames.event("messageStop", {"stopReason": FINISH[reply.finish]}))
        return pieces + [frames.event("metadata", metadata(reply.usage))]

    def error(self, status, message):
        kind = EXCEPTIONS.get(status, "ServiceUnavailableException")
        headers = {"content-type": "application/json", "x-amzn-errortype": f"{kind}:http://internal.amazon.com/"}
        return headers, [json.dumps({"message": message}).encode()]

    def stream_error(self, message):
        return frames.exception("modelStreamErrorException", message)


def tools_of(config, ask):
    for tool in (config or {}).get("tools", []):
        if "toolSpec" in tool:
            spec = tool["toolSpec"]
            schema = spec["inputSchema"]["json"]
            name_fits(spec["name"])
            insist(schema.get("type") == "object", "toolSpec.inputSchema.json.type must be object")
            insist("description" not in spec or spec["description"], "description must not be empty")
            ask.tools.append(Tool(spec["name"], schema, spec.get("description", "")))
    chosen = (config or {}).get("toolChoice")
    if chosen and "tool" in chosen:
        return chosen["tool"]["name"]
    return next(iter(chosen)) if chosen else None


def sound(ask, offers_tools):
    """Alternation, pairs, and tools on offer wherever they have been used."""
    insist(ask.turns and ask.turns[0].role == "user", "A conversation must start with a user message.")
    open_calls, last = [], None
    for turn in ask.turns:
        insist(turn.role != last, "A conversation must alternate between user and assistant roles.")
        last = turn.role
        given = [part.call for part in turn.parts if isinstance(part, Result)]
        insist(sorted(given) == sorted(open_calls), f"Expected toolResult blocks for {open_calls}, got {given}")
        open_calls = [part.id for part in turn.parts if isinstance(part, Call)]
        for call in turn.parts:
            if isinstance(call, Call):
                name_fits(call.id, 64, ".:")
        if given or open_calls:
            insist(offers_tools, "The toolConfig field must be defined when using toolUse and toolResult content blocks.")


def part_of(block):
    (kind, value), = block.items()
    if kind == "text":
        insist(value.strip(), "The text field in the ContentBlock object is blank.")
        return Text(value)
    if kind == "image":
        return Image(f"image/{value['format']}", value["source"]["bytes"])
    if kind == "toolUse":
        insist(isinstance(value["input"], dict), "toolUse.input must be an object")
        return Call(value["name"], value["input"], value["toolUseId"])
    if kind == "toolResult":
        shown = tuple(part_of(one) for one in value["content"] if "image" in one)
        said = [one for one in value["content"] if "image" not in one]
        texts = [one["text"] if "text" in one else json.dumps(one["json"]) for one in said]
        insist(all(text.strip() for text in texts), "toolResult text is blank")
        return Result(value["toolUseId"], "".join(texts), failed=value.get("status") == "error", images=shown)
    if kind == "reasoningContent":
        text = value["reasoningText"]
        insist(text.get("signature") == SIGNATURE, f"Invalid `signature` in `thinking` block: {text}")
        return Thought(text["text"], text["signature"])
    if kind == "cachePoint":
        return None
    raise Refused(f"no {kind} here")


def block_of(part):
    if isinstance(part, Thought):
        return {"reasoningContent": {"reasoningText": {"text": part.text, "signature": SIGNATURE}}}
    if isinstance(part, Call):
        return {"toolUse": {"toolUseId": part.id, "name": part.name, "input": part.args}}
    return {"text": part.text}


def deltas_of(part):
    if isinstance(part, Thought):
        deltas = [{"reasoningContent": {"text": piece}} for piece in thirds(part.text)]
        return deltas + [{"reasoningContent": {"signature": SIGNATURE}}]
    if isinstance(part, Call):
        return [{"toolUse": {"input": piece}} for piece in thirds(json.dumps(part.args) if part.args else "")]
    return [{"text": piece} for piece in thirds(part.text)]


def metadata(usage):
    counts = {"inputTokens": usage.input - usage.cached, "outputTokens": usage.output, "totalTokens": usage.input + usage.output}
    counts |= {"cacheReadInputTokens": usage.cached, "cacheWriteInputTokens": 0}
    return {"usage": counts, "metrics": {"latencyMs": 12}}


FINISH = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use", "filter": "guardrail_intervened"}
SIGNATURE = "c2lnbmVkIGJ5IGFudGhyb3BpYyBvbiBiZWRyb2Nr"
