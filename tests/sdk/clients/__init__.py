"""The vendors' own SDKs behind one face: say, give results, hear the answer.

Each keeps its history in its own types, as its users do, and answers as `said.Reply`. None retries.
"""

from .anthropic import AnthropicSdk
from .bedrock import Boto
from .cohere import CohereSdk
from .gemini import GoogleGenAi
from .openai_chat import OpenAiChatSdk
from .openai_responses import OpenAiResponsesSdk

CLIENTS = [OpenAiChatSdk, OpenAiResponsesSdk, AnthropicSdk, GoogleGenAi, Boto, CohereSdk]
