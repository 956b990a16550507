"""What the agents have in common: a folder with files, a home of its own, one prompt."""

import base64
import os
import pathlib
import re
import shutil
import subprocess

from play import turn_of
from said import Reply, Text, Usage

HERE = pathlib.Path(__file__).resolve().parents[1]
WORDS = {"a.txt": "tea", "b.txt": "rain", "c.txt": "moss"}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
LINE = "The quick brown fox jumps over the lazy dog, and so on.\n"


class Agent:
    """`name` is its command, `package` what npm calls it, `protocol` what it speaks, `too_long` how it tells the
    user that a conversation does not fit, `overloaded` that the vendor has no room, `summarizes` what it asks for when it makes one shorter."""

    name = package = protocol = ""
    too_long = overloaded = summarizes = "(?!)"
    # Whether it sends results twice where it takes a conversation up again: its own vendor refuses that.
    doubles = False
    # The tokens of a request after which it makes its conversation shorter by itself.
    full = 25

    def __init__(self, folder, url, key="sk-caller"):
        self.home, self.work = folder / "home", folder / "work"
        self.home.mkdir(parents=True)
        self.work.mkdir()
        self.url, self.key = url, key
        for name, word in WORDS.items():
            (self.work / name).write_text(f"{word}\n")
        for number in range(24):
            (self.work / f"big{number}.txt").write_text(LINE * 300)
        (self.work / "p.png").write_bytes(base64.b64decode(PIXEL))

    @classmethod
    def command(cls):
        """Where it is; nothing where it cannot be had."""
        own = HERE / "node_modules" / ".bin" / cls.name
        return str(own) if own.exists() else shutil.which(cls.name)

    def run(self, alias, prompt, more=(), timeout=120):
        """What it says at last, and all that it printed."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "NO_COLOR": "1", "CI": "1"} | self.env(alias)
        done = subprocess.run(
            [self.command(), *self.arguments(alias, prompt), *more],
            cwd=self.work, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False,
        )
        return done.stdout, f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"

    def reads(self, ask, name, call=None):
        """The call with which it reads a file, of the tools that it offers."""
        raise NotImplementedError

    def looks(self, ask, name):
        """The call with which it looks at a picture."""
        return self.reads(ask, name)

    def compact(self, alias, prompt):
        """Has it go through the loop, make its conversation shorter, and say what it found."""
        raise NotImplementedError

    def compacting(self):
        """What a vendor answers to that."""
        summary = "The words are tea-rain-moss."

        def play(ask):
            if re.search(self.summarizes, ask.text("user") + ask.system):
                return Reply([Text(f"<summary>{summary}</summary>")])
            if summary in ask.text("user"):
                return Reply([Text("RECALLED tea-rain-moss.")])
            if not ask.tools:
                return Reply([Text("ok")])
            reply = turn_of(self, ask)
            reply.usage = Usage(input=self.full)
            return reply

        return play
