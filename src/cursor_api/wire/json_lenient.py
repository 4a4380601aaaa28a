"""Fields that are read when somebody asks: what is of the wrong type says nothing."""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from cursor_api.domain.content import CacheMark

_T = TypeVar("_T")

# Of a field that was not given; compared by identity.
NOTHING: Final = Raw(b"null")

# What a tool without parameters takes.
NO_ARGUMENTS: Final = b'{"type":"object","properties":{}}'
# In the spelling of Anthropic's API, from which clients have brought the marks into others.
CACHE_TTL_S: Final = {"5m": 300, "1h": 3600}


class _CacheIn(Struct, gc=False):
    type: str
    ttl: Raw = NOTHING


# A larger number cannot be a count of tokens.
_Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]

# What a field may be, for `find_value`.
TEXT: Final = msgspec.json.Decoder(str)
TEXTS: Final = msgspec.json.Decoder(tuple[str, ...])
FLAG: Final = msgspec.json.Decoder(bool)
NUMBER: Final = msgspec.json.Decoder(float)
WHOLE: Final = msgspec.json.Decoder(int)
COUNT: Final = msgspec.json.Decoder(_Positive)
ITEMS: Final = msgspec.json.Decoder(list[Raw])
_CACHE: Final = msgspec.json.Decoder(_CacheIn)


def find_value(decoder: msgspec.json.Decoder[_T], raw: Raw) -> _T | None:
    """The value, if it is one of this type. `raw` is of a body that was found well-formed."""
    if raw is NOTHING:
        return None
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        return None


def find_object(raw: Raw) -> bytes | None:
    """A JSON object as it was written; None for any other value."""
    written = bytes(raw)
    return written if written.startswith(b"{") else None


def find_cache_mark(raw: Raw) -> CacheMark | None:
    """`{"type": "ephemeral", "ttl": "1h"}`; None for anything else."""
    given = find_value(_CACHE, raw)
    if given is None or given.type != "ephemeral":
        return None
    return CacheMark(CACHE_TTL_S.get(find_value(TEXT, given.ttl) or ""))
