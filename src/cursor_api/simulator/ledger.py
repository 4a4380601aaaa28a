"""What a simulator has done: answers under way, and how the finished ones went."""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from dataclasses import dataclass

from cursor_api.simulator.faults import Mishap


class Outcome(enum.Enum):
    """How an answer went."""

    PLAYED = "played"  # to the end of its steps, whatever those were
    CLIENT_LEFT = "client_left"  # the other side closed before that


@dataclass(frozen=True, slots=True)
class Exchange:
    """One answer, after it ended. `body_bytes` counts what was written of its body."""

    ordinal: int
    outcome: Outcome
    mishaps: frozenset[Mishap]
    body_bytes: int


class Ledger:
    """Counts connections and answers, and keeps the last exchanges."""

    def __init__(self, kept_max: int) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=kept_max)
        self.active_count = 0
        self.connection_count = 0  # ever accepted
        self._idle = asyncio.Event()
        self._idle.set()

    def __repr__(self) -> str:
        return f"<Ledger {self.active_count} active, {len(self.exchanges)} kept>"

    def begin(self) -> None:
        """An answer is under way."""
        self.active_count += 1
        self._idle.clear()

    def end(self, exchange: Exchange) -> None:
        """It ended."""
        self.exchanges.append(exchange)
        self.active_count -= 1
        if not self.active_count:
            self._idle.set()

    async def wait_idle(self) -> None:
        """Return when no answer is under way."""
        await self._idle.wait()
