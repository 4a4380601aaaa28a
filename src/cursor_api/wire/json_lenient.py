"""Fields that are read when somebody asks: what is of the wrong type says nothing."""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Raw

_T = TypeVar("_T")
_BRACE: Final = ord("{")

# Of a field that was not given; compared by identity.
NOTHING: Final = Raw(b"null")

# What a tool without parameters takes.
NO_ARGUMENTS: Final = b'{"type":"object","properties":{}}'


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


def find_value(decoder: msgspec.json.Decoder[_T], raw: Raw) -> _T | None:
    """The value, if it is one of this type. `raw` is of a body that was found well-formed."""
    if raw is NOTHING:
        return None
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        return None


def find_objects(raw: Raw) -> list[Raw]:
    """The objects of a list; what else is in it says nothing, and costs nothing."""
    items = find_value(ITEMS, raw) or ()
    return [one for one in items if memoryview(one)[0] == _BRACE]


def find_object(raw: Raw) -> bytes | None:
    """A JSON object as it was written; None for any other value."""
    written = bytes(raw)
    return written if written.startswith(b"{") else None
