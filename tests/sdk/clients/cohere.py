"""The `cohere` package, v2."""

import base64
import json

import cohere
import cohere.errors as errors
import httpx
from cohere.core.api_error import ApiError

from said import Ask, Call, Image, Reply, Text, Thought, Usage


class Failed(Exception):
    """The SDK hands a failed answer over as an event; its users have to look."""


class CohereSdk:
    name = "cohere"
    broken = (ApiError, httpx.HTTPError)
    told = (Failed,)
    raised = {400: errors.BadRequestError, 401: errors.UnauthorizedError, 429: errors.TooManyRequestsError, 500: errors.InternalServerError, 529: ApiError}

    def __init__(self, router, model, ask: Ask):
        self.sdk = cohere.ClientV2("sk-caller", base_url=router, max_retries=0, log_warning_experimental_features=False)
        self.messages = []
        self.more = {"model": model} | settings(ask)
        if ask.system:
            self.messages.append({"role": "system", "content": ask.system})

    def say(self, *parts):
        self.messages.append({"role": "user", "content": [part_out(part) for part in parts]})

    def results(self, *results):
        for one in results:
            self.messages.append({"role": "tool", "tool_call_id": one.call, "content": one.text})

    def go(self, stream=False):
        request = {"messages": self.messages} | self.more
        if stream:
            message, reason, usage = gathered(self.sdk.chat_stream(**request))
        else:
            answer = self.sdk.chat(**request)
            message, reason, usage = answer.message.model_dump(exclude_none=True), answer.finish_reason, answer.usage
        self.messages.append(message)
        parts = [part_in(one) for one in message.get("content") or []]
        if message.get("tool_plan"):
            parts.append(Text(message["tool_plan"]))
        for call in message.get("tool_calls") or []:
            parts.append(Call(call["function"]["name"], json.loads(call["function"]["arguments"]), call["id"]))
        tokens = usage.tokens
        return Reply(parts, FINISH[reason], Usage(int(tokens.input_tokens), int(tokens.output_tokens), int(usage.cached_tokens or 0)))

    @staticmethod
    def status(error):
        return error.status_code, (error.headers or {}).get("retry-after")


class Unended(Exception):
    """A clean end without `message-end`: no SDK raises it, so it is never expected."""



def gathered(stream):
    """The message that the events tell, and how it ended."""
    content, calls, plan, reason, usage = {}, {}, "", None, None
    for event in stream:
        if event.type == "content-start":
            said = event.delta.message.content
            content[event.index] = {"type": said.type, said.type: getattr(said, said.type, None) or ""}
        elif event.type == "content-delta":
            said, block = event.delta.message.content, content[event.index]
            block[block["type"]] += getattr(said, block["type"])
        elif event.type == "tool-plan-delta":
            plan += event.delta.message.tool_plan
        elif event.type == "tool-call-start":
            calls[event.index] = event.delta.message.tool_calls.model_dump(exclude_none=True)
        elif event.type == "tool-call-delta":
            calls[event.index]["function"]["arguments"] += event.delta.message.tool_calls.function.arguments
        elif event.type == "message-end":
            reason, usage = event.delta.finish_reason, event.delta.usage
    if reason == "ERROR":
        raise Failed(event)
    if reason is None:
        raise Unended(content)
    message = {"role": "assistant", "content": [content[index] for index in sorted(content)]}
    if calls:
        message |= {"tool_calls": [calls[index] for index in sorted(calls)], "tool_plan": plan}
    return {name: value for name, value in message.items() if value}, reason, usage


def settings(ask):
    more = {}
    if ask.tools:
        more["tools"] = [{"type": "function", "function": {"name": tool.name, "description": tool.about, "parameters": tool.schema}} for tool in ask.tools]
    if ask.choice in ("any", "none"):
        more["tool_choice"] = {"any": "REQUIRED", "none": "NONE"}[ask.choice]
    if ask.max_tokens:
        more["max_tokens"] = ask.max_tokens
    if ask.temperature is not None:
        more["temperature"] = ask.temperature
    if ask.stop:
        more["stop_sequences"] = ask.stop
    if ask.effort:
        more["thinking"] = {"type": "enabled"}
    if ask.schema:
        more["response_format"] = {"type": "json_object", "json_schema": ask.schema}
    return more


def part_out(part):
    if isinstance(part, Image):
        url = part.url or f"data:{part.mime};base64,{base64.b64encode(part.data).decode()}"
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": "text", "text": part.text}


def part_in(part):
    return Thought(part["thinking"]) if part["type"] == "thinking" else Text(part["text"])


FINISH = {"COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tools", "ERROR_TOXIC": "filter", "ERROR": "filter"}
