"""What is said, whoever says it: the words that cases, clients and vendors share.

It never knows how a protocol spells any of it.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Image:
    mime: str = ""
    data: bytes = b""
    url: str = ""


@dataclass(frozen=True)
class Thought:
    text: str
    signature: str = ""


@dataclass(frozen=True)
class Call:
    name: str
    args: dict
    id: str = ""


@dataclass(frozen=True)
class Result:
    """What a tool gave; `call` is the id of its call."""

    call: str
    text: str
    name: str = ""
    failed: bool = False
    images: tuple = ()


@dataclass(frozen=True)
class Tool:
    name: str
    schema: dict
    about: str = ""


@dataclass
class Turn:
    role: str
    parts: list


@dataclass
class Ask:
    """A request, as a client means it and as a vendor reads it."""

    system: str = ""
    turns: list = field(default_factory=list)
    tools: list = field(default_factory=list)
    choice: str | None = None  # auto, any, none, or a tool's name
    max_tokens: int | None = None
    temperature: float | None = None
    stop: list = field(default_factory=list)
    schema: dict | None = None
    effort: str | None = None
    stream: bool = False

    def parts(self, kind, role=None):
        turns = [turn for turn in self.turns if role in (None, turn.role)]
        return [part for turn in turns for part in turn.parts if isinstance(part, kind)]

    def text(self, role=None):
        return "".join(part.text for part in self.parts(Text, role))

    def images(self):
        """Those that the user shows, and those that tools gave."""
        inside = [image for result in self.parts(Result) for image in result.images]
        return self.parts(Image) + inside


@dataclass(frozen=True)
class Usage:
    """`input` includes what was cached, `output` includes reasoning."""

    input: int = 25
    output: int = 13
    cached: int = 5


@dataclass
class Reply:
    """An answer, as a vendor means it and as a client reads it."""

    parts: list
    finish: str = "stop"  # stop, length, tools, filter
    usage: Usage | None = field(default_factory=Usage)

    def of(self, kind):
        return [part for part in self.parts if isinstance(part, kind)]

    def text(self):
        return "".join(part.text for part in self.of(Text))

    def thought(self):
        return "".join(part.text for part in self.of(Thought))


@dataclass
class Error:
    """An answer that is none."""

    status: int
    message: str = "the vendor says no"
    headers: dict = field(default_factory=dict)


@dataclass
class Broken:
    """A stream that begins and does not end: `how` is `reset` (the connection goes away), `inside`
    (within an event), `short` (a proper end of the body, too early) or `told` (an error event)."""

    reply: Reply
    how: str


class Refused(Exception):
    """The vendor does not take a request, and says why."""

    def __init__(self, message, status=400):
        super().__init__(message)
        self.status = status


def insist(holds, message, status=400):
    if not holds:
        raise Refused(message, status)
