"""The keys that seal credentials: what one looks like, and several of them in one setting."""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.options.kinds import Kind, header_secret
from cursor_api.options.said import tell

# 256 bits.
KEY_BYTES: Final = 32
# The new one and the one before it are enough; each is tried by its id.
KEYS_MAX: Final = 5

_KEY: Final = re.compile(rf"[0-9a-fA-F]{{{2 * KEY_BYTES}}}")
_SEPARATORS: Final = re.compile(r"[,\s]+")


def sealing_keys() -> Kind:
    """Keys of 64 hexadecimal digits, commas or line ends between them; gives a tuple of Secret.

    The first one seals, all of them open what is sealed.
    """
    return replace(
        header_secret(),
        label="secret keys of 64 hexadecimal digits, comma between",
        # One that is printed somewhere would be used by somebody.
        examples=(),
        parse=read_keys,
        show=_show,
        toml_types=(list,),
    )


def read_keys(text: str) -> tuple[Secret, ...]:
    """The keys in a text. Raises ValueError with words that do not show it."""
    given = [one for one in _SEPARATORS.split(text) if one]
    for place, one in enumerate(given, start=1):
        if not _KEY.fullmatch(one):
            raise ValueError(
                tell(
                    "has no key in place {place}: one is 64 hexadecimal digits, and"
                    " `cursor-api token sealing-key` makes one",
                    place=place,
                )
            )
    if len(given) > KEYS_MAX:
        raise ValueError(tell("cannot have more than {count} keys", count=KEYS_MAX))
    return tuple(Secret(one.lower()) for one in given)


def _show(keys: tuple[Secret, ...]) -> str:
    return f"set ({len(keys)} key{'' if len(keys) == 1 else 's'}, hidden)"
