"""What the agents have in common: a folder with files, a home of its own, one prompt."""

import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parents[1]
WORDS = {"a.txt": "tea", "b.txt": "rain", "c.txt": "moss"}
# One red pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


class Agent:
    """`name` is its command, `package` what npm calls it, `protocol` what it speaks."""

    name = package = protocol = ""

    def __init__(self, folder, url, key="sk-caller"):
        self.home, self.work = folder / "home", folder / "work"
        self.home.mkdir(parents=True)
        self.work.mkdir()
        self.url, self.key = url, key
        for name, word in WORDS.items():
            (self.work / name).write_text(f"{word}\n")

    @classmethod
    def command(cls):
        """Where it is; nothing where it cannot be had."""
        own = HERE / "node_modules" / ".bin" / cls.name
        return str(own) if own.exists() else shutil.which(cls.name)

    def run(self, alias, prompt, timeout=120):
        """What it says at last, and all that it printed."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "NO_COLOR": "1", "CI": "1"} | self.env(alias)
        done = subprocess.run(
            [self.command(), *self.arguments(alias, prompt)],
            cwd=self.work, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False,
        )
        return done.stdout, f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"

    def reads(self, ask, name):
        """The call with which it reads a file, of the tools that it offers."""
        raise NotImplementedError
