"""The clock of all that is waited for on connections: one timer for thousands of waits.

Whoever waits says until when; nobody sets a timer of his own, which would cost each read and each
request more than what it guards.
"""

from __future__ import annotations

import asyncio
import math
from typing import Protocol

# A look goes over all that is watched: a limit may be noticed so much later, and thousands of them
# that are over one after the other cost no look each.
LOOK_S = 0.05


class Watched(Protocol):
    """Something that is waited for until `deadline`, by the loop's clock; math.inf: it is not."""

    @property
    def deadline(self) -> float:
        """When it is too late."""
        ...

    def expire(self) -> None:
        """It is."""
        ...


class Watch:
    """Looks at all that is watched, at the moment of the next limit at the latest."""

    def __init__(self) -> None:
        self._watched: dict[Watched, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._look_at = math.inf
        self._looked_at = -math.inf

    def __repr__(self) -> str:
        return f"Watch({len(self._watched)})"

    def add(self, one: Watched, loop: asyncio.AbstractEventLoop) -> None:
        """Watch it until `discard`."""
        self._watched[one] = None
        self.expect(one.deadline, loop)

    def discard(self, one: Watched) -> None:
        """Watch it no more."""
        self._watched.pop(one, None)
        if not self._watched:
            self.close()

    def expect(self, deadline: float, loop: asyncio.AbstractEventLoop) -> None:
        """A limit was set: see that somebody looks when it is over."""
        if deadline >= self._look_at:
            return
        deadline = max(deadline, self._looked_at + LOOK_S)
        if deadline >= self._look_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._set(deadline, loop)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._look_at = math.inf

    def _set(self, look_at: float, loop: asyncio.AbstractEventLoop) -> None:
        self._look_at = look_at
        self._timer = loop.call_at(look_at, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        self._timer, self._look_at, self._looked_at = None, math.inf, now
        due = [one for one in self._watched if one.deadline <= now]
        for one in due:
            self.discard(one)
            one.expire()
        nearest = min((one.deadline for one in self._watched), default=math.inf)
        if nearest < math.inf:
            self.expect(nearest, loop)
