"""Answers: plain, streamed, to images, cut short by limits, withheld."""

import base64

from said import Image, Reply, Text

from .pair import Skipped, both, equal

HELLO = "Grüße — hello \"you\"\\ there 👋🏽, line one\nline two"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def plain(pair, stream=False):
    scripted = Reply([Text(HELLO)])
    reply, asked = pair.ask_one(scripted, stream)
    pair.heard(reply, scripted)
    equal(asked.text("user"), "Say hello.", "the user's text")


def stream(pair):
    plain(pair, True)


def turns(pair, stream):
    """The SDK's own history goes back with the second question."""
    pair.expect(Reply([Text("One.")]), Reply([Text("Two.")]))
    session = pair.session()
    session.say(Text("First?"))
    session.go(stream)
    session.say(Text("Second?"), Text("Really?"))
    equal(session.go(stream).text(), "Two.", "the second answer")
    asked = pair.asked(stream)
    equal([turn.role for turn in asked.turns], ["user", "assistant", "user"], "roles")
    equal(asked.text("assistant"), "One.", "the assistant's text")


def image(pair, stream):
    scripted = Reply([Text("A pixel.")])
    parts = (Text("What is this?"), Image("image/png", PIXEL))
    reply, asked = pair.ask_one(scripted, stream, parts)
    pair.heard(reply, scripted)
    (seen,) = asked.parts(Image)
    equal((seen.mime, seen.data), ("image/png", PIXEL), "the image")


def image_by_url(pair):
    if "bedrock" in (pair.client, pair.vendor):
        raise Skipped("no URLs")
    url = "https://example.com/pixel.png"
    parts = (Text("What is this?"), Image("image/png", url=url))
    scripted = Reply([Text("A pixel.")])
    reply, asked = pair.ask_one(scripted, parts=parts)
    equal(asked.parts(Image)[0].url, url, "the image's address")


def length(pair, stream):
    scripted = Reply([Text("This is only the beg")], finish="length")
    reply, asked = pair.ask_one(scripted, stream, max_tokens=64)
    pair.heard(reply, scripted)
    equal(asked.max_tokens, 64, "max_tokens")


def withheld(pair, stream):
    scripted = Reply([Text("I")], finish="filter")
    reply, _ = pair.ask_one(scripted, stream)
    pair.heard(reply, scripted)


def empty(pair, stream):
    scripted = Reply([Text("")])
    reply, _ = pair.ask_one(scripted, stream)
    equal(reply.text(), "", "the text")


CASES = [plain, stream, *both(turns), *both(image), image_by_url, *both(length), *both(withheld), *both(empty)]
