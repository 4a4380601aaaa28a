"""Cache marks, in the spelling of Anthropic's API: clients have brought them into others."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from cursor_api.domain.content import CacheMark, Part, Thinking
from cursor_api.domain.value import replace
from cursor_api.wire.json_lenient import NOTHING, TEXT, find_value

CACHE_TTL_S: Final = {"5m": 300, "1h": 3600}
_TTLS: Final = {ttl_s: word for word, ttl_s in CACHE_TTL_S.items()}


class _CacheIn(Struct, gc=False):
    type: str
    ttl: Raw = NOTHING


_CACHE: Final = msgspec.json.Decoder(_CacheIn)


def find_cache_mark(raw: Raw) -> CacheMark | None:
    """`{"type": "ephemeral", "ttl": "1h"}`; None for anything else."""
    given = find_value(_CACHE, raw)
    if given is None or given.type != "ephemeral":
        return None
    return CacheMark(CACHE_TTL_S.get(find_value(TEXT, given.ttl) or ""))


def mark_last(parts: list[Part], raw: Raw) -> None:
    """Put a cache mark on what was said last; thinking has none."""
    mark = find_cache_mark(raw)
    last = parts[-1]
    if mark is not None and not isinstance(last, Thinking):
        parts[-1] = replace(last, cache=mark)


def write_cache_mark(mark: CacheMark | None) -> dict[str, object]:
    """The field of a mark; nothing for none."""
    if mark is None:
        return {}
    ttl = {"ttl": _TTLS[mark.ttl_s]} if mark.ttl_s in _TTLS else {}
    return {"cache_control": {"type": "ephemeral", **ttl}}
