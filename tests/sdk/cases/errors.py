"""The vendors' errors as the SDKs' own exceptions, with status and retry-after."""

from router import STRICT
from said import Error, Text

from .pair import equal


def raises(status):
    def error(pair, stream=False):
        scripted = Error(status, headers={"retry-after": "7"} if status == 429 else {})
        pair.expect(scripted)
        session = pair.session()
        session.say(Text("Say hello."))
        kind = (*of(session.raised[500]), *of(session.raised[529])) if STRICT and status == 401 else session.raised[status]
        try:
            session.go(stream)
        except kind as raised:
            # Strict mode says what happened in the router's own words.
            said = scripted.message in str(raised)
            assert said != STRICT, f"{raised} does{' not' * (not said)} say {scripted.message}"
            found, after = session.status(raised)
            if STRICT and status in (401, 529):
                # What a provider holds against the router is not the client's, and a status of one vendor is none of HTTP's.
                assert 500 <= found < 600 or pair.client == "bedrock", f"status {found} for {status}"
                return
            expected = {529: {529, 503, 500}, 401: {401, 403} if pair.client == "bedrock" else {401}}.get(status, {status})
            assert found in expected, f"status {found} for {status}"
            if status == 429:
                equal(after, "7", "retry-after")
            code = getattr(session, "codes", {}).get(status)
            if code:
                equal(raised.response["Error"]["Code"], code, "the code")
            return
        except Exception as other:
            raise AssertionError(f"{type(other).__name__} instead of {kind}: {other}") from other
        assert False, "no exception"

    def streamed(pair):
        error(pair, True)

    error.__name__, streamed.__name__ = f"error {status}", f"error {status}, streamed"
    return [error, streamed]


def of(kinds):
    return list(kinds) if isinstance(kinds, tuple) else [kinds]


CASES = [case for status in (400, 401, 429, 500, 529) for case in raises(status)]
