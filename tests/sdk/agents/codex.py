"""Codex."""

from said import Call

from .agent import Agent

CONFIG = """
model = "{alias}"
model_provider = "onwards"

[model_providers.onwards]
name = "Onwards"
base_url = "{url}/v1"
env_key = "ONWARDS_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


class Codex(Agent):
    name, package, protocol = "codex", "@openai/codex", "openai_responses"

    def env(self, alias):
        home = self.home / ".codex"
        home.mkdir(exist_ok=True)
        (home / "config.toml").write_text(CONFIG.format(alias=alias, url=self.url))
        return {"CODEX_HOME": str(home), "ONWARDS_KEY": self.key}

    def arguments(self, alias, prompt):
        return ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt]

    def reads(self, ask, name):
        command = f"cat {name}"
        names = {tool.name: tool for tool in ask.tools}
        if "exec_command" in names:
            return Call("exec_command", {"cmd": command}, f"call_{name[0]}")
        if "shell_command" in names:
            return Call("shell_command", {"command": command}, f"call_{name[0]}")
        return Call("shell", {"command": ["bash", "-lc", command]}, f"call_{name[0]}")
