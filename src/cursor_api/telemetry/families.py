"""What was counted and how things stand, as the library writes them: loaded at the first scrape."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from msgspec import Struct
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from cursor_api import __version__
from cursor_api.pool.breaker import BreakerState
from cursor_api.ports.records import WRITE_BOUNDS_S, WriteTimes
from cursor_api.service.credentials.report import State
from cursor_api.telemetry.counting import Counts, Spreads
from cursor_api.telemetry.metrics import PREFIX, GatewayStanding, Instruments


class Form(Struct, frozen=True):
    """A text format of metrics."""

    encode: Callable[[CollectorRegistry], bytes]
    content_type: str


def choose_form(accept: str) -> Form:
    """The one that is wanted by the header of this name; "" is no header."""
    return Form(*choose_encoder(accept))


def write_page(form: Form, instruments: Instruments, seen: GatewayStanding) -> bytes:
    """All of them."""
    return write_families(form, (*map(as_family, instruments.families), *_families(seen)))


def write_families(form: Form, families: Iterable[Metric]) -> bytes:
    """These in their order."""
    registry = CollectorRegistry()
    registry.register(_Given(families))
    return form.encode(registry)


class _Given(Collector):
    """Gives what it has."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """See Collector."""
        return self._families


def as_family(counted: Counts | Spreads) -> Metric:
    """What was counted until now."""
    return _of_counts(counted) if isinstance(counted, Counts) else _of_spreads(counted)


def _of_counts(counts: Counts) -> Metric:
    family = CounterMetricFamily(counts.name, counts.about, labels=counts.label_names)
    for values, count in counts.list_children():
        family.add_metric(values, count.value)
    return family


def _of_spreads(spreads: Spreads) -> Metric:
    family = HistogramMetricFamily(spreads.name, spreads.about, labels=spreads.label_names)
    ends: list[str] = list(map(floatToGoString, (*spreads.bounds, float("inf"))))
    for values, spread in spreads.list_children():
        counts = accumulate(tuple(spread.counts))
        family.add_metric(values, list(zip(ends, counts, strict=True)), spread.total)
    return family


def _families(seen: GatewayStanding) -> Iterator[Metric]:
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
