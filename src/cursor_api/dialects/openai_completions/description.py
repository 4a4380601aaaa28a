"""OpenAI's completions in short, for the gateway's OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from cursor_api.dialects.openai.models import ModelOut, ModelsOut
from cursor_api.ports.dialect import DialectDescription


class CompletionRequest(Struct):
    """OpenAI's request in short: one text. Fields that are not named here are skipped."""

    model: Annotated[str, Meta(min_length=1)]
    prompt: str | Annotated[list[str], Meta(min_length=1, max_length=1)]
    stream: bool | None = None
    echo: bool | None = None


DESCRIPTION = DialectDescription(
    summary="OpenAI's completions of a text, as before chat, streamed or not",
    request=CompletionRequest,
    answers={
        "application/json": {"type": "object", "required": ["id", "object", "choices"]},
        "text/event-stream": {},
    },
    model=ModelOut,
    models=ModelsOut,
)
