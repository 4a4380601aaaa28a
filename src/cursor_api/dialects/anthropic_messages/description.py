"""Anthropic's messages in short, for the gateway's OpenAPI document.

Nothing is decoded with these types: schema.py has those.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from cursor_api.ports.dialect import DialectDescription
from cursor_api.wire.model_facts import ModelFacts


class InputMessage(Struct):
    """One turn: text, or blocks. Further fields are as Anthropic has them."""

    role: Literal["user", "assistant", "system"]
    content: str | list[dict[str, Any]]


class MessageRequest(Struct):
    """Anthropic's request in short; further fields are as Anthropic has them."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[InputMessage], Meta(min_length=1)]
    system: str | list[dict[str, Any]] | None = None
    max_tokens: int | None = None
    stream: bool | None = None


class ModelInfo(Struct):
    """A model as Anthropic describes one."""

    type: str
    id: str
    display_name: str
    created_at: str
    lifecycle: str
    max_input_tokens: int | None
    cursor_api: ModelFacts


class ModelInfos(Struct):
    """All models, always in one page."""

    data: list[ModelInfo]
    has_more: bool
    first_id: str | None
    last_id: str | None


class MessageErrorObject(Struct):
    """Anthropic's error object."""

    type: str
    message: str


class MessageErrorOut(Struct):
    """What went wrong; the message begins with the place of the request that it is about."""

    type: str
    error: MessageErrorObject


class CountOut(Struct):
    """How many tokens a request has. The header `x-token-count` says who counted."""

    input_tokens: int


DESCRIPTION = DialectDescription(
    summary="Anthropic's messages, streamed or not",
    request=MessageRequest,
    answers={
        "application/json": {"type": "object", "required": ["id", "type", "role", "content"]},
        "text/event-stream": {"type": "string"},
    },
    model=ModelInfo,
    models=ModelInfos,
    error=MessageErrorOut,
    id_headers=(b"x-request-id", b"request-id"),
    own_headers=(b"anthropic-version",),
)
