"""Cohere v2 chat, as strict as the vendor."""

import json

from cohere.types import (
    AssistantChatMessageV2,
    CitationOptions,
    JsonObjectResponseFormatV2,
    SystemChatMessageV2,
    TextResponseFormatV2,
    Thinking,
    ToolChatMessageV2,
    ToolV2,
    UserChatMessageV2,
)

from said import Ask, Call, Image, Refused, Result, Text, Thought, Tool, Turn, insist

from .strict import bearer, data_url, name_fits, object_of, sse, thirds
from .vendor import Vendor

FIELDS = {
    "model", "messages", "tools", "strict_tools", "documents", "citation_options", "response_format", "safety_mode", "max_tokens",
    "stop_sequences", "temperature", "seed", "frequency_penalty", "presence_penalty", "k", "p", "logprobs", "tool_choice", "thinking",
    "priority", "stream",
}  # fmt: skip
MESSAGES = {"user": UserChatMessageV2, "assistant": AssistantChatMessageV2, "system": SystemChatMessageV2, "tool": ToolChatMessageV2}


class Cohere(Vendor):
    name, model = "cohere", "command-a-reasoning-08-2025"
    too_long = "too many tokens: size limit exceeded by 12000 tokens. Try using shorter or fewer inputs, or setting prompt_truncation='AUTO'."

    def read(self, request):
        insist(request.path == "/v2/chat", f"no {request.path} here", 404)
        bearer(request)
        body = request.json()
        known(body, FIELDS, "request")
        insist(body.get("model") == self.model, f"model '{body.get('model')}' not found", 404)
        messages = body.get("messages")
        insist(messages, "messages must not be empty")
        for message in messages:
            insist(message.get("role") in MESSAGES, "invalid role")
            held(MESSAGES[message["role"]], message)
        for tool in body.get("tools", []):
            held(ToolV2, tool)
            known(tool["function"], {"name", "description", "parameters"}, "function")
            name_fits(tool["function"]["name"])
            insist(isinstance(tool["function"]["parameters"], dict), "parameters are required")
        format = body.get("response_format") or {"type": "text"}
        held(JsonObjectResponseFormatV2 if format["type"] == "json_object" else TextResponseFormatV2, format)
        insist(not (format["type"] == "json_object" and body.get("tools")), "response_format is not supported with tools")
        held(Thinking, body.get("thinking") or {"type": "disabled"})
        held(CitationOptions, body.get("citation_options") or {})
        insist(body.get("tool_choice") in (None, "REQUIRED", "NONE"), "invalid tool_choice")
        insist(body.get("tools") or "tool_choice" not in body, "tool_choice without tools")
        insist(0 <= body.get("temperature", 0) <= 1, "temperature must be between 0 and 1")
        insist(len(body.get("stop_sequences", [])) <= 5, "more than five stop_sequences")
        ask = Ask(stream=body.get("stream", False), max_tokens=body.get("max_tokens"))
        ask.temperature, ask.stop = body.get("temperature"), body.get("stop_sequences", [])
        ask.schema = format.get("json_schema") or format.get("schema")
        ask.effort = (body.get("thinking") or {}).get("type")
        ask.choice = {"REQUIRED": "any", "NONE": "none"}.get(body.get("tool_choice"))
        for tool in body.get("tools", []):
            tool = tool["function"]
            ask.tools.append(Tool(tool["name"], tool["parameters"], tool.get("description", "")))
        for message in messages:
            parts = parts_of(message)
            if message["role"] == "system":
                ask.system += "".join(part.text for part in parts)
            else:
                insist(parts, f"an empty {message['role']} message")
                ask.turns.append(Turn({"tool": "user"}.get(message["role"], message["role"]), parts))
        paired(messages)
        return ask

    def whole(self, reply):
        message = {"role": "assistant"}
        content = [content_of(part) for part in reply.parts if not isinstance(part, Call)]
        if reply.of(Call):
            message["tool_calls"] = [call_of(call) for call in reply.of(Call)]
            message["tool_plan"] = reply.text()
            content = [one for one in content if one["type"] == "thinking"]
        if content:
            message["content"] = content
        body = {"id": "c1", "finish_reason": FINISH[reply.finish], "message": message, "usage": usage(reply.usage)}
        return json.dumps(body).encode()

    def stream(self, reply):
        shell = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        events = [{"id": "c1", "type": "message-start", "delta": {"message": shell}}]
        calls = 0
        for index, part in enumerate(reply.parts):
            if isinstance(part, Call):
                events += call_events(calls, call_of(part))
                calls += 1
            elif isinstance(part, Text) and reply.of(Call):
                events += [{"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}} for piece in thirds(part.text)]
            else:
                events += content_events(index, part)
        delta = {"finish_reason": FINISH[reply.finish], "usage": usage(reply.usage)}
        events.append({"type": "message-end", "delta": delta})
        return [sse(event, event["type"]) for event in events] + [b"data: [DONE]\n\n"]

    def said_something(self, pieces):
        return len(pieces) - 3

    def error_body(self, status, message):
        return {"id": "e1", "message": message}

    def stream_error(self, message):
        delta = {"finish_reason": "ERROR", "error": message, "usage": None}
        return sse({"type": "message-end", "delta": delta}, "message-end")


def held(kind, value):
    """The SDK's own types take anything more: their names are what is permitted."""
    names = {field.alias or name for name, field in kind.model_fields.items()} | {"type", "role"}
    known(value, names, kind.__name__)


def known(value, names, what):
    extra = set(value) - names
    insist(not extra, f"{what}: unknown field {extra}", 422)


def paired(messages):
    open_calls = []
    for message in messages:
        if message["role"] == "tool":
            insist(message["tool_call_id"] in open_calls, "tool message without a tool call")
            open_calls.remove(message["tool_call_id"])
        else:
            insist(not open_calls, "each tool call must have a corresponding tool message")
            open_calls = [call["id"] for call in message.get("tool_calls") or []]
    insist(not open_calls, "each tool call must have a corresponding tool message")


def parts_of(message):
    content = message.get("content")
    content = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    if message["role"] == "tool":
        return [Result(message["tool_call_id"], "".join(texts(content)))]
    parts = [part_of(part) for part in content]
    parts = [part for part in parts if part != Text("")]
    if message.get("tool_plan"):
        parts.append(Text(message["tool_plan"]))
    for call in message.get("tool_calls") or []:
        known(call, {"id", "type", "function"}, "tool_call")
        function = call["function"]
        parts.append(Call(function["name"], object_of(function["arguments"], "arguments"), call["id"]))
    return parts


def texts(content):
    for part in content:
        if part["type"] == "document":
            yield json.dumps(part["document"]["data"])
        else:
            yield part["text"]


def part_of(part):
    if part["type"] == "text":
        known(part, {"type", "text"}, "text")
        return Text(part["text"])
    if part["type"] == "thinking":
        known(part, {"type", "thinking"}, "thinking")
        return Thought(part["thinking"])
    if part["type"] == "image_url":
        known(part["image_url"], {"url", "detail"}, "image_url")
        url = part["image_url"]["url"]
        return Image(*data_url(url)) if url.startswith("data:") else Image(url=url)
    raise Refused(f"no {part['type']} here")


def content_of(part):
    if isinstance(part, Thought):
        return {"type": "thinking", "thinking": part.text}
    return {"type": "text", "text": part.text}


def call_of(call):
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.args)}}


def content_events(index, part):
    kind = "thinking" if isinstance(part, Thought) else "text"
    events = [{"type": "content-start", "index": index, "delta": {"message": {"content": {"type": kind, kind: ""}}}}]
    for piece in thirds(part.text):
        events.append({"type": "content-delta", "index": index, "delta": {"message": {"content": {kind: piece}}}})
    return events + [{"type": "content-end", "index": index}]


def call_events(index, call):
    arguments, call["function"]["arguments"] = call["function"]["arguments"], ""
    events = [{"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": call}}}]
    for piece in thirds(arguments):
        delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
        events.append({"type": "tool-call-delta", "index": index, "delta": delta})
    return events + [{"type": "tool-call-end", "index": index}]


def usage(said):
    counts = {"input_tokens": said.input, "output_tokens": said.output}
    return {"billed_units": counts, "tokens": counts, "cached_tokens": said.cached}


FINISH = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tools": "TOOL_CALL", "filter": "ERROR_TOXIC"}
