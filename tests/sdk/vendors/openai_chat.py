"""OpenAI Chat Completions, as strict as the vendor."""

import json

from openai.types.chat import completion_create_params as params

from said import Ask, Call, Image, Refused, Result, Text, Thought, Tool, Turn, insist

from .strict import bearer, data_url, hold, name_fits, object_of, sse, thirds
from .vendor import Vendor

KINDS = {400: "invalid_request_error", 401: "invalid_request_error", 429: "rate_limit_error"}


class OpenAiChat(Vendor):
    name, model, thinker = "openai", "gpt-4.1", "gpt-5.1"
    too_long = "This model's maximum context length is 128000 tokens. However, your messages resulted in 140000 tokens. Please reduce the length of the messages."

    def provider(self, url):
        # Responses are for another vendor of this set.
        return super().provider(url) | {"open_responses": {"adapter": True}}

    def read(self, request):
        insist(request.path == "/v1/chat/completions", f"no {request.path} here", 404)
        bearer(request)
        body = request.json()
        streams = body.get("stream", False)
        for message in body["messages"]:
            # Its compatible ones take back what they thought.
            message.pop("reasoning_content", None)
        kinds = (params.CompletionCreateParamsNonStreaming, params.CompletionCreateParamsStreaming)
        hold(kinds[bool(streams)], body)
        self.knows(body["model"])
        fits_model(body)
        insist(streams or "stream_options" not in body, "stream_options are for streams")
        insist(body["messages"], "messages: [] is too short")
        answered(body["messages"])
        for tool in body.get("tools", []):
            name_fits(tool["function"]["name"])
        insist("tools" not in body or body["tools"], "tools: [] is too short")
        insist("tools" in body or "tool_choice" not in body, "tool_choice without tools")
        insist("tools" in body or "parallel_tool_calls" not in body, "parallel_tool_calls without tools")
        insist(len(stops(body)) <= 4, "more than four stops")
        format = body.get("response_format") or {}
        if format.get("type") == "json_object":
            insist("json" in json.dumps(body["messages"]).lower(), "messages must contain the word json")
        ask = Ask(stream=streams, max_tokens=body.get("max_completion_tokens", body.get("max_tokens")))
        ask.temperature, ask.stop = body.get("temperature"), stops(body)
        ask.effort, ask.schema = body.get("reasoning_effort"), (format.get("json_schema") or {}).get("schema")
        ask.choice = choice(body.get("tool_choice"))
        for tool in body.get("tools", []):
            tool = tool["function"]
            ask.tools.append(Tool(tool["name"], tool.get("parameters") or {}, tool.get("description", "")))
        for message in body["messages"]:
            if message["role"] in ("system", "developer"):
                ask.system += "".join(part.text for part in parts(message["content"]))
            elif message["role"] == "tool":
                text = "".join(part.text for part in parts(message["content"]))
                ask.turns.append(Turn("user", [Result(message["tool_call_id"], text)]))
            else:
                said = parts(message.get("content")) + calls(message)
                insist(said, "an empty message")
                ask.turns.append(Turn(message["role"], said))
        return ask

    def whole(self, reply):
        message = {"role": "assistant", "content": reply.text() or None, "refusal": None}
        if reply.of(Thought):
            message["reasoning_content"] = reply.thought()
        if reply.of(Call):
            message["tool_calls"] = [call_of(call) for call in reply.of(Call)]
        choice = {"index": 0, "message": message, "finish_reason": FINISH[reply.finish], "logprobs": None}
        body = self.shell("chat.completion") | {"choices": [choice], "usage": usage(reply.usage)}
        return json.dumps(body).encode()

    def stream(self, reply):
        deltas = [{"role": "assistant", "content": ""}]
        for part in reply.parts:
            if isinstance(part, Text):
                deltas += [{"content": piece} for piece in thirds(part.text)]
            elif isinstance(part, Thought):
                deltas += [{"reasoning_content": piece} for piece in thirds(part.text)]
        for index, call in enumerate(reply.of(Call)):
            whole = call_of(call)
            arguments, whole["function"]["arguments"] = whole["function"]["arguments"], ""
            deltas.append({"tool_calls": [{"index": index} | whole]})
            for piece in thirds(arguments):
                deltas.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        shell = self.shell("chat.completion.chunk")
        choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        choices.append({"index": 0, "delta": {}, "finish_reason": FINISH[reply.finish]})
        pieces = [sse(shell | {"choices": [choice]}) for choice in choices]
        pieces.append(sse(shell | {"choices": [], "usage": usage(reply.usage)}))
        return pieces + [b"data: [DONE]\n\n"]

    def shell(self, kind):
        return {"id": "chatcmpl-1", "object": kind, "created": 1_760_000_000, "model": self.model}

    def error_body(self, status, message):
        kind = KINDS.get(status, "server_error")
        code = {401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(status)
        if "context" in message:
            code = "context_length_exceeded"
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def stream_error(self, message):
        return sse(self.error_body(500, message))


def fits_model(body):
    """Models that reason take less than others, and others know no effort."""
    if body["model"].startswith("gpt-5"):
        for unsupported in ("max_tokens", "temperature", "top_p", "stop", "logprobs"):
            insist(unsupported not in body, f"Unsupported parameter: '{unsupported}' is not supported with this model.")
    else:
        insist("reasoning_effort" not in body, "Unrecognized request argument supplied: reasoning_effort")


def answered(messages):
    """Each call is answered by a tool message right behind it, and each tool message answers one."""
    open_calls = []
    for message in messages:
        if message["role"] == "tool":
            insist(message["tool_call_id"] in open_calls, "messages with role 'tool' must be a response to a preceding message with 'tool_calls'")
            open_calls.remove(message["tool_call_id"])
        else:
            insist(not open_calls, "an assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'")
            open_calls = [call["id"] for call in message.get("tool_calls", [])]
    insist(not open_calls, "tool_calls without tool messages")


def parts(content):
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)] if content else []
    return [part_of(part) for part in content]


def part_of(part):
    if part["type"] == "text":
        return Text(part["text"])
    if part["type"] == "image_url":
        url = part["image_url"]["url"]
        if url.startswith("data:"):
            return Image(*data_url(url))
        insist(url.startswith("https://"), "an image needs a URL")
        return Image(url=url)
    raise Refused(f"no {part['type']} here")


def calls(message):
    found = []
    for call in message.get("tool_calls", []):
        function = call["function"]
        name_fits(function["name"])
        found.append(Call(function["name"], object_of(function["arguments"], "arguments"), call["id"]))
    return found


def call_of(call):
    function = {"name": call.name, "arguments": json.dumps(call.args)}
    return {"id": call.id, "type": "function", "function": function}


def choice(said):
    if isinstance(said, dict):
        return said["function"]["name"]
    return {"required": "any"}.get(said, said)


def stops(body):
    stop = body.get("stop") or []
    return [stop] if isinstance(stop, str) else stop


def usage(said):
    return {
        "prompt_tokens": said.input,
        "completion_tokens": said.output,
        "total_tokens": said.input + said.output,
        "prompt_tokens_details": {"cached_tokens": said.cached},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }


FINISH = {"stop": "stop", "length": "length", "tools": "tool_calls", "filter": "content_filter"}
