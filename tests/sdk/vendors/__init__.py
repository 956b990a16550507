"""The vendors: one strict reader of requests and one writer of answers for each protocol."""

from .anthropic import Anthropic
from .bedrock import Bedrock
from .cohere import Cohere
from .gemini import Gemini
from .openai_chat import OpenAiChat
from .openai_responses import OpenAiResponses

VENDORS = [OpenAiChat, OpenAiResponses, Anthropic, Gemini, Bedrock, Cohere]
