"""Four times what the gateway can carry: it goes on carrying that, and tells the rest at once.

Three kinds: small requests to an upstream that takes its time, where the limit is the number of
requests under way; bodies of a megabyte, where memory is the concern; both of these come four times
as often as the gateway can answer, whatever became of those before. And requests to an upstream
that answers at once, where the processor is the limit: four times as many clients, which come back
when they were told to. Peak and overload take turns in one run. The process may not have more than
512 MiB of data.
"""

from __future__ import annotations

import resource
import statistics
import sys
from dataclasses import dataclass, field

from tests.soak.clients import post
from tests.soak.figures import Figure, Size, command, exactly, say
from tests.soak.load import Connections, Tally, keep_busy, percentile, pour
from tests.soak.stand import (
    MEBIBYTE,
    GatewayProcess,
    chat,
    gateway,
    recorded_simulator,
    run_fast,
    watching,
)

TIMES = 4
GOODPUT_MIN = 0.9
REFUSED_S_MAX = 0.05
WARM_UP_S = 1.0
ROUND_COUNT = 5
MEMORY_BYTES_MAX = 512 * MEBIBYTE
LONG_TEXT = "Read this, please. " * 55_000


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request, how long the upstream takes for it, how many may be under way."""

    name: str
    latency_s: float
    requests_max: int
    text: str = ""

    @property
    def request(self) -> bytes:
        """As it goes over the wire."""
        order = f"/sim first-text {self.latency_s:g} + bytes 60"
        return post(chat(f"{order}\nHello! {self.text}", is_stream=True))

    async def storm(self, connections: Connections, peak: float, window_s: float) -> Tally:
        """Four times as much."""
        if self.latency_s:
            return await pour(connections, self.request, TIMES * peak, window_s)
        return await keep_busy(connections, self.request, TIMES * self.requests_max, window_s)


KINDS = (
    Kind("small requests", 0.5, 100),
    Kind("bodies of 1 MB", 0.2, 20, LONG_TEXT),
    Kind("at full speed", 0.0, 32),
)


@dataclass(slots=True)
class Seen:
    """What the rounds of one kind have shown."""

    peaks: list[float] = field(default_factory=list)
    goodputs: list[float] = field(default_factory=list)
    offered: Tally = field(default_factory=Tally)
    rss_bytes: int = 0
    is_alive: bool = True


def run(size: Size) -> list[Figure]:
    """Both kinds, each against a gateway of its own."""
    figures = []
    round_count = ROUND_COUNT if size.share >= 1 else 1
    window_s = size.seconds(5.0, at_least_s=2.0 if size.share > 0.01 else 1.0)
    for kind in KINDS:
        limits = {"GATEWAY_REQUESTS_MAX": str(kind.requests_max)}
        with recorded_simulator() as url, gateway(url, limits) as process:
            resource.prlimit(
                process.process.pid, resource.RLIMIT_DATA, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX)
            )
            seen = run_fast(_rounds(process, kind, round_count, window_s))
        figures += _figures(kind, seen)
    return figures


async def _rounds(process: GatewayProcess, kind: Kind, round_count: int, window_s: float) -> Seen:
    seen = Seen()
    connections = Connections(process.port)
    request = kind.request
    await keep_busy(connections, request, kind.requests_max, WARM_UP_S)
    async with watching(process) as peak:
        for number in range(round_count):
            say(f"overload: {kind.name}, round {number + 1} of {round_count}")
            calm = await keep_busy(connections, request, kind.requests_max, window_s)
            seen.offered.wrong += calm.wrong
            seen.peaks.append(_per_second(calm, kind, window_s))
            storm = await kind.storm(connections, seen.peaks[-1], window_s)
            seen.goodputs.append(_per_second(storm, kind, window_s))
            seen.offered.good += storm.good
            seen.offered.refused += storm.refused
            seen.offered.wrong += storm.wrong
    connections.close()
    seen.rss_bytes = peak.highest_bytes
    seen.is_alive = process.is_alive()
    return seen


def _per_second(tally: Tally, kind: Kind, window_s: float) -> float:
    """Whole answers a second. The last to begin end one latency after the window."""
    return len(tally.good) / (window_s + kind.latency_s)


def _figures(kind: Kind, seen: Seen) -> list[Figure]:
    ratios = [after / before for before, after in zip(seen.peaks, seen.goodputs, strict=True)]
    refused = seen.offered.refused
    return [
        Figure(f"{kind.name}: peak", sum(seen.peaks) / len(seen.peaks), "a second"),
        Figure(
            f"{kind.name}: carried of that at {TIMES} times as many",
            statistics.median(ratios),
            at_least=GOODPUT_MIN,
            is_timing=True,
        ),
        Figure(f"{kind.name}: refused with Retry-After", len(refused), at_least=1),
        exactly(f"{kind.name}: neither whole nor refused", len(seen.offered.wrong), 0),
        Figure(
            f"{kind.name}: refused within, p99",
            percentile(refused, 0.99) * 1000,
            "ms",
            at_most=REFUSED_S_MAX * 1000,
            is_timing=True,
        ),
        Figure(
            f"{kind.name}: most memory",
            seen.rss_bytes / MEBIBYTE,
            "MiB",
            at_most=MEMORY_BYTES_MAX / MEBIBYTE,
        ),
        exactly(f"{kind.name}: alive under that cap", seen.is_alive, 1),
    ]


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
