"""A request as it arrived, whichever kind of upstream it is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

BEARER_PREFIX = "bearer "


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A whole HTTP request. Header names are in lower case; a repeated header is joined.

    `is_oversized` says that the body was longer than the limit, and was thrown away.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_oversized: bool = False

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def credential(self) -> str:
        """The bearer token, empty when there is none."""
        value = self.headers.get("authorization", "")
        is_bearer = value.lower().startswith(BEARER_PREFIX)
        return value[len(BEARER_PREFIX) :].strip() if is_bearer else ""


def join_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header lines as a mapping; names in lower case, values as Latin-1."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
