"""How often something may be asked by all who bring no key together."""

from __future__ import annotations

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.process import Clock


class Allowance:
    """So many at once, and so many a second in the long run; `refusal` says so to who comes more.

    The operator, who brings a key, is never kept waiting: an address asks for one first.
    """

    def __init__(self, clock: Clock, burst_count: int, per_s: float, refusal: str) -> None:
        self._clock = clock
        self._burst_count = burst_count
        self._per_s = per_s
        self._refusal = refusal
        self._left = float(burst_count)
        self._looked_at = clock.monotonic()

    def __repr__(self) -> str:
        return f"Allowance({self._left:.1f} of {self._burst_count} left)"

    def take(self) -> None:
        """One more; raises Fault(RATE_LIMITED) with the time until the next is allowed."""
        now = self._clock.monotonic()
        gained = (now - self._looked_at) * self._per_s
        self._looked_at = now
        self._left = min(self._left + gained, self._burst_count)
        if self._left < 1:
            raise Fault(
                FaultKind.RATE_LIMITED, self._refusal, retry_after_s=(1 - self._left) / self._per_s
            )
        self._left -= 1
