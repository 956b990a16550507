"""Requests held against the types of the vendor's own SDK: what they do not name is not permitted."""

import base64
import binascii
import functools
import json
from collections.abc import Iterable, Iterator, Mapping

from pydantic import ConfigDict, TypeAdapter, ValidationError

from said import Refused, insist

KEY = "sk-vendor"


@functools.cache
def adapter(kind):
    # In a list, since a TypedDict alone takes no configuration; what is inside inherits it.
    return TypeAdapter(list[kind], config=ConfigDict(extra="forbid"))


def hold(kind, value):
    """Refuses `value` unless it is a `kind`, without further fields anywhere."""
    try:
        drain(adapter(kind).validate_python([value]))
    except ValidationError as error:
        raise Refused(briefly(error)) from None


def drain(value):
    """Iterables are validated as somebody iterates."""
    if isinstance(value, Mapping):
        for item in value.values():
            drain(item)
    elif isinstance(value, Iterator) or (isinstance(value, Iterable) and not isinstance(value, (str, bytes))):
        for item in value:
            drain(item)


def briefly(error):
    found = sorted(error.errors(), key=lambda one: -len(one["loc"]))
    told = [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']} ({one['input']!r:.80})" for one in found[:6]]
    return "; ".join(told)


def decoded(data, what):
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, TypeError):
        raise Refused(f"{what} is no base64") from None


def data_url(url):
    head, comma, data = url.partition(",")
    insist(comma and head.endswith(";base64"), "a data URL must be base64")
    return head.removeprefix("data:").removesuffix(";base64"), decoded(data, "the data URL")


def object_of(text, what):
    try:
        value = json.loads(text)
    except ValueError:
        raise Refused(f"{what} is not JSON: {text!r:.80}") from None
    insist(isinstance(value, dict), f"{what} is no object")
    return value


def bearer(request):
    insist(request.headers.get("authorization") == f"Bearer {KEY}", "no such key", 401)


def name_fits(name, most=64, more=""):
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-" + more)
    insist(0 < len(name) <= most and set(name) <= allowed, f"{name!r} is no name for a tool")


def sse(data, event=None):
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def thirds(text):
    """A text in three pieces, so that it has to be put together."""
    size = max(1, len(text) // 3)
    return [piece for piece in (text[:size], text[size : 2 * size], text[2 * size :]) if piece]
