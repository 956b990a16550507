"""OpenAI Responses, as strict as the vendor."""

import json

from openai.types.responses import input_token_count_params, response_create_params as params

from said import Ask, Call, Image, Refused, Reply, Result, Text, Thought, Tool, Turn, insist

from .openai_chat import OpenAiChat
from .strict import bearer, data_url, hold, name_fits, object_of, sse, thirds
from .vendor import Vendor


class OpenAiResponses(Vendor):
    name, model = "openai_responses", "gpt-5.1"
    too_long = "Your input exceeds the context window of this model. Please adjust your input and try again."

    def counts(self, request):
        return request.path == "/v1/responses/input_tokens"

    def counted(self, tokens):
        return json.dumps({"object": "response.input_tokens", "input_tokens": tokens}).encode()

    def read(self, request):
        counts = self.counts(request)
        insist(counts or request.path == "/v1/responses", f"no {request.path} here", 404)
        bearer(request)
        body = request.json()
        if counts:
            hold(input_token_count_params.InputTokenCountParams, body)
        else:
            streams = body.get("stream", False)
            kinds = (params.ResponseCreateParamsNonStreaming, params.ResponseCreateParamsStreaming)
            hold(kinds[bool(streams)], body)
        self.knows(body["model"])
        for unsupported in ("temperature", "top_p"):
            insist(unsupported not in body, f"Unsupported parameter: '{unsupported}' is not supported with this model.")
        insist(body.get("max_output_tokens", 16) >= 16, "max_output_tokens: must be at least 16")
        insist("tools" in body or "tool_choice" not in body, "tool_choice without tools")
        ask = Ask(stream=body.get("stream", False), max_tokens=body.get("max_output_tokens"))
        ask.effort = (body.get("reasoning") or {}).get("effort")
        ask.schema = ((body.get("text") or {}).get("format") or {}).get("schema")
        ask.choice = choice(body.get("tool_choice"))
        ask.system = body.get("instructions") or ""
        for tool in body.get("tools", []):
            if tool["type"] == "function":
                name_fits(tool["name"])
                ask.tools.append(Tool(tool["name"], tool["parameters"] or {}, tool.get("description", "")))
        said = body["input"]
        items = [{"role": "user", "content": said}] if isinstance(said, str) else said
        insist(items, "input: must not be empty")
        answered(items)
        for item in items:
            turn = turn_of(item)
            if turn.role in ("system", "developer"):
                ask.system += "".join(part.text for part in turn.parts)
            else:
                ask.turns.append(turn)
        return ask

    def whole(self, reply):
        return json.dumps(self.response(reply, [item_of(*one) for one in enumerate(reply.parts)])).encode()

    def stream(self, reply):
        begun = self.response(reply, [], "in_progress") | {"usage": None, "incomplete_details": None}
        events = [{"type": "response.created", "response": begun}, {"type": "response.in_progress", "response": begun}]
        items = [item_of(*one) for one in enumerate(reply.parts)]
        for index, (part, item) in enumerate(zip(reply.parts, items)):
            events += [{"output_index": index} | event for event in events_of(part, item)]
        done = self.response(reply, items)
        events.append({"type": f"response.{done['status']}", "response": done})
        return [sse(event | {"sequence_number": n}, event["type"]) for n, event in enumerate(events)]

    def said_something(self, pieces):
        return len(pieces) - 3

    def response(self, reply, output, status=None):
        status = status or ("incomplete" if reply.finish in ("length", "filter") else "completed")
        why = {"length": "max_output_tokens", "filter": "content_filter"}.get(reply.finish)
        usage = reply.usage
        return {
            "id": "resp_1", "object": "response", "created_at": 1_760_000_000, "model": self.model,
            "status": status, "output": output, "error": None, "instructions": None, "metadata": {},
            "incomplete_details": why and {"reason": why}, "parallel_tool_calls": True,
            "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto", "tools": [],
            "usage": {
                "input_tokens": usage.input, "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
                "output_tokens": usage.output, "output_tokens_details": {"reasoning_tokens": 2},
                "total_tokens": usage.input + usage.output,
            },
        }  # fmt: skip

    error_body = OpenAiChat.error_body

    def stream_error(self, message):
        error = {"code": "server_error", "message": message}
        failed = self.response(Reply([]), [], "failed") | {"error": error, "usage": None}
        return sse({"type": "response.failed", "response": failed, "sequence_number": 99}, "response.failed")


