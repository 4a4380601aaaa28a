"""What the earlier program's later versions give at `POST /tokens/get`: tokens as JSON.

Their file `tokens.bin` is in a form of their own; this answer is the way out of it. Known are items
that are objects (`token` or `primary_token`, `checksum`, perhaps `alias`), alone or behind a number
and a name, and checksums that are texts or the two device ids by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cursor_api.wire.checksum import time_part

_BEGINS = (b"{", b"[")


def read_export(data: bytes) -> list[str | None] | None:
    """A line in the spelling of a token file for each item, None for an item that has no token.

    None for what is no such export.
    """
    if not data.lstrip().startswith(_BEGINS):
        return None
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError):
        return None
    items = found.get("tokens") if isinstance(found, dict) else found
    if not isinstance(items, list):
        return None
    return [_spell(item) for item in items]


def _spell(item: Any) -> str | None:
    alias, facts = "", item
    if isinstance(item, list) and item and isinstance(item[-1], Mapping):
        facts = item[-1]
        alias = next((one for one in item if isinstance(one, str)), "")
    if isinstance(facts, str):
        return facts
    if not isinstance(facts, Mapping):
        return None
    token = facts.get("primary_token") or facts.get("token")
    if not isinstance(token, str):
        return None
    named = facts.get("alias") or alias
    checksum = _spell_checksum(facts.get("checksum"))
    name = f"{named}::" if isinstance(named, str) and named else ""
    return f"{name}{token}{f',{checksum}' if checksum else ''}"


def _spell_checksum(given: Any) -> str:
    """The time part is made anew at each request; any will do."""
    if isinstance(given, str):
        return given
    if not isinstance(given, Mapping):
        return ""
    ids = [one for one in (given.get("first"), given.get("second")) if isinstance(one, str)]
    return time_part(0) + "/".join(ids) if ids else ""
