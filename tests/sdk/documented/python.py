"""The SDKs for Python, each made by its snippet."""

import importlib.util
import json
import os

import said

from .place import answers

HELLO = "Hello there."
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ASK = "What is the weather in Kyoto?"


class Use:
    """`patience` in seconds: no case may take longer, the waits of an SDK included."""

    name = package = ""
    cases = ["whole", "streams", "tools", "rate_limit", "failing_provider", "abandons"]
    patience = 20

    def __init__(self, place, snippet):
        self.place = place
        self.named = {}
        self.snippet = snippet
        self.made()

    def made(self):
        exec(self.snippet, self.named)

    @classmethod
    def is_there(cls):
        return importlib.util.find_spec(cls.package) is not None

    # Each client says how it does these.
    def say(self, alias="demo"):
        raise NotImplementedError

    def pieces(self):
        raise NotImplementedError

    def calls(self):
        raise NotImplementedError

    def whole(self):
        assert self.say() == HELLO, self.say()

    def streams(self):
        assert "".join(self.pieces()) == HELLO

    def tools(self):
        assert self.calls() == ("get_weather", "Kyoto"), self.calls()

    def rate_limit(self):
        """One request a second: SDKs that retry wait as long as they are told, others show the limit."""
        for _ in range(2):
            try:
                assert self.say("limited") == HELLO
            except Exception as error:
                assert "429" in f"{error!r} {error} {getattr(error, 'response', '')}", repr(error)

    def failing_provider(self):
        try:
            self.say("down")
        except Exception as error:
            assert "503" in f"{error!r} {error} {getattr(error, 'response', '')}", repr(error)
        else:
            raise AssertionError("no error")

    def abandons(self):
        long = said.Reply([said.Text("word " * 5_000)])
        self.place.vendor.begin(lambda _: long)
        try:
            pieces = iter(self.pieces())
            next(pieces)
            del pieces
        finally:
            self.place.vendor.begin(answers)
        self.whole()


class OpenAiPython(Use):
    name, package = "openai (Python)", "openai"

    def request(self, alias="demo", **more):
        messages = [{"role": "user", "content": more.pop("say", "Hello")}]
        return self.named["client"].chat.completions.create(model=alias, messages=messages, **more)

    def say(self, alias="demo"):
        return self.request(alias).choices[0].message.content

    def pieces(self):
        for chunk in self.request(stream=True):
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    def calls(self):
        tool = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
        call = self.request(say=ASK, tools=[tool]).choices[0].message.tool_calls[0].function
        return call.name, json.loads(call.arguments)["city"]

    def whole(self):
        super().whole()
        client = self.named["client"]
        assert client.responses.create(model="demo", input="Hello").output_text == HELLO
        assert "demo" in [model.id for model in client.models.list()]


class AnthropicPython(Use):
    name, package = "anthropic (Python)", "anthropic"

    def request(self, alias="demo", **more):
        messages = [{"role": "user", "content": more.pop("say", "Hello")}]
        return self.named["client"].messages.create(model=alias, max_tokens=99, messages=messages, **more)

    def say(self, alias="demo"):
        return self.request(alias).content[0].text

    def pieces(self):
        for event in self.request(stream=True):
            if event.type == "content_block_delta":
                yield event.delta.text

    def calls(self):
        call = self.request(say=ASK, tools=[{"name": "get_weather", "input_schema": SCHEMA}]).content[0]
        return call.name, call.input["city"]


class GooglePython(Use):
    name, package = "google-genai", "google.genai"

    def say(self, alias="demo"):
        return self.named["client"].models.generate_content(model=alias, contents="Hello").text

    def pieces(self):
        for chunk in self.named["client"].models.generate_content_stream(model="demo", contents="Hello"):
            if chunk.text:
                yield chunk.text

    def calls(self):
        declared = {"name": "get_weather", "description": "Tells it.", "parameters_json_schema": SCHEMA}
        config = {"tools": [{"function_declarations": [declared]}]}
        call = self.named["client"].models.generate_content(model="demo", contents=ASK, config=config).function_calls[0]
        return call.name, call.args["city"]


class Boto(Use):
    name, package = "boto3", "boto3"

    def made(self):
        os.environ["AWS_CA_BUNDLE"] = str(self.place.folder / "ca.crt")
        super().made()

    def request(self, alias="demo", say="Hello", **more):
        messages = [{"role": "user", "content": [{"text": say}]}]
        return self.named["client"].converse(modelId=alias, messages=messages, **more)["output"]["message"]["content"]

    def say(self, alias="demo"):
        return self.request(alias)[0]["text"]

    def pieces(self):
        messages = [{"role": "user", "content": [{"text": "Hello"}]}]
        for event in self.named["client"].converse_stream(modelId="demo", messages=messages)["stream"]:
            if "contentBlockDelta" in event:
                yield event["contentBlockDelta"]["delta"]["text"]

    def calls(self):
        spec = {"toolSpec": {"name": "get_weather", "inputSchema": {"json": SCHEMA}}}
        call = self.request(say=ASK, toolConfig={"tools": [spec]})[0]["toolUse"]
        return call["name"], call["input"]["city"]


class LangChain(Use):
    def say(self, alias="demo"):
        return self.model(alias).invoke("Hello").text

    def model(self, alias):
        """The snippet's, with another alias."""
        if alias == "demo":
            return self.named["model"]
        named = {}
        exec(self.snippet.replace('"demo"', f'"{alias}"'), named)
        return named["model"]

    def pieces(self):
        for chunk in self.named["model"].stream("Hello"):
            if chunk.text:
                yield chunk.text

    def calls(self):
        tool = {"type": "function", "function": {"name": "get_weather", "description": "Tells it.", "parameters": SCHEMA}}
        bound = self.named["model"].bind_tools([tool])
        call = bound.invoke(ASK).tool_calls[0]
        return call["name"], call["args"]["city"]


class ChatOpenAi(LangChain):
    name, package = "langchain-openai", "langchain_openai"


class ChatAnthropic(LangChain):
    name, package = "langchain-anthropic", "langchain_anthropic"


class ChatGoogle(LangChain):
    name, package = "langchain-google-genai", "langchain_google_genai"
    # It repeats a 503 six times.
    patience = 60
