"""Doing work that comes in steps, in one go or step by step."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import NoReturn, TypeVar

from cursor_api.domain.content import Message

_T = TypeVar("_T")


class LongConversation(tuple[Message, ...]):
    """Ten thousand messages that must not be looked at."""

    __slots__ = ()

    def __len__(self) -> int:
        return 10_000

    def __iter__(self) -> Iterator[Message]:
        raise AssertionError("it is walked through")

    def __getitem__(self, _at: object) -> NoReturn:
        raise AssertionError("it is looked into")


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
