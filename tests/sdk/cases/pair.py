"""One client at one vendor through the router, and what can be asked of both."""

from dataclasses import dataclass

from said import Ask, Text


class Skipped(Exception):
    """One of the two protocols has no such thing."""


@dataclass
class Pair:
    sdk: type
    server: object
    router: str

    @property
    def client(self):
        return self.sdk.name

    @property
    def vendor(self):
        return self.server.vendor.name

    def session(self, **wishes):
        alias = self.thinks() if "effort" in wishes else self.vendor
        return self.sdk(self.router, alias, Ask(**wishes))

    def thinks(self):
        """The alias of the vendor's model that reasons."""
        return f"{self.vendor}-thinks" if self.server.vendor.thinker else self.vendor

    def expect(self, *script):
        self.server.expect(*script)

    def asked(self, stream=False):
        """What the vendor read last; it must have taken everything."""
        assert not self.server.refused, f"the vendor refused: {self.server.refused}"
        asked = self.server.asks[-1]
        assert asked.stream == stream, f"stream: {asked.stream}"
        return asked

    def heard(self, reply, scripted):
        assert reply.text() == scripted.text(), f"{reply} for {scripted}"
        assert reply.finish == scripted.finish, f"finish {reply.finish} for {scripted.finish}"
        assert reply.usage == scripted.usage, f"usage {reply.usage} for {scripted.usage}"

    def ask_one(self, scripted, stream=False, parts=(Text("Say hello."),), **wishes):
        self.expect(scripted)
        session = self.session(**wishes)
        session.say(*parts)
        try:
            reply = session.go(stream)
        except Exception as error:
            assert not self.server.refused, f"the vendor refused: {self.server.refused}"
            raise error
        return reply, self.asked(stream)


def both(case):
    """The case whole and streamed."""

    def whole(pair):
        case(pair, False)

    def streamed(pair):
        case(pair, True)

    whole.__name__, streamed.__name__ = case.__name__, f"{case.__name__}, streamed"
    return [whole, streamed]


def equal(found, expected, what):
    assert found == expected, f"{what}: {found!r} for {expected!r}"
