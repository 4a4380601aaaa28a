"""The keys of callers that stand in one setting, each perhaps with a name before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from cursor_api.domain.api_key import RESERVED_IDS
from cursor_api.domain.credential import NamedSecret, Secret
from cursor_api.options.kinds import Kind, header_secret
from cursor_api.options.said import tell

# All of them stay in memory; more of them call for a directory of users, not a list.
CLIENT_KEYS_MAX: Final = 1000


# Of its owner, in the log and on the pages.
_CLIENT_NAME: Final = re.compile(r"[A-Za-z0-9][\w.@-]{0,63}", re.ASCII)


def client_keys() -> Kind:
    """Secrets that travel in a header, commas between them, each perhaps with a name: `anna::key`.

    Gives a tuple of NamedSecret.
    """
    one = header_secret()

    def parse(text: str) -> tuple[NamedSecret, ...]:
        given = [key.strip() for key in text.split(",") if key.strip()]
        if len(given) > CLIENT_KEYS_MAX:
            raise ValueError(tell("cannot have more than {count} keys", count=CLIENT_KEYS_MAX))
        keys = tuple(
            _read_client_key(place, one.parse(key)) for place, key in enumerate(given, start=1)
        )
        _require_different(keys)
        return keys

    return replace(
        one,
        label="secret texts, each perhaps `name::` before it, comma between",
        examples=("a-long-random-text", "anna::a-long-random-text,another-random-text"),
        parse=parse,
        show=_show_client_keys,
        toml_types=(list,),
    )


def _read_client_key(place: int, text: Secret) -> NamedSecret:
    name, separator, key = text.reveal().partition("::")
    if not separator:
        return NamedSecret(name)
    name, key = name.strip(), key.strip()
    if not _CLIENT_NAME.fullmatch(name):
        raise ValueError(
            tell(
                "cannot have what stands before the `::` of number {place} as a name:"
                " letters, digits and _ . @ - are, up to 64",
                place=place,
            )
        )
    if RESERVED_IDS.fullmatch(name.lower()):
        raise ValueError(
            tell("cannot have the name of number {place}, which is the gateway's own", place=place)
        )
    if not key:
        raise ValueError(
            tell("cannot have a name alone: number {place} has nothing after its `::`", place=place)
        )
    return NamedSecret(key, name)


def _require_different(keys: Sequence[NamedSecret]) -> None:
    places: dict[str, int] = {}
    named: dict[str, int] = {}
    for place, key in enumerate(keys, start=1):
        first = places.setdefault(key.reveal(), place)
        if first != place:
            raise ValueError(
                tell(
                    "cannot have a key twice: number {place} is number {first} again, and"
                    " the log could not tell who called",
                    place=place,
                    first=first,
                )
            )
        if key.name and named.setdefault(key.name.lower(), place) != place:
            raise ValueError(
                tell(
                    "cannot have a name twice: that of number {place} is that of number {first}",
                    place=place,
                    first=named[key.name.lower()],
                )
            )


def _show_client_keys(keys: Sequence[NamedSecret]) -> str:
    names = ", ".join(key.name for key in keys if key.name)
    count = f"{len(keys)} key{'' if len(keys) == 1 else 's'}"
    return f"set ({count}, hidden{f': {names}' if names else ''})"
