"""Where a reply ends before it has said all: at so many tokens, or at a text."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from cursor_api.simulator.model.asks import Reply
from cursor_api.simulator.model.tokens import BYTES_PER_TOKEN, count_tokens


class End(enum.Enum):
    """Why a reply ended."""

    DONE = "done"
    CALLS = "calls"
    LENGTH = "length"
    STOP_TEXT = "stop text"


class Limited(NamedTuple):
    """A reply as far as it goes; `stop_text` is the text that ended it."""

    reply: Reply
    end: End
    stop_text: str | None = None


def limit(reply: Reply, tokens_max: int | None, stop_texts: Sequence[str] = ()) -> Limited:
    """What the limits leave of a reply. Calls are never cut."""
    text, stop_text = _before(reply.text, stop_texts)
    if tokens_max is not None and count_tokens(reply.thoughts + text) > tokens_max:
        thoughts = _first(reply.thoughts, tokens_max)
        text = _first(text, tokens_max - count_tokens(thoughts))
        return Limited(Reply(thoughts, text), End.LENGTH)
    if stop_text is not None:
        return Limited(replace(reply, text=text), End.STOP_TEXT, stop_text)
    return Limited(reply, End.CALLS if reply.calls else End.DONE)


def _before(text: str, stop_texts: Sequence[str]) -> tuple[str, str | None]:
    """The text before the first of these, and which it is."""
    found = [(text.find(stop), stop) for stop in stop_texts if stop and stop in text]
    if not found:
        return text, None
    at, stop = min(found)
    return text[:at], stop


def _first(text: str, tokens: int) -> str:
    return text.encode()[: max(0, tokens) * BYTES_PER_TOKEN].decode(errors="ignore")
