"""The page that is scraped: what was counted, and how things stand at that moment."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final, NamedTuple

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from cursor_api import __version__
from cursor_api.pool.breaker import BreakerState
from cursor_api.ports.metrics import MetricsPage
from cursor_api.ports.records import WRITE_BOUNDS_S, RecordsState, WriteTimes
from cursor_api.service.credentials.report import State
from cursor_api.service.readiness import CredentialCounts, UpstreamStanding
from cursor_api.telemetry.metrics import PREFIX, Instruments

# What nobody who scrapes sends; the parser of the header is somebody else's.
ACCEPT_CHARS_MAX: Final = 1000


class Standing(NamedTuple):
    """How things stand. `limits` are refusals by the setting whose limit was reached."""

    under_way_count: int
    waiting_count: int
    credentials: CredentialCounts
    upstreams: Mapping[str, UpstreamStanding]
    records: RecordsState
    limits: Mapping[str, int]
    # Whether what nodes share can be reached; None where nothing is shared.
    is_shared_up: bool | None = None


class ScrapedMetrics:
    """Implements `ports.MetricsSource`. `look` is asked at each scrape, on the event loop."""

    def __init__(self, instruments: Instruments, look: Callable[[], Standing]) -> None:
        self._instruments = instruments
        self._look = look
        self._standing = _StandingCollector()
        instruments.registry.register(self._standing)

    async def page(self, accept: str) -> MetricsPage:
        """All of them. Writing them takes some ms, in which a thread of its own works."""
        self._standing.seen = self._look()
        encode, content_type = choose_encoder(accept[:ACCEPT_CHARS_MAX])
        body: bytes = await asyncio.to_thread(encode, self._instruments.registry)
        return MetricsPage(body, content_type)


class _StandingCollector(Collector):
    """Gives what was seen last."""

    def __init__(self) -> None:
        self.seen: Standing | None = None

    def collect(self) -> Iterable[Metric]:
        """The families; none before the first look, as the registry asks for their names."""
        return _families(self.seen) if self.seen is not None else ()


def _families(seen: Standing) -> Iterator[Metric]:
    yield InfoMetricFamily(
        f"{PREFIX}_build",
        "Which gateway this is.",
        {"version": __version__, "python": platform.python_version()},
    )
    yield _gauge("inflight", "Requests under way.", seen.under_way_count)
    yield _gauge("queue_waiting", "Requests that wait for a credential.", seen.waiting_count)
    credentials = GaugeMetricFamily(
        f"{PREFIX}_credentials", "Credentials by state.", labels=["state"]
    )
    for state in State:
        credentials.add_metric([state.value], seen.credentials.by_state.get(state.value, 0))
    yield credentials
    breakers = GaugeMetricFamily(
        f"{PREFIX}_breaker_open", "1 while an upstream is not asked.", labels=["route"]
    )
    for name, upstream in seen.upstreams.items():
        breakers.add_metric([name], float(upstream.state is BreakerState.OPEN))
    yield breakers
    limits = CounterMetricFamily(
        f"{PREFIX}_limit_refusals", "Refused because a limit was reached.", labels=["limit"]
    )
    for name, count in seen.limits.items():
        limits.add_metric([name], count)
    yield limits
    records = seen.records
    yield _gauge("records_spooled", "Records that wait to be written.", records.waiting_count)
    yield CounterMetricFamily(
        f"{PREFIX}_records_dropped", "Records that were given up.", records.dropped_count
    )
    yield _write_times(records.write_times)
    yield _gauge("database_up", "1 while records are written.", float(records.is_writing))
    if seen.is_shared_up is not None:
        yield _gauge(
            "shared_state_up", "1 while what nodes share is reached.", float(seen.is_shared_up)
        )


def _write_times(times: WriteTimes) -> HistogramMetricFamily:
    bounds = [*(f"{bound:g}" for bound in WRITE_BOUNDS_S), "+Inf"]
    return HistogramMetricFamily(
        f"{PREFIX}_record_write_seconds",
        "How long a batch of records took to be written.",
        buckets=list(zip(bounds, accumulate(times.counts), strict=True)),
        sum_value=times.total_s,
    )


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", about, value)
