"""Choosing among credentials, as pure functions."""

from __future__ import annotations

from collections.abc import Callable


def find_round_robin(count: int, cursor: int, is_eligible: Callable[[int], bool]) -> int | None:
    """The first eligible position at or after `cursor`, wrapping once; None when there is none."""
    for step in range(count):
        position = (cursor + step) % count
        if is_eligible(position):
            return position
    return None
