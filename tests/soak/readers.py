"""Slow readers of long answers: what they cost the process, and what they cost everybody else.

Half of them take nothing at all, half a kilobyte a second. In one run and in turns, others are
timed without them and with them, over the same connections and at the same pace.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from tests.soak.clients import Client, Drip, post
from tests.soak.figures import Figure, Size, command, exactly, say
from tests.soak.load import percentile, until
from tests.soak.stand import (
    MEBIBYTE,
    GatewayProcess,
    chat,
    gateway,
    recorded_simulator,
    run_fast,
    watching,
)

READER_COUNT = 200
# Some frames to an HTTP chunk, as a busy upstream sends them.
ORDER = "/sim bytes {} + batch 50\nGo on."
SHORT_ANSWER = post(chat("/sim bytes 60\nHello!", is_stream=True))
SIP_BYTES = 1024
OTHERS_COUNT = 8
OTHERS_PAUSE_S = 0.05
GROWTH_BYTES_MAX = 64 * MEBIBYTE
P99_RATIO_MAX = 1.5
# Long after the first byte of an answer is due, even on a machine that does much else.
PATIENCE_S = 20.0
# From the last of the time-outs to the gateway's own word that nothing is under way.
CUT_MARGIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How many readers, how often, for how long."""

    reader_count: int
    round_count: int
    window_s: float
    write_timeout_s: float
    warm_up_s: float = 1.0
    answer_bytes: int = 5_000_000

    @property
    def request(self) -> bytes:
        """What a slow reader asks."""
        return post(chat(ORDER.format(self.answer_bytes), is_stream=True))

    @classmethod
    def of(cls, size: Size) -> Plan:
        """The plan of that size. The readers fill their buffers in half of the time-out."""
        reader_count = size.count(READER_COUNT, at_least=10)
        if size.share >= 1:
            return cls(reader_count, 5, 5.0, 12.0)
        return cls(max(reader_count, 40), 1, 3.0, 8.0) if size.share > 0.01 else TINY_PLAN


TINY_PLAN = Plan(10, 1, 0.5, 1.5, warm_up_s=0.2, answer_bytes=500_000)


@dataclass(slots=True)
class Seen:
    """What the rounds have shown; times in seconds, sizes in bytes."""

    without: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    growths: list[int] = field(default_factory=list)
    live_counts: list[int] = field(default_factory=list)
    left_counts: list[int] = field(default_factory=list)
    cut_after: list[float] = field(default_factory=list)


def run(size: Size) -> list[Figure]:
    """All rounds against one gateway."""
    plan = Plan.of(size)
    limits = {"GATEWAY_WRITE_TIMEOUT_S": str(plan.write_timeout_s)}
    with recorded_simulator() as url, gateway(url, limits) as process:
        seen = run_fast(_rounds(process, plan))
    readers = plan.reader_count
    return [
        exactly(
            f"slow readers of {plan.answer_bytes / 1e6:g} MB answers, all live",
            min(seen.live_counts),
            readers,
        ),
        Figure(
            f"memory for {readers} of them",
            max(seen.growths) / MEBIBYTE,
            "MiB",
            at_most=GROWTH_BYTES_MAX / MEBIBYTE,
        ),
        Figure("for each", max(seen.growths) / readers / 1024, "KiB"),
        Figure("others' p99 without them", percentile(seen.without, 0.99) * 1000, "ms"),
        Figure(
            "others' p99 beside them, times that",
            percentile(seen.beside, 0.99) / percentile(seen.without, 0.99),
            at_most=P99_RATIO_MAX,
            is_timing=True,
        ),
        exactly("not cut after the write time-out", max(seen.left_counts), 0),
        Figure(
            f"cut after (time-out {plan.write_timeout_s:g} s)",
            max(seen.cut_after),
            "s",
            at_most=plan.write_timeout_s + CUT_MARGIN_S,
            is_timing=True,
        ),
    ]


async def _rounds(process: GatewayProcess, plan: Plan) -> Seen:
    seen = Seen()
    others = [await Client.connect(process.port) for _ in range(OTHERS_COUNT)]
    # The first requests fill caches and pools that stay; the first long answer has to be made.
    await _time_others(others, plan.warm_up_s)
    first = await Drip.connect(process.port, plan.request)
    while not first.received_bytes:
        first.sip(SIP_BYTES)
        await asyncio.sleep(0.02)
    first.close()
    await process.settled()
    for number in range(plan.round_count):
        say(f"readers: round {number + 1} of {plan.round_count}")
        seen.without += await _time_others(others, plan.window_s)
        async with watching(process) as peak, _slow_readers(process, plan) as drips:
            async with _sipping(drips):
                await _filled(drips, plan)
                seen.beside += await _time_others(others, plan.window_s)
                seen.live_counts.append(await process.active_count())
            stopped_at = asyncio.get_running_loop().time()
            seen.left_counts.append(await _left(process, plan))
            seen.cut_after.append(asyncio.get_running_loop().time() - stopped_at)
        seen.growths.append(peak.growth_bytes)
    for client in others:
        client.leave()
    return seen


@contextlib.asynccontextmanager
async def _slow_readers(process: GatewayProcess, plan: Plan) -> AsyncIterator[list[Drip]]:
    drips = [await Drip.connect(process.port, plan.request) for _ in range(plan.reader_count)]
    try:
        yield drips
    finally:
        for drip in drips:
            drip.close()


@contextlib.asynccontextmanager
async def _sipping(drips: Sequence[Drip]) -> AsyncIterator[None]:
    """Half of them take a little every second."""

    async def sip() -> None:
        while True:
            for drip in drips[::2]:
                drip.sip(SIP_BYTES)
                await asyncio.sleep(1 / len(drips))

    task = asyncio.create_task(sip())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _filled(drips: Sequence[Drip], plan: Plan) -> None:
    """Until every buffer on the way is as full as it gets, within half of the time-out."""
    loop = asyncio.get_running_loop()
    full_at = loop.time() + (plan.write_timeout_s - plan.window_s) / 2
    begun = await until(lambda: all(drip.received_bytes for drip in drips[::2]), PATIENCE_S)
    assert begun, "the answers have not begun"
    await asyncio.sleep(max(0.0, full_at - loop.time()))


async def _left(process: GatewayProcess, plan: Plan) -> int:
    """How many are still served when the time-out is over for all."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(plan.write_timeout_s + CUT_MARGIN_S):
            while await process.active_count():
                await asyncio.sleep(0.1)
    return await process.active_count()


async def _time_others(others: Sequence[Client], duration_s: float) -> list[float]:
    """Durations of short answers, each client asking again after a pause."""
    loop = asyncio.get_running_loop()
    over_at = loop.time() + duration_s

    async def ask_again(client: Client) -> list[float]:
        durations = []
        while loop.time() < over_at:
            reply = await client.ask(SHORT_ANSWER)
            assert reply.is_whole_stream, reply
            durations.append(reply.duration_s)
            await asyncio.sleep(OTHERS_PAUSE_S)
        return durations

    found = await asyncio.gather(*map(ask_again, others))
    return [duration for durations in found for duration in durations]


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
