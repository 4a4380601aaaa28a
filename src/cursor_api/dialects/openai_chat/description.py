"""OpenAI's chat completions in short, for the gateway's OpenAPI document.

Nothing is decoded with these types: schema.py has those.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from cursor_api.dialects.openai.models import ModelOut, ModelsOut
from cursor_api.ports.dialect import DialectDescription


class ChatMessage(Struct):
    """One turn: text, or parts of text and images. Further fields are as OpenAI has them."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None


class StreamOptions(Struct):
    """Whether the stream ends with the usage."""

    include_usage: bool | None = None


class ChatCompletionRequest(Struct):
    """OpenAI's request in short. Fields that are not named here are skipped."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[ChatMessage], Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None


DESCRIPTION = DialectDescription(
    summary="OpenAI's chat completions, streamed or not",
    request=ChatCompletionRequest,
    answers={
        "application/json": {"type": "object", "required": ["id", "object", "choices"]},
        "text/event-stream": {"type": "string"},
    },
    model=ModelOut,
    models=ModelsOut,
)
