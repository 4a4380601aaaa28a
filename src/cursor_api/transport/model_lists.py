"""An endpoint's list of models: `{"data": [{"id": …}]}`, in pages or in one piece."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, TypeGuard

import msgspec
from msgspec import Struct

from cursor_api.domain.catalog import Model
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import tell
from cursor_api.transport.answer import HttpAnswer

# The largest resellers' lists have half a megabyte.
LIST_BYTES_MAX: Final = 8 << 20
# Longer than any name; a list is kept, and shown to everybody.
NAME_CHARS_MAX: Final = 200
# The last second that has a date: client APIs write one.
_CREATED_MAX: Final = 253_402_300_799
# Anthropic's, OpenRouter's, Groq's and vLLM's.
_CONTEXT_NAMES: Final = ("max_input_tokens", "context_length", "context_window", "max_model_len")


class ModelPage(Struct, frozen=True):
    """`next_id` is what the next page follows, "" on the last one."""

    models: list[Model]
    next_id: str = ""


async def read_list(answer: HttpAnswer, owner: str) -> bytes:
    """The body of a good answer; raises Fault(PROTOCOL_ERROR) for one without an end."""
    body = await answer.read_whole(LIST_BYTES_MAX)
    if body is None:
        raise Fault(
            FaultKind.PROTOCOL_ERROR,
            tell("{owner} lists more models than can be read.", owner=owner),
        )
    return body


def decode_models(body: bytes, owner: str) -> ModelPage:
    """A page, or a bare list; raises Fault(PROTOCOL_ERROR) for what is none.

    `owner` owns those that nobody is named for. An entry without a usable name is passed over.
    """
    try:
        content: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        content = None
    listed = content.get("data") if isinstance(content, dict) else content
    if not isinstance(listed, list):
        raise Fault(
            FaultKind.PROTOCOL_ERROR,
            tell("{owner} gave no list of models that can be read.", owner=owner),
        )
    models: dict[str, Model] = {}
    for one in listed:
        name = one.get("id") if isinstance(one, dict) else None
        if _is_name(name):
            owned_by = one.get("owned_by")
            models.setdefault(
                name,
                Model(
                    name,
                    owned_by if _is_name(owned_by) else owner,
                    _created(one),
                    _context_count(one),
                ),
            )
    return ModelPage(list(models.values()), _next_id(content))


def _created(listed: dict[str, Any]) -> int:
    """Unix seconds, told so or as an ISO date; 0 where it is not told."""
    created = listed.get("created")
    if isinstance(listed.get("created_at"), str):
        try:
            created = int(datetime.fromisoformat(listed["created_at"]).timestamp())
        except (ValueError, OverflowError):
            created = 0
    return created if type(created) is int and 0 <= created <= _CREATED_MAX else 0


def _context_count(listed: dict[str, Any]) -> int | None:
    """How many tokens it takes in, under whichever name; None where it is not told."""
    counts = (listed.get(name) for name in _CONTEXT_NAMES)
    return next((count for count in counts if type(count) is int and count > 0), None)


def _next_id(content: Any) -> str:
    if not isinstance(content, dict) or content.get("has_more") is not True:
        return ""
    last = content.get("last_id")
    return last if _is_name(last) else ""


def _is_name(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= NAME_CHARS_MAX and value.isprintable()
