"""What a client wishes of an answer, and what it asks beside answers."""

import json

from said import Call, Reply, Text, Thought

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
    ada = {"name": "Ada", "age": 36}
    # This model of Bedrock's knows no schema: the router asks through a tool.
    through_tool = pair.vendor == "bedrock" != pair.client

    def answer(asked):
        if through_tool:
            return Reply([Call(asked.tools[0].name, ada, "call_1")], finish="tools")
        return Reply([Text(json.dumps(ada))])

    reply, asked = pair.ask_one(answer, stream, schema=SCHEMA)
    equal(json.loads(reply.text()), ada, "the object")
    equal(reply.finish, "stop", "finish")
    equal(asked.tools[0].schema if through_tool else asked.schema, SCHEMA, "the schema")


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
