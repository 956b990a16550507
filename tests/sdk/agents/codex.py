"""Codex."""

from said import Call

from .agent import Agent

CONFIG = """
model = "{alias}"
model_provider = "onwards"
{more}

[model_providers.onwards]
name = "Onwards"
base_url = "{url}/v1"
env_key = "ONWARDS_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 2
"""


class Codex(Agent):
    name, package, protocol = "codex", "@openai/codex", "openai_responses"

    too_long = "(?i)context window"
    overloaded = "at capacity"
    summarizes = "CONTEXT CHECKPOINT COMPACTION"
    full = 100_000
    more = ""

    def env(self, alias):
        home = self.home / ".codex"
        home.mkdir(exist_ok=True)
        (home / "config.toml").write_text(CONFIG.format(alias=alias, url=self.url, more=self.more))
        return {"CODEX_HOME": str(home), "ONWARDS_KEY": self.key}

    def arguments(self, alias, prompt):
        return ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt]

    def compact(self, alias, prompt):
        self.more = "model_auto_compact_token_limit = 20000"
        return self.run(alias, prompt)

    def looks(self, ask, name):
        return Call("view_image", {"path": str(self.work / name)}, f"call_{name[0]}")

    def reads(self, ask, name, call=None):
        call = call or f"call_{name[0]}"
        command = f"cat {name}"
        names = {tool.name: tool for tool in ask.tools}
        if "exec_command" in names:
            return Call("exec_command", {"cmd": command}, call)
        if "shell_command" in names:
            return Call("shell_command", {"command": command}, call)
        return Call("shell", {"command": ["bash", "-lc", command]}, call)
