"""The `google-genai` package."""

import httpx
import httpx2
from google import genai
from google.genai import errors, types

from said import Ask, Call, Image, Reply, Text, Thought, Usage


class GoogleGenAi:
    name = "gemini"
    broken = (errors.APIError, httpx.HTTPError, httpx2.HTTPError)
    told = broken
    raised = {400: errors.ClientError, 401: errors.ClientError, 429: errors.ClientError, 500: errors.ServerError, 529: errors.ServerError}

    def __init__(self, router, model, ask: Ask):
        self.sdk = genai.Client(api_key="sk-caller", http_options=types.HttpOptions(base_url=router))
        self.contents, self.names = [], {}
        self.model, self.config = model, types.GenerateContentConfig(**settings(ask))

    def say(self, *parts):
        self.contents.append(types.Content(role="user", parts=[part_out(part) for part in parts]))

    def results(self, *results):
        parts = []
        for one in results:
            response = types.FunctionResponse(id=self.names[one.call][0], name=self.names[one.call][1], response={"result": one.text})
            parts.append(types.Part(function_response=response))
        self.contents.append(types.Content(role="user", parts=parts))

    def go(self, stream=False):
        request = {"model": self.model, "contents": self.contents, "config": self.config}
        if stream:
            chunks = list(self.sdk.models.generate_content_stream(**request))
        else:
            chunks = [self.sdk.models.generate_content(**request)]
        parts = [part for chunk in chunks for part in content_of(chunk)]
        finish = chunks[-1].candidates[0].finish_reason if chunks and chunks[-1].candidates else None
        if finish is None:
            raise Unended([chunk.model_dump(exclude_none=True) for chunk in chunks])
        self.contents.append(types.Content(role="model", parts=parts))
        said, finish = [], FINISH[finish.name]
        for part in parts:
            if part.function_call:
                call = part.function_call
                key = call.id or f"call-{len(self.names)}"
                self.names[key] = (call.id, call.name)
                said.append(Call(call.name, call.args or {}, key))
                finish = "tools"
            elif part.text:
                said.append(Thought(part.text) if part.thought else Text(part.text))
        usage = chunks[-1].usage_metadata
        output = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
        assert usage.total_token_count == usage.prompt_token_count + output, usage
        return Reply(said, finish, Usage(usage.prompt_token_count, output, usage.cached_content_token_count or 0))

    def count(self):
        return self.sdk.models.count_tokens(model=self.model, contents=self.contents).total_tokens

    def models(self):
        return [model.name.removeprefix("models/") for model in self.sdk.models.list()]

    @staticmethod
    def status(error):
        return error.code, error.response.headers.get("retry-after")


class Unended(Exception):
    """A clean end without a reason to finish: no SDK raises it, so it is never expected."""


def content_of(chunk):
    return (chunk.candidates[0].content.parts or []) if chunk.candidates and chunk.candidates[0].content else []


def settings(ask):
    more = {"automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True)}
    if ask.system:
        more["system_instruction"] = ask.system
    if ask.tools:
        declared = [types.FunctionDeclaration(name=tool.name, description=tool.about, parameters_json_schema=tool.schema) for tool in ask.tools]
        more["tools"] = [types.Tool(function_declarations=declared)]
    if ask.choice:
        named = ask.choice not in ("auto", "any", "none")
        calling = types.FunctionCallingConfig(mode="ANY" if named else ask.choice.upper(), allowed_function_names=[ask.choice] if named else None)
        more["tool_config"] = types.ToolConfig(function_calling_config=calling)
    if ask.max_tokens:
        more["max_output_tokens"] = ask.max_tokens
    if ask.temperature is not None:
        more["temperature"] = ask.temperature
    if ask.stop:
        more["stop_sequences"] = ask.stop
    if ask.effort:
        more["thinking_config"] = types.ThinkingConfig(thinking_level=ask.effort, include_thoughts=True)
    if ask.schema:
        more |= {"response_mime_type": "application/json", "response_json_schema": ask.schema}
    return more


def part_out(part):
    if isinstance(part, Image):
        if part.url:
            return types.Part.from_uri(file_uri=part.url, mime_type=part.mime)
        return types.Part.from_bytes(data=part.data, mime_type=part.mime)
    return types.Part(text=part.text)


FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "filter", "PROHIBITED_CONTENT": "filter"}

