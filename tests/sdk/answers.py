"""Answers with every field that the newest types of the vendors' SDKs have, through a router in strict mode.

Each answer is the smallest one with one thing more, whole and as an event of a stream. What the router takes out or refuses is
printed: a field that its tables (`src/protocol/*/declared.rs`) do not declare yet, or one that is left out on purpose
(`LEFT_OUT`). Types of betas are not looked at.

    answers.py [--client anthropic] [--binary target/debug/onwards]
"""

import argparse
import collections
import http.client
import http.server
import json
import os
import re
import sys
import threading
import urllib.parse

os.environ["STRICT"] = "1"

import newest
from newest import samples, shaped
from router import Router
from vendors import frames

# Texts of a fixed form, which another text does not have.
newest.SAID |= {
    "size": "1024x1024",
    "createTime": "2026-01-01T00:00:00Z",
    "retrieved_at": "2026-01-01T00:00:00Z",
    "skill_id": "xlsx",
    "version": "1",
    "inference_geo": "us",
    "mimeType": "image/png",
    "modelVersion": "vendor",
}
# What is left out on purpose (docs/strict.md), and samples that no vendor would send: a text of no fixed form, a role of a client.
LEFT_OUT = {
    "openai_chat": [
        r"moderation\.(input|output)\.(code|message|model)",
        r"moderation\.(input|output)\.results\[\]\.model",
        r"category\w*\.key|categories\.key",
        r"delta\.role: ",
    ],
    "openai_responses": [
        r"moderation\.(input|output)\.(code|message|model)",
        r"category\w*\.key|categories\.key",
        # Who made an item is the operator's affair, and what opens a tool's server is a secret.
        r"\.created_by: ",
        r"tools\[\]\.(authorization|headers): ",
        # Of a tool's error, the kind alone.
        r"\.error(\.(code|content|message|param|type|moderation_details\.categories\[\]))?: gone",
        r"svg_usage\.model: ",
        r"\.reasoning\.mode: |partial_image\.(background|output_format|quality): ",
        # A whole answer with an error is an error.
        r": (400|429|502) .*\"error\": \{",
    ],
    "gemini": [
        # Only requests have these.
        r"parts\[\]\.(documentMetadata|spreadsheetMetadata|mediaProcessing|mediaResolution|partMetadata)",
        r"functionResponse\.(parts|scheduling|willContinue)|videoMetadata\.contentLayers",
        r"(start|end)Offset: |route\.duration: |content\.role: ",
        r"modelStatus\.message: ",
        # A vector without numbers.
        r"batchEmbedContents: 502",
    ],
    "bedrock": [
        # What a guardrail's owner alone should see.
        r"appliedGuardrailDetails|automatedReasoningPolicy",
        r"invokedModelId: ",
        # Only requests have these.
        r"\.(guardContent|searchResult|toolAddition|toolRemoval): ",
        r"document\.(citations|context|source\.(content|text)): ",
        r"role: \"system\"",
        # The vendor's own words.
        r"\.(image|audio)\.error: |toolResult\.type: ",
        # A piece of a call that has not begun.
        r"mixes its tool calls",
    ],
    "cohere": [r"debug: gone", r"meta\.warnings: |images\[\]\.format: "],
}


