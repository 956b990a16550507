"""Claude Code."""

from said import Call

from .agent import Agent


class ClaudeCode(Agent):
    name, package, protocol = "claude", "@anthropic-ai/claude-code", "anthropic"

    def env(self, alias):
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_AUTH_TOKEN": self.key,
            "ANTHROPIC_MODEL": alias,
            "ANTHROPIC_SMALL_FAST_MODEL": alias,
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": alias,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
        }

    too_long = "(?i)prompt is too long|context limit"
    summarizes = "(?i)detailed summary of the conversation|summary of the conversation so far"

    def arguments(self, alias, prompt):
        return ["-p", prompt, "--output-format", "text", "--allowedTools", "Read,Bash"]

    def reads(self, ask, name, call=None):
        return Call("Read", {"file_path": str(self.work / name)}, call or f"call_{name[0]}")

    def compact(self, alias, prompt):
        told = [self.run(alias, said, more)[1] for said, more in ((prompt, ()), ("/compact", ("--continue",)))]
        said, last = self.run(alias, "Which words?", ("--continue",))
        return said, "\n".join([*told, last])
