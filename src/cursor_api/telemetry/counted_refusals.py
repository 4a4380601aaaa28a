"""Where requests are refused before they are any: each is counted, and goes on to its store."""

from __future__ import annotations

from cursor_api.domain.errors import FaultKind
from cursor_api.ports.records import RefusalCounter
from cursor_api.telemetry.metrics import Instruments


class CountedRefusals:
    """Implements `ports.RefusalCounter` around another one."""

    def __init__(self, inner: RefusalCounter, instruments: Instruments) -> None:
        self._inner = inner
        self._refusals = instruments.refusals
        # These are watched, and shown from the beginning on.
        for fault in (FaultKind.UNAUTHENTICATED, FaultKind.LOCKED_OUT):
            self._refusals.labels(fault.value)

    def count_refusal(self, fault: FaultKind) -> None:
        """One more in both."""
        self._inner.count_refusal(fault)
        self._refusals.labels(fault.value).inc()
