"""The `openai` package, Responses. Nothing is stored: the whole history goes with each request."""

import base64
import json

import httpx2
import openai

from said import Ask, Call, Image, Reply, Text, Thought, Usage


class Failed(Exception):
    """The SDK hands a failed response over as an event; its users have to look."""


class OpenAiResponsesSdk:
    name = "openai_responses"
    broken = (openai.APIError, httpx2.HTTPError)
    told = (Failed,)
    raised = {400: openai.BadRequestError, 401: openai.AuthenticationError, 429: openai.RateLimitError, 500: openai.InternalServerError, 529: openai.InternalServerError}

    def __init__(self, router, model, ask: Ask):
        self.sdk = openai.OpenAI(base_url=f"{router}/v1", api_key="sk-caller", max_retries=0)
        self.input = []
        self.more = {"model": model, "store": False, "include": ["reasoning.encrypted_content"]} | settings(ask)

    def say(self, *parts):
        self.input.append({"role": "user", "content": [part_out(part) for part in parts]})

    def results(self, *results):
        for result in results:
            self.input.append({"type": "function_call_output", "call_id": result.call, "output": result.text})

    def go(self, stream=False):
        request = {"input": self.input} | self.more
        if stream:
            answer = ended(self.sdk.responses.create(stream=True, **request))
        else:
            answer = self.sdk.responses.create(**request)
        if answer.status == "failed":
            raise Failed(answer.error)
        self.input += answer.output
        return reply_of(answer)

    def count(self):
        return self.sdk.responses.input_tokens.count(model=self.more["model"], input=self.input).input_tokens

    @staticmethod
    def status(error):
        return error.status_code, error.response.headers.get("retry-after")


def ended(events):
    """The answer that the last event holds; what was told before must be the same."""
    told, numbers = "", []
    for event in events:
        numbers.append(event.sequence_number)
        if event.type in ("response.output_text.delta", "response.function_call_arguments.delta", "response.reasoning_summary_text.delta"):
            told += event.delta
    if event.type == "response.failed":
        raise Failed(event.response.error)
    if event.type not in ("response.completed", "response.incomplete"):
        raise Unended(event)
    assert numbers == list(range(len(numbers))), f"sequence numbers {numbers}"
    said = "".join(whole(item) for item in event.response.output)
    assert told == said, f"told {told!r}, and at the end {said!r}"
    return event.response


def whole(item):
    if item.type == "function_call":
        return item.arguments
    return "".join(part.text for part in (item.summary if item.type == "reasoning" else item.content) if hasattr(part, "text"))


class Unended(Exception):
    """A clean end without a last event: the SDK does not raise it, so it is never expected."""



def settings(ask):
    more = {}
    if ask.system:
        more["instructions"] = ask.system
    if ask.tools:
        more["tools"] = [{"type": "function", "name": tool.name, "description": tool.about, "parameters": tool.schema, "strict": False} for tool in ask.tools]
    if ask.choice:
        named = {"type": "function", "name": ask.choice}
        more["tool_choice"] = {"auto": "auto", "any": "required", "none": "none"}.get(ask.choice, named)
    if ask.max_tokens:
        more["max_output_tokens"] = ask.max_tokens
    if ask.temperature is not None:
        more["temperature"] = ask.temperature
    if ask.effort:
        more["reasoning"] = {"effort": ask.effort, "summary": "auto"}
    if ask.schema:
        more["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": ask.schema, "strict": True}}
    return more


def part_out(part):
    if isinstance(part, Image):
        url = part.url or f"data:{part.mime};base64,{base64.b64encode(part.data).decode()}"
        return {"type": "input_image", "image_url": url, "detail": "auto"}
    return {"type": "input_text", "text": part.text}


def reply_of(answer):
    parts, finish = [], "stop"
    for item in answer.output:
        if item.type == "reasoning":
            text = "".join(part.text for part in [*item.summary, *(item.content or [])])
            parts.append(Thought(text, item.encrypted_content or ""))
        elif item.type == "function_call":
            parts.append(Call(item.name, json.loads(item.arguments), item.call_id))
            finish = "tools"
        else:
            parts += [Text(part.text) for part in item.content if part.type == "output_text"]
    if answer.status == "incomplete":
        finish = {"max_output_tokens": "length", "content_filter": "filter"}[answer.incomplete_details.reason]
    else:
        assert answer.status == "completed", answer.status
    usage = answer.usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    return Reply(parts, finish, Usage(usage.input_tokens, usage.output_tokens, usage.input_tokens_details.cached_tokens))
