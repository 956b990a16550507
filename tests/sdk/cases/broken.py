"""Streams that break in the middle: the SDK raises, and never takes half an answer for a whole one."""

from said import Broken, Reply, Text

REPLY = Reply([Text("This was to be a much longer answer, told in many pieces.")])


def cut(how, name):
    def case(pair):
        pair.expect(Broken(REPLY, how))
        session = pair.session()
        session.say(Text("Say hello."))
        try:
            reply = session.go(stream=True)
        except session.told if how == "told" else session.broken:
            pair.asked(stream=True)
            return
        except Exception as other:
            raise AssertionError(f"{type(other).__name__}: {other}") from other
        assert False, f"no exception, but {reply}"

    case.__name__ = name
    return case


CASES = [
    cut("reset", "cut"),
    cut("inside", "cut inside an event"),
    cut("short", "ended too early"),
    cut("told", "error event"),
]
