"""The clients of `docs/clients.md`, by the headings there, in the order of the snippets."""

from .agents import AGENTS
from .node import AnthropicNode, Browser, OpenAiNode
from .python import AnthropicPython, Boto, ChatAnthropic, ChatGoogle, ChatOpenAi, GooglePython, OpenAiPython

BY_HEADING = {
    "OpenAI in Python": [OpenAiPython],
    "OpenAI in Node.js": [OpenAiNode],
    "Anthropic in Python": [AnthropicPython],
    "Anthropic in Node.js": [AnthropicNode],
    "Gemini in Python": [GooglePython],
    "Bedrock in Python": [Boto],
    "LangChain": [ChatOpenAi, ChatAnthropic, ChatGoogle],
    "Pages in a browser": [Browser],
} | {heading: [agent] for heading, agent in AGENTS.items()}
