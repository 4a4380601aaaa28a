"""What a simulator has done: answers under way, and how the finished ones went."""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from dataclasses import dataclass

from cursor_api.simulator.faults import Mishap


class PlayOutcome(enum.Enum):
    """How an answer went."""

    PLAYED = "played"  # to the end of its steps, whatever those were
    CLIENT_LEFT = "client_left"  # the other side closed before that


@dataclass(frozen=True, slots=True)
class PlayedAnswer:
    """One answer, after it ended. `body_bytes` counts what was written of its body."""

    ordinal: int
    outcome: PlayOutcome
    mishaps: frozenset[Mishap]
    body_bytes: int


class Ledger:
    """Counts connections and answers, and keeps how the last answers went."""

    def __init__(self, kept_max: int) -> None:
        self.played: deque[PlayedAnswer] = deque(maxlen=kept_max)
        self.active_count = 0
        self.connection_count = 0  # ever accepted
        self._idle = asyncio.Event()
        self._idle.set()

    def __repr__(self) -> str:
        return f"<Ledger {self.active_count} active, {len(self.played)} kept>"

    def begin(self) -> None:
        """An answer is under way."""
        self.active_count += 1
        self._idle.clear()

    def end(self, answer: PlayedAnswer) -> None:
        """It ended."""
        self.played.append(answer)
        self.active_count -= 1
        if not self.active_count:
            self._idle.set()

    async def wait_idle(self) -> None:
        """Return when no answer is under way."""
        await self._idle.wait()
