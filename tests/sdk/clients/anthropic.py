"""The `anthropic` package."""

import base64

import anthropic
import httpx2

from said import Ask, Call, Image, Reply, Text, Thought, Usage


class AnthropicSdk:
    name = "anthropic"
    broken = told = (anthropic.APIError, httpx2.HTTPError)
    raised = {400: anthropic.BadRequestError, 401: anthropic.AuthenticationError, 429: anthropic.RateLimitError, 500: anthropic.InternalServerError, 529: anthropic.InternalServerError}

    def __init__(self, router, model, ask: Ask):
        self.sdk = anthropic.Anthropic(base_url=router, api_key="sk-caller", max_retries=0)
        self.messages = []
        self.more = {"model": model} | settings(ask)

    def say(self, *parts):
        self.messages.append({"role": "user", "content": [part_out(part) for part in parts]})

    def results(self, *results):
        content = [{"type": "tool_result", "tool_use_id": one.call, "content": one.text, "is_error": one.failed} for one in results]
        self.messages.append({"role": "user", "content": content})

    def go(self, stream=False):
        request = {"messages": self.messages} | self.more
        if stream:
            with self.sdk.messages.stream(**request) as events:
                kinds = [event.type for event in events]
                answer = events.get_final_message()
            # The helper itself takes a stream without an end for a whole one.
            if kinds[-1] != "message_stop":
                raise Unended(kinds)
            assert kinds[0] == "message_start", kinds
            assert kinds.count("content_block_start") == kinds.count("content_block_stop"), kinds
        else:
            answer = self.sdk.messages.create(**request)
        self.messages.append({"role": "assistant", "content": answer.content})
        return reply_of(answer)

    def count(self):
        return self.sdk.messages.count_tokens(model=self.more["model"], messages=self.messages).input_tokens

    def models(self):
        return [model.id for model in self.sdk.models.list()]

    @staticmethod
    def status(error):
        return error.status_code, error.response.headers.get("retry-after")


class Unended(Exception):
    """A clean end without `message_stop`: no SDK raises it, so it is never expected."""



def settings(ask):
    more = {"max_tokens": ask.max_tokens or 4096}
    if ask.system:
        more["system"] = [{"type": "text", "text": ask.system, "cache_control": {"type": "ephemeral"}}]
    if ask.tools:
        more["tools"] = [{"name": tool.name, "description": tool.about, "input_schema": tool.schema} for tool in ask.tools]
    if ask.choice:
        named = {"type": "tool", "name": ask.choice}
        more["tool_choice"] = {"type": ask.choice} if ask.choice in ("auto", "any", "none") else named
    if ask.temperature is not None:
        more["extra_body"] = {"temperature": ask.temperature}
    if ask.stop:
        more["stop_sequences"] = ask.stop
    if ask.effort:
        more["thinking"] = {"type": "enabled", "budget_tokens": 2048}
    if ask.schema:
        more["output_config"] = {"format": {"type": "json_schema", "schema": ask.schema}}
    return more


def part_out(part):
    if isinstance(part, Image):
        if part.url:
            return {"type": "image", "source": {"type": "url", "url": part.url}}
        data = base64.b64encode(part.data).decode()
        return {"type": "image", "source": {"type": "base64", "media_type": part.mime, "data": data}}
    return {"type": "text", "text": part.text}


def reply_of(answer):
    parts = []
    for block in answer.content:
        if block.type == "thinking":
            parts.append(Thought(block.thinking, block.signature))
        elif block.type == "redacted_thinking":
            parts.append(Thought("", block.data))
        elif block.type == "tool_use":
            parts.append(Call(block.name, block.input, block.id))
        else:
            parts.append(Text(block.text))
    usage = answer.usage
    cached = usage.cache_read_input_tokens or 0
    whole = usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0)
    return Reply(parts, FINISH[answer.stop_reason], Usage(whole, usage.output_tokens, cached))


FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tools", "refusal": "filter"}
