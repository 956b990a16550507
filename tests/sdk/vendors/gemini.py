"""Gemini generateContent, as strict as the vendor."""

import base64
import json
import re
from typing import Optional

from google.genai import types
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from said import Ask, Call, Image, Refused, Result, Text, Thought, Tool, Turn, insist

from .strict import briefly, decoded, name_fits, sse
from .vendor import Vendor

STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


class GenerateContentRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)
    contents: list[types.Content]
    tools: Optional[list[types.Tool]] = None
    tool_config: Optional[types.ToolConfig] = None
    safety_settings: Optional[list[types.SafetySetting]] = None
    system_instruction: Optional[types.Content] = None
    generation_config: Optional[types.GenerationConfig] = None
    cached_content: Optional[str] = None
    labels: Optional[dict[str, str]] = None


class Gemini(Vendor):
    name, model = "gemini", "gemini-3-pro-preview"
    too_long = "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576)."

    def counts(self, request):
        return request.path.endswith(":countTokens")

    def counted(self, tokens):
        return json.dumps({"totalTokens": tokens}).encode()

    def read(self, request):
        found = re.fullmatch(r"/v1(?:beta)?/models/([^:/]+):(\w+)(\?alt=sse)?", request.path)
        insist(found, f"no {request.path} here", 404)
        model, method, sse = found.groups()
        insist(method in ("generateContent", "streamGenerateContent", "countTokens"), f"no {method}", 404)
        insist(request.headers.get("x-goog-api-key") == self.key, "API key not valid", 400)
        insist(model == self.model, f"models/{model} is not found", 404)
        body = request.json()
        if method == "countTokens" and "generateContentRequest" in body:
            body = dict(body["generateContentRequest"])
            insist(body.pop("model") == f"models/{model}", "model must be the path's")
        try:
            said = GenerateContentRequest.model_validate(body)
        except ValidationError as error:
            raise Refused(f"Invalid JSON payload received. {briefly(error)}") from None
        config = said.generation_config or types.GenerationConfig()
        ask = Ask(stream=method == "streamGenerateContent", max_tokens=config.max_output_tokens)
        ask.temperature, ask.stop = config.temperature, config.stop_sequences or []
        insist(len(ask.stop) <= 5, "more than five stopSequences")
        sound(body, config)
        ask.schema = config.response_json_schema or body.get("generationConfig", {}).get("responseSchema")
        thinking = config.thinking_config
        if thinking:
            insist(thinking.thinking_level is None or thinking.thinking_budget is None, "thinking_budget and thinking_level are mutually exclusive")
            ask.effort = str(thinking.thinking_level.value if thinking.thinking_level else thinking.thinking_budget).lower()
        ask.choice = choice(said.tool_config)
        ask.system = "".join(part.text for part in said.system_instruction.parts) if said.system_instruction else ""
        for tool in said.tools or []:
            for one in tool.function_declarations or []:
                name_fits(one.name, 64, ".:")
                insist(not (one.parameters and one.parameters_json_schema), "parameters and parametersJsonSchema are mutually exclusive")
                schema = one.parameters_json_schema or (one.parameters and one.parameters.model_dump(exclude_none=True)) or {}
                ask.tools.append(Tool(one.name, schema, one.description or ""))
        insist(said.contents, "contents is not specified")
        for number, content in enumerate(said.contents):
            insist(content.parts, f"contents[{number}].parts must not be empty")
            insist(content.role in ("user", "model"), "Please use a valid role: user, model.")
            ask.turns.append(Turn({"model": "assistant"}.get(content.role, "user"), [part_of(part) for part in content.parts]))
        if method != "countTokens":
            paired(ask.turns)
            signed(said.contents)
        return ask

    def whole(self, reply):
        return json.dumps(self.chunk([part_out(*one) for one in enumerate(reply.parts)], reply)).encode()

    def stream(self, reply):
        chunks = []
        for number, part in enumerate(reply.parts):
            if isinstance(part, Call):
                chunks.append([part_out(number, part)])
            else:
                half = len(part.text) // 2
                thought = {"thought": True} if isinstance(part, Thought) else {}
                chunks.append([{"text": part.text[:half]} | thought])
                chunks.append([{"text": part.text[half:]} | thought])
        pieces = [sse(self.chunk(parts, None)) for parts in chunks]
        return pieces + [sse(self.chunk([{"text": "", "thoughtSignature": SIGNATURE}], reply))]

    def said_something(self, pieces):
        return len(pieces) - 1

    def chunk(self, parts, reply):
        candidate = {"index": 0, "content": {"role": "model", "parts": parts}}
        body = {"candidates": [candidate], "modelVersion": self.model, "responseId": "r1"}
        if reply:
            candidate["finishReason"] = FINISH[reply.finish]
            usage = reply.usage
            body["usageMetadata"] = {
                "promptTokenCount": usage.input, "cachedContentTokenCount": usage.cached,
                "candidatesTokenCount": usage.output - 2, "thoughtsTokenCount": 2,
                "totalTokenCount": usage.input + usage.output,
            }  # fmt: skip
        return body

    def error_body(self, status, message):
        return {"error": {"code": status, "message": message, "status": STATUS.get(status, "UNKNOWN")}}

    def stream_error(self, message):
        # Outside of events, over several lines.
        return json.dumps(self.error_body(503, message), indent=2).encode() + b"\n"


