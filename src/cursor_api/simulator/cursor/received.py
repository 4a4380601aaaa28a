"""A StreamChat request after it was decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cursor_api.simulator.cursor.messages import ChatAsk


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


def accepts_gzip(headers: Mapping[str, str]) -> bool:
    """Whether the client reads compressed frames."""
    named = headers.get("connect-accept-encoding", "")
    return "gzip" in {name.strip().lower() for name in named.split(",")}
