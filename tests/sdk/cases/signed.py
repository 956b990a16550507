"""Signatures that are not to be believed: boto3 raises an exception, and the vendor hears of nothing."""

import botocore.exceptions

from clients.bedrock import Boto
from said import Ask, Reply, Text

from .pair import Skipped, both, equal


class WrongSecret(Boto):
    secret = "the-secret-of-somebody-else"


class UnknownPair(Boto):
    access = "AKIANOBODY"


def wrong_secret(pair, stream):
    refused(pair, WrongSecret, stream)


def unknown_pair(pair, stream):
    refused(pair, UnknownPair, stream)


def altered_body(pair, stream):
    def alter(request):
        before = request.body
        request.body = before.replace(b"Say hello.", b"Say HELLO.")
        assert request.body != before, before

    refused(pair, Boto, stream, alter)


def altered_path(pair, stream):
    def alter(request):
        before = request.url
        request.url = before.replace(f"/model/{pair.vendor}/", f"/model/{pair.thinks()}/") + "?more"
        assert request.url != before, before

    refused(pair, Boto, stream, alter)


def unsigned_header(pair, stream):
    refused(pair, Boto, stream, lambda request: request.headers.update({"x-amz-tagging": "more"}))


def refused(pair, sdk, stream, alter=None):
    """Asks and is refused; `alter` is given the request after it was signed."""
    if pair.client != "bedrock":
        raise Skipped
    pair.expect(Reply([Text("never")]))
    session = sdk(pair.router, pair.vendor, Ask())
    session.say(Text("Say hello."))
    sent = []

    def before_send(request, **_):
        sent.append(request.url)
        if alter:
            alter(request)

    session.sdk.meta.events.register("before-send.bedrock-runtime", before_send)
    try:
        session.go(stream)
    except botocore.exceptions.ClientError as raised:
        equal(session.status(raised)[0], 403, "the status")
        equal(raised.response["Error"]["Code"], "UnrecognizedClientException", "the code")
        equal(len(sent), 1, "requests")
        equal(pair.server.raw, [], "what the vendor heard")
        return
    assert False, "no exception"


CASES = [case for one in (wrong_secret, unknown_pair, altered_body, altered_path, unsigned_header) for case in both(one)]
