"""The router and what stands behind it, for clients with the documented settings.

It never gives a client a setting that the page does not name.
"""

import pathlib
import re
import subprocess

from play import Play
from router import Router, free_port
from said import Call, Error, Reply, Result, Text, Usage
from vendors.openai_chat import OpenAiChat

ROOT = pathlib.Path(__file__).resolve().parents[3]
KEY = "sk-caller-of-the-documented-clients"
ORIGIN_PORT = free_port()


def answers(ask):
    """A call of the first tool, then what it gave; without tools, a greeting."""
    results = ask.parts(Result)
    if results:
        return Reply([Text(f"It is {results[-1].text}.")])
    if ask.tools and "weather" in ask.text("user"):
        return Reply([Call(ask.tools[0].name, {"city": "Kyoto"}, "call_1")], finish="tools")
    return Reply([Text("Hello there.")], usage=Usage(9, 3, 0))


class Place:
    def __init__(self, folder, binary=None):
        self.folder = pathlib.Path(folder)
        self.page = (ROOT / "docs" / "clients.md").read_text()
        self.vendor, self.down = Play(OpenAiChat()), Play(OpenAiChat())
        self.vendor.begin(answers)
        self.down.begin(lambda _: Error(503, "overloaded"))
        self.certificates()
        auth = {"global_keys": [KEY], "key_definitions": {"signs": {"key": f"{KEY}-2"}}}
        self.plain = Router(self.targets(), binary, {"auth": auth, "cors": {"origins": [f"http://127.0.0.1:{ORIGIN_PORT}"]}})
        tls = {"cert": str(self.folder / "tls.crt"), "key": str(self.folder / "tls.key")}
        self.secure = Router(self.targets(), binary, {"auth": auth, "tls": tls})

    def targets(self):
        works = self.vendor.vendor.provider(self.vendor.url) | {"onwards_model": OpenAiChat.model, "name": "works"}
        gone = {"url": f"http://127.0.0.1:{free_port()}", "name": "gone"}
        fails = self.down.vendor.provider(self.down.url) | {"onwards_model": OpenAiChat.model, "name": "fails"}
        rate = {"requests_per_second": 1, "burst_size": 1}
        falls_back = {"strategy": "priority", "fallback": {"enabled": True}}
        return {
            "demo": falls_back | {"providers": [gone, works]},
            "limited": falls_back | {"providers": [works], "rate_limit": rate},
            "down": falls_back | {"providers": [fails]},
        }

    def certificates(self):
        """An authority of its own, and a certificate of localhost that it signed."""
        new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        ca = ["-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=Test authority", "-addext", "basicConstraints=critical,CA:TRUE"]
        leaf = ["-keyout", "tls.key", "-out", "tls.crt", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE"]
        for more in (ca, leaf + signed):
            subprocess.run([*new, *more], cwd=self.folder, check=True, capture_output=True)

    def filled(self, snippet):
        """The snippet, with this router's address and key in the place of the page's."""
        for documented, own in (
            ("http://127.0.0.1:3000", self.plain.url),
            ("https://gateway.example.com:3000", self.secure.url.replace("127.0.0.1", "localhost")),
            ("the-key-of-the-caller", KEY),
        ):
            snippet = snippet.replace(documented, own)
        assert "example.com" not in snippet and ":3000" not in snippet, snippet
        return snippet

    def wrong_lines(self):
        """What the routers logged beside starts, requests and the two providers that fail on purpose."""
        for router in (self.plain, self.secure):
            for line in router.told().splitlines():
                expected = re.search(r"provider=(gone|fails)\b|provider \"?(gone|fails)", line)
                if re.search(r"\b(ERROR|WARN)\b|panick", line) and not expected:
                    yield line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for router in (self.plain, self.secure):
            router.stop()
