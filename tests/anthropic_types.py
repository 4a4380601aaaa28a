"""Anthropic's own types, asked whether requests and events are right."""

from __future__ import annotations

import json
from typing import Any

from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParams
from pydantic import TypeAdapter

# Models up to 4.6 take them, by the version of the API that is asked for; the newest client has no
# word for them.
_OLD = frozenset({"temperature", "top_p", "top_k"})
_EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
_REQUESTS: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)


def read_request(body: bytes) -> dict[str, Any]:
    """A request that has no field that Anthropic's types do not have, and all that they want."""
    asked: dict[str, Any] = json.loads(body)
    known = {name: value for name, value in asked.items() if name not in _OLD}
    assert _read(_REQUESTS.validate_json(body)) == known
    return asked


def check_event(event: dict[str, Any]) -> None:
    """An event of a stream as Anthropic writes it."""
    if event["type"] not in {"ping", "error"}:
        _EVENTS.validate_python(event)


def check_answer(answer: dict[str, Any]) -> None:
    """An answer in one piece as Anthropic writes it."""
    Message.model_validate(answer)


def _read(value: Any) -> Any:
    """What pydantic would read only when it is asked for."""
    if isinstance(value, dict):
        return {name: _read(inner) for name, inner in value.items()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return [_read(inner) for inner in value]
