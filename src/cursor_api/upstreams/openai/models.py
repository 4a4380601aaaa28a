"""A server's list of models."""

from __future__ import annotations

from typing import Any, Final, TypeGuard

import msgspec

from cursor_api.domain.catalog import Model
from cursor_api.domain.errors import Fault, FaultKind

# Longer than any name; a list is kept, and shown to everybody.
NAME_CHARS_MAX: Final = 200


def decode_models(body: bytes, owner: str) -> list[Model]:
    """`{"data": [{"id": …}]}`, or the bare list; raises Fault(PROTOCOL_ERROR) for what is none.

    `owner` owns those that nobody is named for. An entry without a usable name is passed over.
    """
    try:
        content: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        content = None
    listed = content.get("data") if isinstance(content, dict) else content
    if not isinstance(listed, list):
        raise Fault(FaultKind.PROTOCOL_ERROR, f"{owner} gave no list of models that can be read.")
    models: dict[str, Model] = {}
    for one in listed:
        name = one.get("id") if isinstance(one, dict) else None
        if _is_name(name):
            created, owned_by = one.get("created"), one.get("owned_by")
            models.setdefault(
                name,
                Model(
                    name,
                    owned_by if _is_name(owned_by) else owner,
                    created if type(created) is int and 0 <= created < 1 << 40 else 0,
                ),
            )
    return list(models.values())


def _is_name(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= NAME_CHARS_MAX and value.isprintable()
