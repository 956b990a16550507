"""What vendors answer to agents: a loop of tools over three turns, two of the calls at once, and others like it.

It never counts requests: agents ask beside their loop, for titles and summaries.
"""

import sys

from said import Broken, Error, Reply, Result, Text, Thought
from server import Server
from vendors.strict import hold


class Play(Server):
    """A vendor that answers what a function makes of each request."""

    def __init__(self, vendor):
        super().__init__(vendor)
        self.play = None
        self.script = Endless(self)

    def begin(self, play, passes=False):
        """`passes`: what an agent sends its own vendor holds fields that the vendor's public types do not name."""
        module = sys.modules[type(self.vendor).__module__]
        module.hold = (lambda *_: None) if passes else hold
        self.play = play
        for heard in (self.asks, self.raw, self.refused):
            heard.clear()


class Endless(list):
    def __init__(self, owner):
        super().__init__()
        self.owner = owner

    def pop(self, _=0):
        return self.owner.play


def loop(agent, fail=None, thinks=False):
    """Two files at once, then a third, then what they say. `fail`: the answer to the request after the first results;
    `thinks`: the vendor's model thinks before it calls, where it is asked to."""
    failed = []

    def play(ask):
        results = ask.parts(Result)
        if not ask.tools:
            return Reply([Text("ok")])
        # Only a stream can be cut off.
        fails = fail and not failed and (ask.stream or not isinstance(fail, Broken))
        if results and fails:
            failed.append(True)
            return fail
        return turn_of(agent, ask, thinks)

    return play


def turn_of(agent, ask, thinks=False):
    """The next turn of the loop: what is called depends on what has been read so far."""
    results = ask.parts(Result)
    if not results:
        thought = [Thought("Two at once.")] if thinks and ask.effort else []
        return Reply([*thought, Text("I read two."), agent.reads(ask, "a.txt"), agent.reads(ask, "b.txt")], finish="tools")
    if len(results) < 3:
        return Reply([agent.reads(ask, "c.txt")], finish="tools")
    said = " ".join(result.text for result in results)
    words = [word for word in ("tea", "rain", "moss") if word in said]
    return Reply([Text(f"FOUND {'-'.join(words)}.")])


def wander(agent, turn, thinks=False):
    """The loop of a vendor that answers at its own turn alone: the first, the second or the third."""

    def play(ask):
        if not ask.tools:
            return Reply([Text("ok")])
        now = [0, 2, 3].index(len(ask.parts(Result)))
        return turn_of(agent, ask, thinks) if now == turn else Error(503, "overloaded")

    return play


def picture(agent, seen):
    """Looks at a picture; `seen` is what came of it."""

    def play(ask):
        if not ask.tools:
            return Reply([Text("ok")])
        if not ask.parts(Result):
            return Reply([agent.looks(ask, "p.png")], finish="tools")
        seen.extend(ask.images())
        return Reply([Text("RED.")])

    return play


def long(agent, turns=12):
    """So many turns, two calls in each."""

    def play(ask):
        if not ask.tools:
            return Reply([Text("ok")])
        results = len(ask.parts(Result))
        if results >= turns * 2:
            return Reply([Text(f"READ {results} results.")])
        calls = [agent.reads(ask, f"big{results + at}.txt", f"call_{results}_{at + 1}") for at in range(2)]
        return Reply([Text(f"I read on, after {results}."), *calls], finish="tools")

    return play
