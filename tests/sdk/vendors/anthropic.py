"""Anthropic Messages, as strict as the vendor."""

import json

from anthropic.types import message_count_tokens_params, message_create_params as params

from said import Ask, Call, Image, Refused, Result, Text, Thought, Tool, Turn, insist

from .strict import decoded, hold, name_fits, sse, thirds
from .vendor import Vendor

KINDS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error"}


class Anthropic(Vendor):
    name, model = "anthropic", "claude-sonnet-4-5"
    too_long = "prompt is too long: 205000 tokens > 200000 maximum"

    def counts(self, request):
        return request.path.endswith("/count_tokens")

    def counted(self, tokens):
        return json.dumps({"input_tokens": tokens}).encode()

    def read(self, request):
        counts = self.counts(request)
        insist(request.path in ("/v1/messages", "/v1/messages/count_tokens", "/v1/messages?beta=true", "/v1/messages/count_tokens?beta=true"), f"no {request.path} here", 404)
        insist(request.headers.get("x-api-key") == self.key, "invalid x-api-key", 401)
        insist(request.headers.get("anthropic-version") in ("2023-06-01", "2026-10-21"), "anthropic-version: header is required")
        body = request.json()
        if counts:
            hold(message_count_tokens_params.MessageCountTokensParams, body)
        else:
            streams = body.get("stream", False)
            kinds = (params.MessageCreateParamsNonStreaming, params.MessageCreateParamsStreaming)
            # Older models still take what the SDK no longer offers.
            hold(kinds[bool(streams)], {name: body[name] for name in body if name not in SAMPLING})
        self.knows(body["model"])
        sound(body)
        ask = Ask(stream=body.get("stream", False), max_tokens=body.get("max_tokens"))
        ask.temperature, ask.stop = body.get("temperature"), body.get("stop_sequences", [])
        config = body.get("output_config") or {}
        ask.schema = (config.get("format") or {}).get("schema")
        thinking = body.get("thinking") or {"type": "disabled"}
        ask.effort = config.get("effort") or (None if thinking["type"] == "disabled" else thinking["type"])
        ask.choice = choice(body.get("tool_choice"))
        ask.system = "".join(part.text for part in blocks(body.get("system")))
        # Those of the vendor's own have no schema.
        own = [tool for tool in body.get("tools", []) if "input_schema" in tool]
        ask.tools = [Tool(tool["name"], tool["input_schema"], tool.get("description", "")) for tool in own]
        for message in body["messages"]:
            ask.turns.append(Turn(message["role"], blocks(message["content"])))
        paired(ask.turns)
        signed(ask.turns, thinking["type"] == "enabled")
        return ask

    def whole(self, reply):
        content = [block_of(part) for part in reply.parts]
        body = self.shell(usage(reply.usage)) | {"content": content} | stopped(reply)
        return json.dumps(body).encode()

    def stream(self, reply):
        begun = usage(reply.usage) | {"output_tokens": 1}
        pieces = [sse({"type": "message_start", "message": self.shell(begun)}, "message_start")]
        pieces.append(sse({"type": "ping"}, "ping"))
        for index, part in enumerate(reply.parts):
            start, deltas = begin_of(part)
            pieces.append(sse({"type": "content_block_start", "index": index, "content_block": start}, "content_block_start"))
            for delta in deltas:
                pieces.append(sse({"type": "content_block_delta", "index": index, "delta": delta}, "content_block_delta"))
            pieces.append(sse({"type": "content_block_stop", "index": index}, "content_block_stop"))
        end = {"type": "message_delta", "delta": stopped(reply), "usage": {"output_tokens": reply.usage.output}}
        return pieces + [sse(end, "message_delta"), sse({"type": "message_stop"}, "message_stop")]

    def shell(self, usage):
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": self.model, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}

    def error_body(self, status, message):
        kind = KINDS.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}

    def stream_error(self, message):
        return sse(self.error_body(529, message), "error")


