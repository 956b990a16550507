"""The `boto3` package, `bedrock-runtime`."""

import json

import boto3
import botocore.exceptions
import urllib3.exceptions
from botocore.config import Config

from said import Ask, Call, Image, Reply, Text, Thought, Usage


# A pair of the router's own making: boto3 signs, and the router verifies.
ACCESS, SECRET = "AKIACALLER", "the-secret-of-the-caller"


class Boto:
    name = "bedrock"
    access, secret = ACCESS, SECRET
    # What breaks within an answer is urllib3's own.
    broken = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, urllib3.exceptions.HTTPError)
    told = broken
    codes = {400: "ValidationException", 401: "UnrecognizedClientException", 429: "ThrottlingException", 500: "InternalServerException", 529: "ServiceUnavailableException"}

    def __init__(self, router, model, ask: Ask):
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
        keys = boto3.Session(aws_access_key_id=self.access, aws_secret_access_key=self.secret)
        self.sdk = keys.client("bedrock-runtime", endpoint_url=router, region_name="us-east-1", config=config)
        self.messages = []
        self.more = {"modelId": model} | settings(ask)
        errors = self.sdk.exceptions
        kinds = [errors.ValidationException, errors.ClientError, errors.ThrottlingException, errors.InternalServerException, errors.ClientError]
        self.raised = dict(zip((400, 401, 429, 500, 529), kinds))

    def say(self, *parts):
        self.messages.append({"role": "user", "content": [part_out(part) for part in parts]})

    def results(self, *results):
        content = [{"toolResult": {"toolUseId": one.call, "content": [{"text": one.text}]}} for one in results]
        self.messages.append({"role": "user", "content": content})

    def go(self, stream=False):
        request = {"messages": self.messages} | self.more
        if stream:
            return self.heard(*gathered(self.sdk.converse_stream(**request)["stream"]))
        answer = self.sdk.converse(**request)
        return self.heard(answer["output"]["message"], answer["stopReason"], answer["usage"])

    def heard(self, message, reason, usage):
        self.messages.append(message)
        cached = usage.get("cacheReadInputTokens", 0)
        whole = usage["inputTokens"] + cached + usage.get("cacheWriteInputTokens", 0)
        assert usage["totalTokens"] == whole + usage["outputTokens"], usage
        return Reply([part_in(block) for block in message["content"]], FINISH[reason], Usage(whole, usage["outputTokens"], cached))

    def count(self):
        counted = self.sdk.count_tokens(modelId=self.more["modelId"], input={"converse": {"messages": self.messages}})
        return counted["inputTokens"]

    @staticmethod
    def status(error):
        said = error.response["ResponseMetadata"]
        return said["HTTPStatusCode"], said["HTTPHeaders"].get("retry-after")


class Unended(Exception):
    """A clean end without `messageStop`: boto3 does not raise it, so it is never expected."""


def gathered(stream):
    """The message that the events tell, and how it ended."""
    blocks, inputs, reason, usage = {}, {}, None, None
    for event in stream:
        ((kind, said),) = event.items()
        index = said.get("contentBlockIndex")
        if kind == "contentBlockStart":
            blocks[index] = {"toolUse": dict(said["start"]["toolUse"])}
            inputs[index] = ""
        elif kind == "contentBlockDelta":
            ((what, delta),) = said["delta"].items()
            if what == "text":
                block = blocks.setdefault(index, {"text": ""})
                block["text"] += delta
            elif what == "toolUse":
                inputs[index] += delta["input"]
            elif "redactedContent" in delta:
                blocks[index] = {"reasoningContent": delta}
            else:
                block = blocks.setdefault(index, {"reasoningContent": {"reasoningText": {"text": ""}}})
                text = block["reasoningContent"]["reasoningText"]
                text["text"] += delta.get("text", "")
                text |= {name: delta[name] for name in ("signature",) if name in delta}
        elif kind == "messageStop":
            reason = said["stopReason"]
        elif kind == "metadata":
            usage = said["usage"]
    if reason is None:
        raise Unended(blocks)
    for index, text in inputs.items():
        blocks[index]["toolUse"]["input"] = json.loads(text or "{}")
    return {"role": "assistant", "content": [blocks[index] for index in sorted(blocks)]}, reason, usage


def settings(ask):
    more, sampling = {}, {}
    if ask.system:
        more["system"] = [{"text": ask.system}]
    if ask.tools:
        specs = [{"toolSpec": {"name": tool.name, "description": tool.about, "inputSchema": {"json": tool.schema}}} for tool in ask.tools]
        more["toolConfig"] = {"tools": specs}
        if ask.choice:
            more["toolConfig"]["toolChoice"] = {ask.choice: {}} if ask.choice in ("auto", "any") else {"tool": {"name": ask.choice}}
    if ask.max_tokens:
        sampling["maxTokens"] = ask.max_tokens
    if ask.temperature is not None:
        sampling["temperature"] = ask.temperature
    if ask.stop:
        sampling["stopSequences"] = ask.stop
    if sampling:
        more["inferenceConfig"] = sampling
    if ask.effort:
        more["additionalModelRequestFields"] = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
        more["inferenceConfig"] = sampling | {"maxTokens": ask.max_tokens or 4096}
    if ask.schema:
        structure = {"jsonSchema": {"name": "answer", "schema": json.dumps(ask.schema)}}
        more["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": structure}}
    return more


def part_out(part):
    if isinstance(part, Image):
        return {"image": {"format": part.mime.removeprefix("image/"), "source": {"bytes": part.data}}}
    return {"text": part.text}


def part_in(block):
    if "toolUse" in block:
        call = block["toolUse"]
        return Call(call["name"], call["input"], call["toolUseId"])
    if "reasoningContent" in block:
        text = block["reasoningContent"].get("reasoningText", {})
        return Thought(text.get("text", ""), text.get("signature", ""))
    return Text(block["text"])


FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tools", "content_filtered": "filter", "guardrail_intervened": "filter"}
