"""All that is measured of one gateway, put together."""

from __future__ import annotations

import time
from collections.abc import Callable

from cursor_api.domain.record import RequestRecord
from cursor_api.ports.records import RefusalCounter
from cursor_api.telemetry.counted_refusals import CountedRefusals
from cursor_api.telemetry.loop_lag import watch_lag
from cursor_api.telemetry.metrics import GatewayStanding, Instruments, RequestMetrics
from cursor_api.telemetry.metrics_page import ScrapedMetrics
from cursor_api.telemetry.workers_metrics import WorkersMetrics


class Measuring:
    """`is_listed`: whether a model is of the catalogue. `look`: how things stand at a scrape."""

    def __init__(
        self, is_listed: Callable[[str], bool], look: Callable[[], GatewayStanding]
    ) -> None:
        self._instruments = Instruments()
        self._requests = RequestMetrics(self._instruments, is_listed)
        self.page = WorkersMetrics(ScrapedMetrics(self._instruments, look))

    def use(self, *, by_caller: bool) -> None:
        """Tell keys and credentials apart from now on, or do not."""
        self._requests.by_caller = by_caller

    def count(self, record: RequestRecord) -> None:
        """A request has ended."""
        self._requests.count(record)

    def refusals(self, inner: RefusalCounter) -> CountedRefusals:
        """A counter around another one, of what never becomes a request."""
        return CountedRefusals(inner, self._instruments)

    async def watch(self) -> None:
        """See how late the event loop is, until this is cancelled."""
        await watch_lag(self._instruments.loop_lag.observe, time.monotonic)
