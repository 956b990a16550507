"""Every SDK at a mock that others wrote: `@copilotkit/aimock`, which speaks all six protocols.

    aimock.py [--router BINARY]        needs node, and the package where `run` installs it

It is no strict reader, but its answers and its errors are nobody's idea of ours. Where the protocol is
the same on both sides, its bytes pass as they are: what an SDK does not take from it without a router
either is skipped.
"""

import json
import logging
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings

from cases.answers import PIXEL
from cases.tools import TOOLS
from clients import CLIENTS
from matrix import parse, report
from router import Router, free_port
from said import Ask, Call, Image, Result, Text
from vendors import VENDORS

SAID = "Hello from a mock that somebody else wrote."
CITY = {"city": "Paris", "days": 2}
ERRORS = (400, 401, 429, 500, 529)
FIXTURES = [
    {"match": {"userMessage": "say plain"}, "response": {"content": SAID}},
    {"match": {"userMessage": "say picture"}, "response": {"content": SAID}},
    {"match": {"userMessage": "say tools", "hasToolResult": True}, "response": {"content": SAID}},
    {
        "match": {"userMessage": "say tools"},
        "response": {"toolCalls": [{"name": "weather", "arguments": CITY}, {"name": "now", "arguments": {}}]},
    },
    {"match": {"userMessage": "say cut"}, "response": {"content": SAID * 3}, "truncateAfterChunks": 4},
    *(
        {"match": {"userMessage": f"say error {status}"}, "response": {"error": {"message": "no", "type": "t"}, "status": status}}
        for status in ERRORS
    ),
]


class Mock:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        fixtures = pathlib.Path(self.folder.name) / "fixtures.json"
        fixtures.write_text(json.dumps({"fixtures": FIXTURES}))
        port = free_port()
        package = pathlib.Path(__file__).parent / "node_modules" / "@copilotkit" / "aimock"
        script = package / "dist" / "cli.js"
        arguments = ["--port", str(port), "--fixtures", fixtures, "--chunk-size", "5", "--log-level", "silent"]
        self.process = subprocess.Popen(["node", script, *arguments])
        self.url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{self.url}/ready", timeout=1).close()
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise RuntimeError("aimock did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.folder.cleanup()


def plain(session, stream):
    session.say(Text("say plain"))
    reply = session.go(stream)
    assert (reply.text(), reply.finish) == (SAID, "stop"), reply


def picture(session, stream):
    session.say(Text("say picture"), Image("image/png", PIXEL))
    assert session.go(stream).text() == SAID


def tools(session, stream):
    session.say(Text("say tools"))
    reply = session.go(stream)
    calls = reply.of(Call)
    assert [(call.name, call.args) for call in calls] == [("weather", CITY), ("now", {})], reply
    assert reply.finish == "tools", reply
    session.results(*(Result(call.id, "done", call.name) for call in calls))
    assert session.go(stream).text() == SAID


def cut(session, stream):
    session.say(Text("say cut"))
    try:
        reply = session.go(True)
    except session.broken:
        return
    assert False, f"no exception, but {reply}"


def error(status):
    def case(session, stream):
        session.say(Text(f"say error {status}"))
        try:
            session.go(stream)
        except session.raised[status]:
            return
        assert False, "no exception"

    case.__name__ = f"error {status}"
    return case


CASES = [(case, stream) for case in (plain, picture, tools, *map(error, ERRORS)) for stream in (False, True)] + [(cut, True)]


def main():
    arguments = parse()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    mock = Mock()
    router = Router({vendor.name: vendor().targets(mock.url)[vendor.name] for vendor in VENDORS}, arguments.router)
    try:
        results = {(sdk.name, vendor.name): tried(sdk, vendor, router.url, mock.url) for sdk in CLIENTS for vendor in VENDORS}
    finally:
        router.stop()
        mock.stop()
    sys.exit(1 if report(results) else 0)


def tried(sdk, vendor, router, mock):
    outcomes = {}
    for case, stream in CASES:
        name = case.__name__ + ", streamed" * stream
        failure = failure_of(sdk, router, vendor.name, case, stream)
        outcomes[name] = "FAIL" if failure else "ok"
        if failure and sdk.name == vendor.name and failure == failure_of(sdk, mock, vendor.model, case, stream):
            outcomes[name] = "-"
        elif failure:
            print(f"FAIL {sdk.name} at {vendor.name}: {name}: {failure}")
    return outcomes


def failure_of(sdk, url, model, case, stream):
    try:
        case(sdk(url, model, Ask(tools=TOOLS if case is tools else [])), stream)
    except Exception as failure:
        return f"{type(failure).__name__}: {str(failure)[:500]}"
    return None


if __name__ == "__main__":
    main()
