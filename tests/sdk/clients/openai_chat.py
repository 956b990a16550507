"""The `openai` package, Chat Completions."""

import base64
import json

import httpx2
import openai

from said import Ask, Call, Image, Reply, Text, Thought, Usage


class OpenAiChatSdk:
    name = "openai"
    raised = {400: openai.BadRequestError, 401: openai.AuthenticationError, 429: openai.RateLimitError, 500: openai.InternalServerError, 529: openai.InternalServerError}
    broken = (openai.APIError, httpx2.HTTPError)
    told = broken

    def __init__(self, router, model, ask: Ask):
        self.sdk = openai.OpenAI(base_url=f"{router}/v1", api_key="sk-caller", max_retries=0)
        self.messages = []
        self.more = {"model": model} | settings(ask)
        if ask.system:
            self.messages.append({"role": "system", "content": ask.system})

    def say(self, *parts):
        self.messages.append({"role": "user", "content": [part_out(part) for part in parts]})

    def results(self, *results):
        for result in results:
            self.messages.append({"role": "tool", "tool_call_id": result.call, "content": result.text})

    def go(self, stream=False):
        request = {"messages": self.messages} | self.more
        if stream:
            options = {"include_usage": True}
            events = self.sdk.chat.completions.create(stream=True, stream_options=options, **request)
            message, finish, usage = gathered(events)
        else:
            answer = self.sdk.chat.completions.create(**request)
            (choice,) = answer.choices
            message = choice.message.model_dump(exclude_none=True)
            finish, usage = choice.finish_reason, answer.usage
        self.messages.append(message)
        return reply_of(message, finish, usage)

    def models(self):
        return [model.id for model in self.sdk.models.list()]

    @staticmethod
    def status(error):
        return error.status_code, error.response.headers.get("retry-after")


def settings(ask):
    more = {}
    if ask.tools:
        more["tools"] = [{"type": "function", "function": {"name": tool.name, "description": tool.about, "parameters": tool.schema}} for tool in ask.tools]
    if ask.choice:
        named = {"type": "function", "function": {"name": ask.choice}}
        more["tool_choice"] = {"auto": "auto", "any": "required", "none": "none"}.get(ask.choice, named)
    if ask.max_tokens:
        more["max_completion_tokens"] = ask.max_tokens
    if ask.temperature is not None:
        more["temperature"] = ask.temperature
    if ask.stop:
        more["stop"] = ask.stop
    if ask.effort:
        more["reasoning_effort"] = ask.effort
    if ask.schema:
        more["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": ask.schema, "strict": True}}
    return more


def part_out(part):
    if isinstance(part, Image):
        url = part.url or f"data:{part.mime};base64,{base64.b64encode(part.data).decode()}"
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": "text", "text": part.text}


class Unended(Exception):
    """A clean end without a reason to finish: the SDK does not raise it, so it is never expected."""


def gathered(events):
    """The message that the chunks tell, and how it ended."""
    message, calls, finish, usage = {"role": "assistant"}, [], None, None
    for chunk in events:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            assert choice.index == 0 and finish is None, chunk
            finish = choice.finish_reason
            delta = choice.delta
            for name in ("content", "reasoning_content"):
                if piece := getattr(delta, name, None):
                    message[name] = message.get(name, "") + piece
            for call in delta.tool_calls or []:
                if call.index == len(calls):
                    calls.append({"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": ""}})
                calls[call.index]["function"]["arguments"] += call.function.arguments or ""
    if finish is None:
        raise Unended(message)
    return message | ({"tool_calls": calls} if calls else {}), finish, usage


def reply_of(message, finish, usage):
    parts = []
    if thought := message.get("reasoning_content"):
        parts.append(Thought(thought))
    if message.get("content"):
        parts.append(Text(message["content"]))
    for call in message.get("tool_calls", []):
        function = call["function"]
        parts.append(Call(function["name"], json.loads(function["arguments"]), call["id"]))
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    return Reply(parts, FINISH[finish], Usage(usage.prompt_tokens, usage.completion_tokens, cached))


FINISH = {"stop": "stop", "length": "length", "tool_calls": "tools", "content_filter": "filter"}
