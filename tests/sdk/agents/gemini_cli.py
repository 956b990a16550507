"""Gemini CLI."""

import json

from said import Call

from .agent import Agent


class GeminiCli(Agent):
    name, package, protocol = "gemini", "@google/gemini-cli", "gemini"

    too_long = "exceeds the maximum number of tokens"
    summarizes = "state_snapshot"
    doubles = True
    more = {}

    def env(self, alias):
        settings = self.home / ".gemini"
        settings.mkdir(exist_ok=True)
        # What it makes its conversation shorter with would else be a model of Google's.
        summarizer = {"chat-compression-default": {"modelConfig": {"model": alias}}}
        (settings / "settings.json").write_text(json.dumps({
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "privacy": {"usageStatisticsEnabled": False},
            "telemetry": {"enabled": False},
            "general": {"disableAutoUpdate": True, "disableUpdateNag": True},
            "modelConfigs": {"customAliases": summarizer},
        } | self.more))
        return {
            "GOOGLE_GEMINI_BASE_URL": self.url,
            "GEMINI_API_KEY": self.key,
            "GEMINI_MODEL": alias,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        }

    def arguments(self, alias, prompt):
        return ["-m", alias, "-y", "-p", prompt]

    def compact(self, alias, prompt):
        _, told = self.run(alias, prompt)
        self.more = {"model": {"compressionThreshold": 0.00001}}
        said, last = self.run(alias, "Which words?", ("--resume", "latest"))
        return said, f"{told}\n{last}"

    def reads(self, ask, name, call=None):
        tool = next((tool for tool in ask.tools if tool.name == "read_file"), None)
        known = (tool.schema.get("properties") or {}) if tool else {}
        field = next((field for field in ("file_path", "absolute_path", "path") if field in known), "file_path")
        return Call("read_file", {field: str(self.work / name)}, call or f"call_{name[0]}")