def answered(items):
    calls = [item["call_id"] for item in items if item.get("type") == "function_call"]
    given = [item["call_id"] for item in items if item.get("type") == "function_call_output"]
    insist(not set(calls) - set(given), f"No tool output found for function call {calls}.")
    insist(not set(given) - set(calls), f"No tool call found for function call output with call_id {given}.")
    insist(len(set(calls)) == len(calls) and len(set(given)) == len(given), "a call_id comes twice")
    for item, after in zip(items, [*items[1:], {}]):
        followed = after.get("type") in ("reasoning", "function_call") or after.get("role") == "assistant"
        insist(item.get("type") != "reasoning" or followed, "Item of type 'reasoning' was provided without its required following item.")


def turn_of(item):
    kind = item.get("type", "message")
    if kind == "message":
        insist(item["role"] != "assistant" or "id" not in item or item["id"].startswith("msg"), "Expected an ID that begins with 'msg'.")
        return Turn(item["role"], parts(item["role"], item["content"]))
    if kind == "function_call":
        insist("id" not in item or item["id"].startswith("fc"), "Expected an ID that begins with 'fc'.")
        name_fits(item["name"])
        return Turn("assistant", [Call(item["name"], object_of(item["arguments"], "arguments"), item["call_id"])])
    if kind == "function_call_output":
        output = item["output"]
        given = [Text(output)] if isinstance(output, str) else parts("user", output)
        text = "".join(part.text for part in given if isinstance(part, Text))
        images = tuple(part for part in given if isinstance(part, Image))
        return Turn("user", [Result(item["call_id"], text, images=images)])
    if kind == "reasoning":
        insist(item["id"].startswith("rs"), "Expected an ID that begins with 'rs'.")
        insist(item.get("encrypted_content") == SIGNATURE, "The encrypted content could not be verified.")
        return Turn("assistant", [Thought("".join(part["text"] for part in item["summary"]), SIGNATURE)])
    raise Refused(f"no {kind} here")


def parts(role, content):
    if isinstance(content, str):
        return [Text(content)] if content else []
    expected = "output_text" if role == "assistant" else "input_text"
    found = []
    for part in content:
        if part["type"] == "input_image":
            url = part["image_url"]
            found.append(Image(*data_url(url)) if url.startswith("data:") else Image(url=url))
        elif part["type"] in ("input_text", "output_text"):
            insist(part["type"] == expected, f"Invalid value: '{part['type']}' for {role}")
            found.append(Text(part["text"]))
        else:
            raise Refused(f"no {part['type']} here")
    return found


def item_of(index, part):
    if isinstance(part, Thought):
        summary = [{"type": "summary_text", "text": part.text}] if part.text else []
        return {"type": "reasoning", "id": f"rs_{index}", "summary": summary, "encrypted_content": SIGNATURE}
    if isinstance(part, Call):
        arguments = json.dumps(part.args)
        return {"type": "function_call", "id": f"fc_{index}", "call_id": part.id, "name": part.name, "arguments": arguments, "status": "completed"}
    content = [{"type": "output_text", "text": part.text, "annotations": [], "logprobs": []}]
    return {"type": "message", "id": f"msg_{index}", "role": "assistant", "status": "completed", "content": content}


def events_of(part, item):
    at = {"item_id": item["id"]}
    if isinstance(part, Thought):
        yield {"type": "response.output_item.added", "item": item | {"summary": []}}
        at |= {"summary_index": 0}
        yield at | {"type": "response.reasoning_summary_part.added", "part": {"type": "summary_text", "text": ""}}
        for piece in thirds(part.text):
            yield at | {"type": "response.reasoning_summary_text.delta", "delta": piece}
        yield at | {"type": "response.reasoning_summary_text.done", "text": part.text}
        yield at | {"type": "response.reasoning_summary_part.done", "part": item["summary"][0]}
    elif isinstance(part, Call):
        yield {"type": "response.output_item.added", "item": item | {"arguments": "", "status": "in_progress"}}
        for piece in thirds(item["arguments"]):
            yield at | {"type": "response.function_call_arguments.delta", "delta": piece}
        yield at | {"type": "response.function_call_arguments.done", "arguments": item["arguments"], "name": part.name}
    else:
        yield {"type": "response.output_item.added", "item": item | {"content": [], "status": "in_progress"}}
        at |= {"content_index": 0}
        content = item["content"][0]
        yield at | {"type": "response.content_part.added", "part": content | {"text": ""}}
        for piece in thirds(part.text):
            yield at | {"type": "response.output_text.delta", "delta": piece, "logprobs": []}
        yield at | {"type": "response.output_text.done", "text": part.text, "logprobs": []}
        yield at | {"type": "response.content_part.done", "part": content}
    yield {"type": "response.output_item.done", "item": item}


def choice(said):
    if isinstance(said, dict):
        return said["name"]
    return {"required": "any"}.get(said, said)


SIGNATURE = "gAAAAABsaWduZWQtYnktb3BlbmFp"