class Vendor:
    """Answers whatever it is asked with what it was given last."""

    def __init__(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.send_response(200)
                self.send_header("content-type", owner.form)
                self.send_header("content-length", str(len(owner.body)))
                self.end_headers()
                self.wfile.write(owner.body)

            def log_message(self, *_):
                pass

        self.form, self.body = "", b""
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


class Whole:
    """An answer of one piece."""

    form = "application/json"

    @staticmethod
    def written(sample):
        return json.dumps(sample).encode()

    @staticmethod
    def read(body, _):
        return json.loads(body)


class Events:
    """One event of a stream, after one with content and before the end."""

    form = "text/event-stream"

    def __init__(self, before, after, named=True):
        self.before, self.after, self.named = before, after, named

    def written(self, sample):
        return "".join(self.event(one) for one in [*self.before, sample, *self.after]).encode()

    def event(self, one):
        if isinstance(one, str):
            return f"data: {one}\n\n"
        name = f"event: {one['type']}\n" if self.named and "type" in one else ""
        return f"{name}data: {json.dumps(one)}\n\n"

    def read(self, body, sample):
        said = re.findall(r"^data: ?(.*)$", body.decode(), re.M)
        said = [json.loads(line) for line in said if line != "[DONE]"][len(self.before) :]
        after = [one for one in self.after if not isinstance(one, str)]
        return said[0] if len(said) > len(after) else None


class Frames:
    """The same in AWS's frames; a sample is the object of one member."""

    form = "application/vnd.amazon.eventstream"

    def __init__(self, before, after):
        self.before, self.after = before, after

    def written(self, sample):
        return b"".join(frames.event(*next(iter(one.items()))) for one in [*self.before, sample, *self.after])

    def read(self, body, sample):
        said = []
        while body:
            length, head = int.from_bytes(body[:4]), int.from_bytes(body[4:8])
            name = re.search(rb":(?:event|exception)-type\x07..([A-Za-z]+)", body[12 : 12 + head], re.S)
            said.append({name[1].decode().split(":")[0]: json.loads(body[12 + head : length - 4])})
            body = body[length:]
        said = said[len(self.before) :]
        return said[0] if len(said) > len(self.after) else None


def openai_chat():
    from openai.types import CreateEmbeddingResponse, Completion
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

    asked = {"messages": [{"role": "user", "content": "hi"}]}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "vendor"}
    first = chunk | {"choices": [{"index": 0, "delta": {"content": "x"}}]}
    yield "/v1/chat/completions", asked, Whole, samples(ChatCompletion)
    stream = Events([first], ["[DONE]"])
    yield "/v1/chat/completions", asked | {"stream": True}, stream, samples(ChatCompletionChunk)
    yield "/v1/completions", {"prompt": "hi"}, Whole, samples(Completion)
    first = {"id": "1", "object": "text_completion", "created": 1, "model": "vendor", "choices": [{"index": 0, "text": "x"}]}
    yield "/v1/completions", {"prompt": "hi", "stream": True}, Events([first], ["[DONE]"]), samples(Completion)
    yield "/v1/embeddings", {"input": "hi"}, Whole, samples(CreateEmbeddingResponse)


def openai_responses():
    from openai.types.responses import Response, ResponseCompletedEvent, ResponseStreamEvent
    from openai.types.responses.input_token_count_response import InputTokenCountResponse

    yield "/v1/responses", {"input": "hi"}, Whole, samples(Response)
    least = samples(ResponseCompletedEvent)[0]
    first = {"type": "response.output_text.delta", "content_index": 0, "delta": "x", "item_id": "1", "logprobs": []}
    first |= {"output_index": 0, "sequence_number": 1}
    # What a response holds is seen above; here each event has one.
    events = [one for one in samples(ResponseStreamEvent) if one.get("response", least["response"]) == least["response"]]
    for ends in (False, True):
        some = [one for one in events if (one["type"] in ENDS) == ends]
        yield "/v1/responses", {"input": "hi", "stream": True}, Events([first], [] if ends else [least]), some
    yield "/v1/responses/input_tokens", {"input": "hi"}, Whole, samples(InputTokenCountResponse)


ENDS = {"response.completed", "response.failed", "response.incomplete", "error"}


def anthropic():
    from anthropic.types import Message, MessageTokensCount, RawMessageStreamEvent

    asked = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 100}
    yield "/v1/messages", asked, Whole, samples(Message)
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    first = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}
    events = samples(RawMessageStreamEvent)
    begin = next(one for one in events if one["type"] == "message_start")
    end = {"type": "message_stop"}
    for begins in (True, False):
        some = [one for one in events if (one["type"] == "message_start") == begins and one != end]
        stream = Events([], [start, first, end]) if begins else Events([begin, start, first], [end])
        yield "/v1/messages", asked | {"stream": True}, stream, some
    yield "/v1/messages/count_tokens", {"messages": asked["messages"]}, Whole, samples(MessageTokensCount)


def gemini():
    from google.genai import types as known

    def answers(kind):
        return [{name: value for name, value in one.items() if name not in OF_THE_SDK} for one in samples(kind)]

    asked = {"contents": [{"parts": [{"text": "hi"}]}]}
    first = {"candidates": [{"content": {"parts": [{"text": "x"}]}}]}
    end = {"candidates": [{"finishReason": "STOP"}]}
    generated = answers(known.GenerateContentResponse)
    of_vendor = "/v1beta/models/vendor"
    yield of_vendor + ":generateContent", asked, Whole, [first | one for one in generated]
    yield of_vendor + ":streamGenerateContent?alt=sse", asked, Events([first], [end]), generated
    yield of_vendor + ":countTokens", asked, Whole, [{"totalTokens": 1} | one for one in answers(known.CountTokensResponse)]
    least = {"embeddings": [{"values": [0.5]}]}
    batch = {"requests": [{"model": "models/vendor", "content": asked["contents"][0]}]}
    yield of_vendor + ":batchEmbedContents", batch, Whole, [least | one for one in answers(known.EmbedContentResponse)]


# What the SDK itself writes into its objects.
OF_THE_SDK = {"sdkHttpResponse", "automaticFunctionCallingHistory", "parsed"}


