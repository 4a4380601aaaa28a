"""Answers that are kept for their callers, as requests and client APIs speak of them."""

from __future__ import annotations

from typing import NamedTuple


class Thread(NamedTuple):
    """How a request hangs together with answers that are kept for their callers.

    `previous_id` is the answer that it goes on from. `is_kept` asks for its own to be kept, and
    `items` is then its input as JSON. Of its messages the first `head_count` are of this request
    alone.
    """

    previous_id: str | None = None
    is_kept: bool = False
    head_count: int = 0
    items: bytes = b""


class KeptPage(NamedTuple):
    """Which of an answer's items are wanted."""

    count_max: int = 20
    is_oldest_first: bool = False
    after: str | None = None
