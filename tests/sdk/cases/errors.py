"""The vendors' errors as the SDKs' own exceptions, with status and retry-after."""

from said import Error, Text

from .pair import equal


def raises(status):
    def error(pair, stream=False):
        scripted = Error(status, headers={"retry-after": "7"} if status == 429 else {})
        pair.expect(scripted)
        session = pair.session()
        session.say(Text("Say hello."))
        kind = session.raised[status]
        try:
            session.go(stream)
        except kind as raised:
            assert scripted.message in str(raised), f"{raised} does not say {scripted.message}"
            found, after = session.status(raised)
            expected = {529: {529, 503, 500}, 401: {401, 403} if pair.client == "bedrock" else {401}}.get(status, {status})
            assert found in expected, f"status {found} for {status}"
            if status == 429:
                equal(after, "7", "retry-after")
            code = getattr(session, "codes", {}).get(status)
            if code:
                equal(raised.response["Error"]["Code"], code, "the code")
            return
        except Exception as other:
            raise AssertionError(f"{type(other).__name__} instead of {kind.__name__}: {other}") from other
        assert False, "no exception"

    def streamed(pair):
        error(pair, True)

    error.__name__, streamed.__name__ = f"error {status}", f"error {status}, streamed"
    return [error, streamed]


CASES = [case for status in (400, 401, 429, 500, 529) for case in raises(status)]
