"""A clock that nobody waits for: what is to happen, in the order of its moments."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

START = 1_800_000_000.0


class World:
    """Implements `Clock` for all nodes; moved by `run_until` alone."""

    def __init__(self) -> None:
        self._now = START
        self._due: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        # Of two things at the same moment the one that was planned first comes first.
        self._numbers = itertools.count()

    def now(self) -> float:
        """Unix seconds."""
        return self._now

    monotonic = now

    def after(self, seconds: float, call: Callable[..., None], *arguments: Any) -> None:
        """Have it happen then."""
        due = (self._now + seconds, next(self._numbers), call, arguments)
        heapq.heappush(self._due, due)

    def run_for(self, seconds: float) -> None:
        """All that is due until then, and what comes of it."""
        until, due = self._now + seconds, self._due
        while due and due[0][0] <= until:
            self._now, _, call, arguments = heapq.heappop(due)
            call(*arguments)
        self._now = until
