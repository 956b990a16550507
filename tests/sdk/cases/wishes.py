"""What a client wishes of an answer, and what it asks beside answers."""

import json

from said import Reply, Text, Thought

from .pair import Skipped, both, equal

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def system(pair):
    _, asked = pair.ask_one(Reply([Text("Arr.")]), system="You are a pirate.")
    equal(asked.system, "You are a pirate.", "system")


def structured(pair, stream):
    text = json.dumps({"name": "Ada", "age": 36})
    scripted = Reply([Text(text)])
    if pair.vendor == "bedrock":
        # This model knows no schema; the router asks through a tool.
        from said import Call

        scripted = Reply([Call("json_answer", json.loads(text), "call_1")], finish="tools")
        if pair.client != "bedrock":
            return through_tool(pair, stream, scripted, text)
    reply, asked = pair.ask_one(scripted if pair.vendor != "bedrock" else Reply([Text(text)]), stream, schema=SCHEMA)
    equal(json.loads(reply.text()), json.loads(text), "the object")
    equal(asked.schema, SCHEMA, "the schema")


def through_tool(pair, stream, scripted, text):
    reply, asked = pair.ask_one(Named(scripted, pair), stream, schema=SCHEMA)
    equal(json.loads(reply.text()), json.loads(text), "the object")
    equal(reply.finish, "stop", "finish")


class Named(Reply):
    """A call of whatever tool the vendor was offered."""

    def __init__(self, reply, pair):
        super().__init__(reply.parts, reply.finish, reply.usage)
        self.pair = pair

    def __getattribute__(self, name):
        if name == "parts":
            from said import Call

            asked = object.__getattribute__(self, "pair").server.asks
            (call,) = object.__getattribute__(self, "__dict__")["parts"]
            return [Call(asked[-1].tools[0].name, call.args, call.id)] if asked and asked[-1].tools else [call]
        return object.__getattribute__(self, name)


def reasoning(pair, stream):
    scripted = Reply([Thought("Let me think about it."), Text("42.")])
    reply, asked = pair.ask_one(scripted, stream, effort="medium")
    pair.heard(reply, scripted)
    assert asked.effort, "the vendor was not asked to think"
    equal(reply.thought(), "Let me think about it.", "what was thought")


def stops(pair):
    if "openai_responses" in (pair.client, pair.vendor):
        raise Skipped("no stop sequences")
    _, asked = pair.ask_one(Reply([Text("One, two")]), stop=["three", "END"])
    equal(asked.stop, ["three", "END"], "stop sequences")


def temperature(pair):
    if pair.vendor == "openai_responses":
        raise Skipped("its model takes none")
    _, asked = pair.ask_one(Reply([Text("Hot.")]), temperature=0.5)
    equal(asked.temperature, 0.5, "temperature")


def count_tokens(pair):
    session = pair.session()
    if not hasattr(session, "count"):
        raise Skipped("the client cannot count")
    pair.expect()
    session.say(Text("How long is this?"))
    counted = session.count()
    assert counted > 0, counted
    assert not pair.server.refused, pair.server.refused
    if pair.server.asks:
        equal(counted, 42, "the vendor's count")


def list_models(pair):
    session = pair.session()
    if not hasattr(session, "models"):
        raise Skipped("the client has no list")
    assert pair.vendor in session.models()


CASES = [system, *both(structured), *both(reasoning), stops, temperature, count_tokens, list_models]
