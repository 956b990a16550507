"""Tools over two turns, and which of them must be called."""

from said import Call, Reply, Result, Text, Thought, Tool

from .pair import Skipped, both, equal

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Where"}, "days": {"type": "integer"}},
    "required": ["city"],
}
TOOLS = [Tool("weather", CITY, "The weather of a city"), Tool("now", {"type": "object", "properties": {}}, "The time")]
CALLS = [Call("weather", {"city": "Zürich \"old\"", "days": 2}, "call_1"), Call("now", {}, "call_2")]


def tools(pair, stream, more=(), **wishes):
    """Two calls at once, one without arguments; their results; the answer."""
    final = Reply([Text("Sunny at noon.")])
    pair.expect(Reply([*more, Text("Let me look."), *CALLS], finish="tools"), final)
    session = pair.session(tools=TOOLS, **wishes)
    session.say(Text("Weather and time?"))
    first = guarded(pair, session, stream)
    calls = first.of(Call)
    equal([(call.name, call.args) for call in calls], [(call.name, call.args) for call in CALLS], "calls")
    equal(first.finish, "tools", "finish")
    equal(first.text(), "Let me look.", "the text before")
    equal(len({call.id for call in calls}), 2, "different ids")
    equal([tool.name for tool in pair.asked(stream).tools], ["weather", "now"], "tools")
    session.results(Result(calls[0].id, "sunny", "weather"), Result(calls[1].id, "noon", "now"))
    pair.heard(guarded(pair, session, stream), final)
    asked = pair.asked(stream)
    again = asked.parts(Call)
    equal([(call.name, call.args) for call in again], [(call.name, call.args) for call in CALLS], "calls given back")
    results = asked.parts(Result)
    equal(len(results), 2, "results")
    assert "sunny" in results[0].text and "noon" in results[1].text, results
    return asked


def guarded(pair, session, stream):
    try:
        return session.go(stream)
    except Exception as error:
        assert not pair.server.refused, f"the vendor refused: {pair.server.refused}"
        raise error


def thinking_tools(pair, stream):
    """What the vendor thought and signed comes back to it as it was."""
    asked = tools(pair, stream, [Thought("Both can be looked up.")], effort="medium")
    if pair.vendor in ("anthropic", "bedrock") and pair.client not in ("openai", "cohere"):
        equal([part.text for part in asked.parts(Thought)], ["Both can be looked up."], "what was thought")


def third_turn(pair, stream):
    """After the tools, one more question: the whole loop is in the history."""
    pair.expect(Reply([CALLS[0]], finish="tools"), Reply([Text("Sunny.")]), Reply([Text("Bye.")]))
    session = pair.session(tools=TOOLS)
    session.say(Text("Weather?"))
    (call,) = guarded(pair, session, stream).of(Call)
    session.results(Result(call.id, "sunny", "weather"))
    guarded(pair, session, stream)
    session.say(Text("Thanks."))
    equal(guarded(pair, session, stream).text(), "Bye.", "the last answer")
    asked = pair.asked(stream)
    equal([len(asked.parts(kind)) for kind in (Call, Result)], [1, 1], "calls and results")


def any_tool(pair):
    _, asked = pair.ask_one(Reply([CALLS[0]], finish="tools"), tools=TOOLS, choice="any")
    equal(asked.choice, "any", "tool choice")


def named_tool(pair):
    if pair.client == "cohere":
        raise Skipped("no such choice")
    _, asked = pair.ask_one(Reply([CALLS[0]], finish="tools"), tools=TOOLS, choice="weather")
    if pair.vendor == "cohere":
        # It knows no names: only that tool is offered.
        equal((asked.choice, [tool.name for tool in asked.tools]), ("any", ["weather"]), "tool choice")
    else:
        equal(asked.choice, "weather", "tool choice")


def no_tool(pair):
    if pair.client == "bedrock":
        raise Skipped("no such choice")
    _, asked = pair.ask_one(Reply([Text("No.")]), tools=TOOLS, choice="none")
    assert asked.choice == "none" or not asked.tools, f"tools on offer: {asked.choice}"


CASES = [*both(tools), *both(thinking_tools), *both(third_turn), any_tool, named_tool, no_tool]