def bedrock():
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    service = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
    asked = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
    yield "/model/vendor/converse", asked, Whole, shaped(service.operation_model("Converse").output_shape)
    events = service.operation_model("ConverseStream").output_shape.members["stream"]
    first = [{"messageStart": {"role": "assistant"}}, {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "x"}}}]
    end = [{"messageStop": {"stopReason": "end_turn"}}]
    some = [one for one in shaped(events) if one and not next(iter(one)).endswith("Exception")]
    yield "/model/vendor/converse-stream", asked, Frames(first, end), some
    yield "/model/vendor/count-tokens", {"input": {"converse": asked}}, Whole, shaped(service.operation_model("CountTokens").output_shape)


def cohere():
    from cohere import EmbedByTypeResponse
    from cohere.v2.types import V2ChatResponse, V2ChatStreamResponse

    asked = {"messages": [{"role": "user", "content": "hi"}]}
    yield "/v2/chat", asked, Whole, samples(V2ChatResponse)
    start = {"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}}
    first = {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "x"}}}}
    end = {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}
    events = samples(V2ChatStreamResponse)
    for ends in (False, True):
        some = [one for one in events if (one["type"] == "message-end") == ends]
        yield "/v2/chat", asked | {"stream": True}, Events([start, first], [] if ends else [end]), some
    texts = {"texts": ["hi"], "input_type": "classification", "embedding_types": ["float"]}
    yield "/v2/embed", texts, Whole, samples(EmbedByTypeResponse)


CLIENTS = {
    "openai_chat": ("openai", openai_chat),
    "openai_responses": ("openai_responses", openai_responses),
    "anthropic": ("anthropic", anthropic),
    "gemini": ("gemini", gemini),
    "bedrock": ("bedrock", bedrock),
    "cohere": ("cohere", cohere),
}


def missing(sent, got, at=""):
    """Where the answer that arrived lacks what was sent, or says something else."""
    if isinstance(sent, dict) and isinstance(got, dict):
        for name, value in sent.items():
            if name not in got:
                # A field with nothing in it says nothing.
                if value is not None:
                    yield f"{at}.{name}: gone" + (f" ({value['type']})" if isinstance(value, dict) and "type" in value else "")
            else:
                yield from missing(value, got[name], f"{at}.{name}")
    elif isinstance(sent, list) and isinstance(got, list):
        if len(sent) != len(got):
            kinds = {one.get("type") for one in sent if isinstance(one, dict)}
            yield f"{at}[]: gone ({', '.join(filter(None, map(str, kinds)))})"
        else:
            for one, other in zip(sent, got):
                yield from missing(one, other, at + "[]")
    elif sent != got:
        yield f"{at}: {json.dumps(sent)[:80]} became {json.dumps(got)[:80]}"


def asked_for(address, path, body, form, sample):
    headers = {"authorization": "Bearer sk-caller", "content-type": "application/json"}
    address.request("POST", path, json.dumps(body), headers)
    answer = address.getresponse()
    try:
        text = answer.read()
    except http.client.IncompleteRead as broken:
        address.close()
        return ["broken off: " + broken.partial.decode(errors="replace")[-200:]]
    if answer.status != 200:
        return [f"{answer.status} {text.decode(errors='replace')[:300]} {json.dumps(sample)[-160:]}"]
    got = form.read(text, sample)
    kind = sample.get("type", next(iter(sample), "")) if not isinstance(form, type) else ""
    if got is None:
        return [f"{kind}: gone as a whole"]
    return [kind + one for one in missing(sample, got)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--client", choices=CLIENTS, action="append")
    parser.add_argument("--binary", help="a router, instead of the debug build")
    given = parser.parse_args()
    found = 0
    for client in given.client or CLIENTS:
        protocol, answers = CLIENTS[client]
        vendor = Vendor()
        target = {"url": vendor.url, "protocol": protocol, "trusted": True}
        if protocol == "bedrock":
            target["aws"] = {"region": "us-east-1", "access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret"}
        router = Router({"vendor": target}, given.binary)
        address = http.client.HTTPConnection(urllib.parse.urlsplit(router.url).netloc)
        count, told = 0, collections.Counter()
        for path, body, form, wanted in answers():
            if not path.startswith(("/v1beta/", "/model/")):
                body = body | {"model": "vendor"}
            for sample in wanted:
                vendor.form = form.form
                vendor.body = form.written(sample)
                count += 1
                for one in asked_for(address, path, body, form, sample):
                    told[f"{path}: {one}"] += 1
        router.stop()
        told = {said: often for said, often in told.items() if not any(re.search(known, said) for known in LEFT_OUT.get(client, ()))}
        print(f"{client}: {count} answers, {len(told)} differences")
        for said, often in sorted(told.items()):
            print(f"  {often:4} {said}")
        found += len(told)
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
