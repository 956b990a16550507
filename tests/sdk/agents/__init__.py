"""The coding agents themselves, headless, as npm has them."""

from .claude_code import ClaudeCode
from .codex import Codex
from .gemini_cli import GeminiCli

AGENTS = [ClaudeCode, Codex, GeminiCli]
