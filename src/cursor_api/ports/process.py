"""What a running process gives: time, turns on the event loop, a word to the operator."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypeVar

from cursor_api.domain.problems import Notice

_T = TypeVar("_T")


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...


class Steps(Protocol):
    """Runs large work on the event loop in steps, which end at a `yield`; others go in between."""

    async def run(self, steps: Generator[None, None, _T]) -> _T:
        """What the work returns, or the exception that it raises."""
        ...


class Observer(Protocol):
    """Tells the operator what happened outside of requests."""

    def notice(self, event: str, /, **facts: object) -> None:
        """Something went as it should."""
        ...

    def warn(
        self, event: str | Notice, /, *, exc_info: BaseException | None = None, **facts: object
    ) -> None:
        """Something a person should look at; a notice can be said in another language.

        `exc_info` is a bug, which a log tells with its traceback.
        """
        ...
