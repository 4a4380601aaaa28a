"""A request as it arrived, before and after it was decoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cursor_api.simulator.cursor.messages import ChatAsk

BEARER = "bearer "


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
        return value[len(BEARER) :].strip() if value.lower().startswith(BEARER) else ""

    @property
    def accepts_gzip(self) -> bool:
        """Whether the client reads compressed frames."""
        named = self.headers.get("connect-accept-encoding", "")
        return "gzip" in {name.strip().lower() for name in named.split(",")}


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """What is kept of a request. `ordinal` counts from 0 in the order of arrival.

    `ask` is empty where the body could not be decoded; `refusal` says why a request was refused.
    """

    ordinal: int
    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    credential: str = field(repr=False)
    ask: ChatAsk
    refusal: str = ""


def join_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header lines as a mapping; names in lower case, values as Latin-1."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