def sound(body):
    """What the vendor refuses although its types allow it."""
    insist(body["messages"] and body["messages"][0]["role"] == "user", "messages: first message must use the user role")
    insist(body.get("max_tokens", 1) >= 1, "max_tokens: must be at least 1")
    insist(0 <= body.get("temperature", 1) <= 1, "temperature: range: 0..1")
    insist(not ("temperature" in body and "top_p" in body), "`temperature` and `top_p` cannot both be specified for this model")
    insist(all(stop.strip() for stop in body.get("stop_sequences", [])), "stop_sequences: each must contain non-whitespace")
    insist(json.dumps(body).count('"cache_control":') <= 4, "a maximum of 4 blocks with cache_control may be provided")
    for tool in body.get("tools", []):
        if tool.get("type", "custom") == "custom":
            name_fits(tool["name"], 128)
            insist(tool["input_schema"].get("type") == "object", "input_schema.type: Field required")
    insist(body.get("tools") or "tool_choice" not in body, "tool_choice may only be specified while providing tools")
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled":
        budget = thinking["budget_tokens"]
        insist(budget >= 1024, "thinking.enabled.budget_tokens: must be at least 1024")
        insist(budget < body.get("max_tokens", budget + 1), "`max_tokens` must be greater than `thinking.budget_tokens`")
        insist(body.get("temperature", 1) == 1, "`temperature` may only be set to 1 when thinking is enabled")
        insist("top_k" not in body, "`top_k` must be unset when thinking is enabled")
        forced = (body.get("tool_choice") or {}).get("type")
        insist(forced in (None, "auto", "none"), "Thinking may not be enabled when tool_choice forces tool use.")


def blocks(content):
    if content is None:
        return []
    if isinstance(content, str):
        insist(content, "content must be non-empty")
        return [Text(content)]
    insist(content, "content must be non-empty")
    return [part for part in map(part_of, content) if part]


def part_of(block):
    kind = block["type"]
    if kind == "text":
        insist(block["text"].strip(), "text content blocks must be non-empty")
        return Text(block["text"])
    if kind == "image":
        source = block["source"]
        if source["type"] == "url":
            return Image(url=source["url"])
        return Image(source["media_type"], decoded(source["data"], "image.source.data"))
    if kind == "tool_use":
        name_fits(block["id"], 256)
        name_fits(block["name"], 128)
        return Call(block["name"], block["input"], block["id"])
    if kind == "tool_result":
        given = blocks(block.get("content") or None)
        text = "".join(part.text for part in given if isinstance(part, Text))
        images = tuple(part for part in given if isinstance(part, Image))
        return Result(block["tool_use_id"], text, failed=bool(block.get("is_error")), images=images)
    if kind == "thinking":
        return Thought(block["thinking"], block["signature"])
    if kind == "redacted_thinking":
        return Thought("", block["data"])
    raise Refused(f"no {kind} here")


def paired(turns):
    """Results come first in the message after their calls, all of them."""
    open_calls = []
    for turn in turns:
        results = [part for part in turn.parts if isinstance(part, Result)]
        insist(turn.parts[: len(results)] == results, "tool_result blocks must come first")
        insist(sorted(part.call for part in results) == sorted(open_calls), f"`tool_use` ids were found without `tool_result` blocks immediately after: {open_calls}, {results}")
        open_calls = [part.id for part in turn.parts if isinstance(part, Call)]
        insist(not open_calls or turn.role == "assistant", "tool_use blocks are the assistant's")
    insist(not open_calls, "tool_use without tool_result")


def signed(turns, thinks):
    """Signatures are the vendor's own; in a tool loop that thinks within a budget, the last answer begins with one."""
    for turn in turns:
        for part in turn.parts:
            if isinstance(part, Thought):
                insist(part.signature == SIGNATURE, f"Invalid `signature` in `thinking` block: {part}")
    if thinks and any(isinstance(part, Result) for part in turns[-1].parts):
        insist(isinstance(turns[-2].parts[0], Thought), "Expected `thinking` or `redacted_thinking`, but found something else, when `thinking` is enabled")


def block_of(part):
    if isinstance(part, Thought):
        return {"type": "thinking", "thinking": part.text, "signature": SIGNATURE}
    if isinstance(part, Call):
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": part.args}
    return {"type": "text", "text": part.text, "citations": None}


def begin_of(part):
    if isinstance(part, Thought):
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in thirds(part.text)]
        deltas.append({"type": "signature_delta", "signature": SIGNATURE})
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas
    if isinstance(part, Call):
        pieces = ["", *thirds(json.dumps(part.args))] if part.args else [""]
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}, deltas
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in thirds(part.text)]


def stopped(reply):
    return {"stop_reason": FINISH[reply.finish], "stop_sequence": None}


def choice(said):
    return said and (said["name"] if said["type"] == "tool" else said["type"])


def usage(said):
    return {"input_tokens": said.input - said.cached, "cache_read_input_tokens": said.cached, "cache_creation_input_tokens": 0, "output_tokens": said.output}


FINISH = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use", "filter": "refusal"}
SAMPLING = ("temperature", "top_p", "top_k")
SIGNATURE = "c2lnbmVkIGJ5IGFudGhyb3BpYw=="
