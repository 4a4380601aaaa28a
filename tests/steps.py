"""Doing work that comes in steps, in one go or step by step."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

_T = TypeVar("_T")


def finish(steps: Generator[None, None, _T]) -> _T:
    """All of it at once."""
    return count_steps(steps)[0]


def count_steps(steps: Generator[None, None, _T]) -> tuple[_T, int]:
    """What it comes to, and in how many steps."""
    count = 1
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: _T = stop.value
            return result, count
        count += 1
