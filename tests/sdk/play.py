"""What vendors answer to agents: a loop of tools over three turns, two of the calls at once.

It never counts requests: agents ask beside their loop, for titles and summaries.
"""

import sys

from said import Reply, Result, Text, Thought
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
        if not results:
            thought = [Thought("Two at once.")] if thinks and ask.effort else []
            return Reply([*thought, Text("I read two."), agent.reads(ask, "a.txt"), agent.reads(ask, "b.txt")], finish="tools")
        if fail and not failed:
            failed.append(True)
            return fail
        if len(results) < 3:
            return Reply([agent.reads(ask, "c.txt")], finish="tools")
        said = " ".join(result.text for result in results)
        words = [word for word in ("tea", "rain", "moss") if word in said]
        return Reply([Text(f"FOUND {'-'.join(words)}.")])

    return play
