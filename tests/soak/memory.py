"""What streams, long answers and bombs keep of the process's memory.

Streams that are read, streams that are silent, answers of several megabytes read at full speed and
in one piece, and bytes that swell, from either side.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import sys
from collections.abc import AsyncIterator

from tests.soak.clients import Client, Sink, get, post
from tests.soak.figures import Figure, Size, command, exactly, say
from tests.soak.stand import (
    MEBIBYTE,
    GatewayProcess,
    chat,
    gateway,
    recorded_simulator,
    run_fast,
    simulator,
    watching,
)

LIVE_COUNT, IDLE_COUNT = 200, 1_000
PER_STREAM_BYTES_MAX = 64 * 1024
BOMB_GROWTH_BYTES_MAX = 32 * MEBIBYTE
# Ten minutes of text, of which some seconds are looked at.
LIVE = post(chat("/sim rate 20 + bytes 72000\nGo on.", is_stream=True))
IDLE = post(chat("/sim stall 3600 + after 1 + bytes 60\nWait.", is_stream=True))
FAST_COUNT = 8
LONG_BYTES, LONGER_BYTES = 500_000, 2_000_000
WHOLE_BYTES = 5_000_000
WHOLE_TIMES_MAX = 5.0
BOMB_COUNT = 5
BOMB_BYTES = 64 * MEBIBYTE
SETTLE_S = 1.0
LIMITS = {
    # More streams than are let in at once by default, to see what each costs.
    "GATEWAY_REQUESTS_MAX": "2000",
    "GATEWAY_CALLER_REQUESTS_MAX": "2000",
    "GATEWAY_STREAMS_MAX": "2000",
    "GATEWAY_BREAKER_FAILURES": "0",
    "GATEWAY_ATTEMPTS_MAX": "1",
}


def run(size: Size) -> list[Figure]:
    """Everything, each against a gateway of its own, so that nothing has grown before."""
    live_count = size.count(LIVE_COUNT, at_least=20)
    idle_count = size.count(IDLE_COUNT, at_least=50)
    look_s = size.seconds(10.0, at_least_s=2.0 if size.share > 0.01 else 1.0)
    figures = []
    for words, request, count in (
        ("live", LIVE, live_count),
        ("silent", IDLE, idle_count),
    ):
        say(f"memory: {count} {words} streams")
        with recorded_simulator() as url, gateway(url, LIMITS) as process:
            growth, later = run_fast(_streams(process, request, count, look_s))
        figures += [
            Figure(
                f"for each of {count} {words} streams",
                growth / count / 1024,
                "KiB",
                at_most=PER_STREAM_BYTES_MAX / 1024,
            ),
            Figure(f"more for each after {look_s:g} s", later / count / 1024, "KiB", at_most=4.0),
        ]
    return figures + _long_answers(size) + _bombs()


async def _streams(
    process: GatewayProcess, request: bytes, count: int, look_s: float
) -> tuple[int, int]:
    """Growth by so many streams that have begun, and what time adds to it; bytes."""
    await _warm_up(process)
    before = process.rss_bytes()
    async with _sinks(process, request, count):
        await asyncio.sleep(SETTLE_S)
        begun = process.rss_bytes()
        await asyncio.sleep(look_s)
        later = process.rss_bytes()
        assert await process.active_count() == count
    return begun - before, later - begun


@contextlib.asynccontextmanager
async def _sinks(process: GatewayProcess, request: bytes, count: int) -> AsyncIterator[list[Sink]]:
    """So many streams whose text has begun."""
    sinks = []
    try:
        for _ in range(count):
            sinks.append(await Sink.connect(process.port, request))
            await asyncio.sleep(0.002)
        async with asyncio.timeout(30):
            await asyncio.gather(*(sink.begun.wait() for sink in sinks))
        yield sinks
    finally:
        for sink in sinks:
            sink.leave()


async def _warm_up(process: GatewayProcess) -> None:
    """The first requests fill caches and pools that stay."""
    client = await Client.connect(process.port)
    for is_stream in (True, False) * 50:
        await client.ask(post(chat("/sim bytes 60\nHello!", is_stream=is_stream)))
    client.leave()


def _long_answers(size: Size) -> list[Figure]:
    """Answers as long as one likes: streamed they keep nothing, in one piece little more."""
    say("memory: long answers")
    share = 1.0 if size.share > 0.01 else 0.3
    growths = []
    for answer_bytes in (int(LONG_BYTES * share), int(LONGER_BYTES * share)):
        order = f"/sim bytes {answer_bytes} + batch 50\nGo on."
        with recorded_simulator() as url, gateway(url, LIMITS) as process:
            growths.append(run_fast(_read(process, post(chat(order, is_stream=True)), FAST_COUNT)))
    whole_bytes = int(WHOLE_BYTES * share)
    order = f"/sim bytes {whole_bytes} + batch 50\nGo on."
    with recorded_simulator() as url, gateway(url, LIMITS) as process:
        whole = run_fast(_read(process, post(chat(order, is_stream=False)), 1))
    megabytes = LONGER_BYTES * share / 1e6
    return [
        Figure(
            f"for each of {FAST_COUNT} streams of {megabytes:g} MB at full speed",
            growths[1] / FAST_COUNT / 1024,
            "KiB",
        ),
        Figure(
            "of it because they are not a quarter as long",
            (growths[1] - growths[0]) / FAST_COUNT / 1024,
            "KiB",
            at_most=PER_STREAM_BYTES_MAX / 1024,
        ),
        Figure(
            f"an answer of {whole_bytes / 1e6:g} MB in one piece, times its size",
            whole / whole_bytes,
            at_most=WHOLE_TIMES_MAX,
        ),
    ]


async def _read(process: GatewayProcess, request: bytes, count: int) -> int:
    """Growth while so many answers are read to their end."""
    await _warm_up(process)
    async with watching(process) as peak, _sinks(process, request, count) as sinks:
        async with asyncio.timeout(120):
            await asyncio.gather(*(sink.over.wait() for sink in sinks))
    return peak.growth_bytes


def _bombs() -> list[Figure]:
    """Bytes that swell a thousandfold, from the caller and from the upstream."""
    say("memory: bombs")
    packed = gzip.compress(chat(" " * BOMB_BYTES, is_stream=False), 9)
    requests = {
        "a caller's": (post(packed, {"Content-Encoding": "gzip"}), 413),
        "an upstream's": (post(chat("/sim bomb\nHello!", is_stream=False)), 502),
    }
    figures = []
    for whose, (request, status) in requests.items():
        with simulator() as url, gateway(url, LIMITS) as process:
            growth, statuses = run_fast(_explode(process, request))
        figures += [
            exactly(f"{whose} bombs of 64 MiB refused", statuses.count(status), BOMB_COUNT),
            Figure(
                "memory for them",
                growth / MEBIBYTE,
                "MiB",
                at_most=BOMB_GROWTH_BYTES_MAX / MEBIBYTE,
            ),
        ]
    return figures


async def _explode(process: GatewayProcess, request: bytes) -> tuple[int, list[int]]:
    await _warm_up(process)
    statuses = []
    async with watching(process) as peak:
        for _ in range(BOMB_COUNT):
            client = await Client.connect(process.port)
            statuses.append((await client.ask(request)).status)
            client.leave()
        client = await Client.connect(process.port)
        assert (await client.ask(get("/"))).status == 200
        client.leave()
    return peak.growth_bytes, statuses


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
