"""The agents, with the page's settings and no others beside what keeps them from asking their makers."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from .node import MODULES
from .place import KEY
from .python import Use

QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "GEMINI_CLI_TRUST_WORKSPACE": "true",
    "NO_COLOR": "1",
    "CI": "1",
}


class AgentUse(Use):
    command, patience = "", 60
    cases = ["whole", "failing_provider", "abandons"]
    arguments = []

    def made(self):
        self.home = pathlib.Path(tempfile.mkdtemp(dir=self.place.folder))
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home)} | QUIET | self.settings()

    def settings(self):
        return dict(re.findall(r"^export (\w+)=(.*)$", self.snippet, re.MULTILINE))

    @classmethod
    def program(cls):
        own = MODULES / ".bin" / cls.command
        return str(own) if own.exists() else shutil.which(cls.command)

    @classmethod
    def is_there(cls):
        return cls.program() is not None

    def begin(self, env):
        command = [self.program(), *self.arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=self.home, env=env, text=True, **pipes)

    def run(self, env=None):
        process = self.begin(env or self.env)
        try:
            out, err = process.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return process.returncode, out, err

    def whole(self):
        code, out, err = self.run()
        assert code == 0 and "Hello there." in out, f"{code}: {out}{err}"
        assert not re.search(r"(?i)\b(error|failed|retrying|reconnecting)\b", err), err

    def failing_provider(self):
        """It tells its user, and ends."""
        env = {name: "down" if text == "demo" else text for name, text in self.env.items()}
        code, out, err = self.run(self.elsewhere(env))
        assert code != 0 or re.search(r"(?i)503|overloaded|unavailable|at capacity|error", out + err), f"{code}: {out}{err}"

    def elsewhere(self, env):
        return env

    def abandons(self):
        process = self.begin(self.env)
        try:
            process.wait(1.5)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait(20)
        self.whole()


class ClaudeCode(AgentUse):
    name = command = "claude"
    arguments = ["-p", "Hello"]
    # It repeats a 503 for minutes, whoever says it.
    cases = ["whole", "abandons"]


class Codex(AgentUse):
    name = command = "codex"
    arguments = ["exec", "--skip-git-repo-check", "Hello"]

    def settings(self):
        self.configure(self.snippet)
        return {"ONWARDS_KEY": KEY}

    def configure(self, text):
        folder = self.home / ".codex"
        folder.mkdir(exist_ok=True)
        (folder / "config.toml").write_text(text)

    def elsewhere(self, env):
        self.configure(self.snippet.replace('model = "demo"', 'model = "down"'))
        return env

    def abandons(self):
        self.configure(self.snippet)
        super().abandons()


class GeminiCli(AgentUse):
    name = command = "gemini"
    arguments = ["-p", "Hello"]
    # It repeats a 503 for minutes, whoever says it.
    cases = ["whole", "abandons"]

    def settings(self):
        folder = self.home / ".gemini"
        folder.mkdir()
        (settings,) = re.findall(r"```json answer\n(\{ \"security\".*?)```", self.place.page, re.DOTALL)
        (folder / "settings.json").write_text(json.dumps(json.loads(settings) | {"privacy": {"usageStatisticsEnabled": False}}))
        return super().settings()


AGENTS = {"Claude Code": ClaudeCode, "Codex": Codex, "Gemini CLI": GeminiCli}