def sound(body, config):
    format = config.response_json_schema or config.response_schema
    insist(not format or config.response_mime_type == "application/json", "response schema needs responseMimeType application/json")
    insist(config.max_output_tokens is None or config.max_output_tokens >= 1, "maxOutputTokens must be positive")
    insist(body.get("tools") or "toolConfig" not in body, "Function calling config is set without function_declarations.")


def part_of(part):
    if part.function_call:
        return Call(part.function_call.name, part.function_call.args or {}, part.function_call.id or "")
    if part.function_response:
        said = part.function_response
        inside = [one.inline_data for one in said.parts or []]
        images = tuple(Image(data.mime_type, data.data) for data in inside)
        return Result(said.id or "", json.dumps(said.response), said.name, images=images)
    if part.inline_data:
        insist(part.inline_data.data, "inlineData.data must not be empty")
        return Image(part.inline_data.mime_type, part.inline_data.data)
    if part.file_data:
        return Image(part.file_data.mime_type or "", url=part.file_data.file_uri)
    if part.text is None and part.thought_signature:
        return Text("")  # As Google's own agent sends the proof of an empty text.
    insist(part.text is not None, "contents.parts must have one initialized field `data`")
    return Thought(part.text) if part.thought else Text(part.text)


def paired(turns):
    """As many responses as calls, with their names, in the turn right behind them."""
    open_calls = []
    for turn in turns:
        results = sorted(part.name for part in turn.parts if isinstance(part, Result))
        insist(results == sorted(open_calls), f"Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn: {open_calls} {results}")
        open_calls = [part.name for part in turn.parts if isinstance(part, Call)]
    insist(not open_calls, "a function call turn must be followed by its responses")


def signed(contents):
    """The first call of each turn needs the vendor's signature."""
    for content in contents:
        calls = [part for part in content.parts if part.function_call]
        if calls:
            found = calls[0].thought_signature
            fits = found and (base64.b64encode(found).decode() == SIGNATURE or found in UNCHECKED)
            insist(fits, f"Function call is missing a thought_signature: {found!r}")


def part_out(number, part):
    if isinstance(part, Thought):
        return {"text": part.text, "thought": True}
    if isinstance(part, Call):
        first = {"thoughtSignature": SIGNATURE} if not part.id.endswith("2") else {}
        return {"functionCall": {"name": part.name, "args": part.args}} | first
    return {"text": part.text}


def choice(config):
    if not config or not config.function_calling_config:
        return None
    config = config.function_calling_config
    if config.allowed_function_names:
        insist(config.mode.value in ("ANY", "VALIDATED"), "allowed_function_names needs mode ANY")
        return config.allowed_function_names[0]
    return config.mode.value.lower()


FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "tools": "STOP", "filter": "SAFETY"}
SIGNATURE = base64.b64encode(b"signed by google").decode()
# As the documents spell it for histories without signatures: the field is of bytes.
UNCHECKED = [base64.b64decode("skip_thought_signature_validator", altchars=b"-_"), b"skip_thought_signature_validator"]
