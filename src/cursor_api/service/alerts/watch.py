"""Tells each alert once when it begins, and once when it is over.

Rules of this file:
- Nothing of a request waits for it: it looks by itself, every few seconds.
- An alert is over when it has not been seen for a while: a breaker that tries again, or a
  credential that fails now and then, is one alert.
- What cannot be delivered is tried a few times; then the log says so, once until one arrives.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from cursor_api.domain.alert import Alert, AlertChange, AlertKind
from cursor_api.domain.errors import Fault
from cursor_api.ports.process import Clock, Observer

LOOK_S: Final = 5.0
# Longer than a breaker waits between two tries, as a rule.
QUIET_S: Final = 60.0
# More are not read by anybody; those that wait longest are dropped.
WAITING_MAX: Final = 100
RETRY_AFTER_S: Final = (1.0, 5.0, 25.0)

Deliver = Callable[[AlertChange], Awaitable[None]]


class Alerts:
    """What holds, and since when it was not seen; pure."""

    def __init__(self) -> None:
        self._held: dict[tuple[AlertKind, str], tuple[Alert, float]] = {}

    def __repr__(self) -> str:
        return f"Alerts({len(self._held)})"

    def look(self, found: Iterable[Alert], now: float) -> list[AlertChange]:
        """What began and what is over, given all that holds at this time (unix seconds)."""
        changes = []
        for alert in found:
            key = (alert.kind, alert.subject)
            if key not in self._held:
                changes.append(AlertChange(alert, False, now))
            self._held[key] = (alert, now)
        over = [key for key, (_, seen_at) in self._held.items() if now - seen_at >= QUIET_S]
        changes += [AlertChange(self._held.pop(key)[0], True, now) for key in over]
        return changes


class AlertWatch:
    """Looks again and again, and delivers what changed; `deliver` None: nobody is told.

    `deliver` raises Fault where nothing arrived.
    """

    def __init__(
        self, find: Callable[[], Iterable[Alert]], clock: Clock, observer: Observer
    ) -> None:
        self._find = find
        self._clock = clock
        self._observer = observer
        self._alerts = Alerts()
        self._waiting: deque[AlertChange] = deque(maxlen=WAITING_MAX)
        self._has_failed = False
        self.deliver: Deliver | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self.deliver is None:
                continue
            self._waiting += self._alerts.look(self._find(), self._clock.now())
            while self._waiting and self.deliver is not None:
                await self._tell(self._waiting[0], self.deliver)
                self._waiting.popleft()

    async def _tell(self, change: AlertChange, deliver: Deliver) -> None:
        for wait_s in (*RETRY_AFTER_S, None):
            try:
                await deliver(change)
            except Fault as fault:
                if wait_s is None:
                    self._report(fault)
                    return
                await asyncio.sleep(wait_s)
            else:
                self._has_failed = False
                return

    def _report(self, fault: Fault) -> None:
        if not self._has_failed:
            self._has_failed = True
            self._observer.warn("alerts cannot be delivered", detail=fault.message)
