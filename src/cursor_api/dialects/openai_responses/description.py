"""OpenAI's Responses in short, for the gateway's OpenAPI document.

Nothing is decoded with these types: schema.py has those.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from cursor_api.dialects.openai.models import ModelOut, ModelsOut
from cursor_api.ports.dialect import DialectDescription


class ResponseRequest(Struct):
    """OpenAI's request in short. Fields that are not named here are as OpenAI has them."""

    model: Annotated[str, Meta(min_length=1)]
    input: str | list[dict[str, Any]]
    instructions: str | None = None
    stream: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None


class InputTokensOut(Struct):
    """How many tokens a request has. The header `x-token-count` says who counted."""

    object: Literal["response.input_tokens"]
    input_tokens: int


DESCRIPTION = DialectDescription(
    summary="OpenAI's responses, streamed or not",
    request=ResponseRequest,
    answers={
        "application/json": {"type": "object", "required": ["id", "object", "output"]},
        "text/event-stream": {},
    },
    model=ModelOut,
    models=ModelsOut,
)
