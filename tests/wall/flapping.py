"""An endpoint that comes and goes for a minute, with callers that never stop asking.

The gateway's clocks can run faster than the machine's: its minute, and the time for which its
breaker stays open, pass in a few seconds then.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cursor_api.domain.errors import FaultKind
from cursor_api.options.said import Words
from cursor_api.simulator.faults import Faults
from tests.waiting import until
from tests.wall.house import CredentialHealth, House, open_house
from tests.wall.judge import SDK_ERRORS
from tests.wall.scenario import Cells, Report, Scenario, Shape, Special
from tests.wall.ways import RAW, SDK, Got, Way

# How many times as fast as real time in the tests.
FAST: Final = 20.0
# Of the gateway's seconds.
FLAPPING_S: Final = 60.0
UP_S: Final = 12.0
DOWN_S: Final = 8.0
BREAKER_OPEN_S: Final = 30.0
# Enough that five failures come in a row while the endpoint is down. The SDK, which is slow, has
# one caller: it is there to witness.
CALLER_COUNT: Final = 4
# What it takes to open the breaker, and how often that can happen in the time.
BREAKER_FAILURES: Final = 5
OPENINGS_MAX: Final = 3
# Of all requests a fifth may be tried again, and two from the start.
RETRY_SHARE: Final = 0.2
RETRY_RESERVE: Final = 2
ATTEMPTS_MAX: Final = 3
# In real seconds: between two requests of a caller, and for all to be well again.
PAUSE_S: Final = 0.02
PATIENCE_S: Final = 10.0

UP: Final = Faults()
# One after the other.
DOWNS: Final = (
    Faults(http_error=1, http_status=500),
    Faults(reset_before_headers=1),
    Faults(http_error=1, http_status=503),
)
# What is told through an open breaker.
UNAVAILABLE: Final = "upstream_unavailable"
# What a caller may be told while the endpoint is down.
HONEST: Final = {
    (502, "upstream_error"),
    (502, "upstream_unreachable"),
    (503, "upstream_overloaded"),
    (503, UNAVAILABLE),
}

STAGE: Final = Scenario(
    key="flapping",
    name=Words("the endpoint comes and goes for 60 s", "上游在 60 秒内时断时续"),
    # Without rows of their own, both meet what the simulator is set to.
    credentials={"work": (), "home": ()},
    steps=(),
    # Short, so that many requests fit into the time.
    text="Here again. 又好了。",
)


@dataclass(slots=True)
class Flapped:
    """What came of it, by one way of asking."""

    way: Way
    caller_count: int
    got: list[Got] = field(default_factory=list)
    attempt_count: int = 0
    failed_attempt_count: int = 0
    recovered_after_s: float | None = None
    health: CredentialHealth | None = None

    @property
    def whole_count(self) -> int:
        """Answers that were whole."""
        return sum(one.shape is Shape.WHOLE for one in self.got)


async def flap(way: Way, speed: float) -> Flapped:
    """Let callers ask for the whole minute, and then until an answer is whole again."""
    flapped = Flapped(way, 1 if way.is_sdk else CALLER_COUNT)
    async with open_house(STAGE, speed) as house:
        end_at, over = time.monotonic() + FLAPPING_S / speed, asyncio.Event()
        callers = [
            asyncio.create_task(_call(house, flapped, over)) for _ in range(flapped.caller_count)
        ]
        downs = itertools.cycle(DOWNS)
        while time.monotonic() < end_at:
            house.simulator.use_faults(UP)
            await asyncio.sleep(UP_S / speed)
            house.simulator.use_faults(next(downs))
            asked_count = len(flapped.got)
            await asyncio.sleep(DOWN_S / speed)
            if not way.is_sdk:
                # It is met so often that the breaker opens, on a busy machine as well.
                await _until_asked(flapped, asked_count + BREAKER_FAILURES + flapped.caller_count)
        over.set()
        await asyncio.gather(*callers)
        house.simulator.use_faults(UP)
        await _recover(house, flapped, BREAKER_OPEN_S / speed + PATIENCE_S)
        flapped.health = await house.health()
        flapped.attempt_count = len(house.simulator.requests)
        flapped.failed_attempt_count = sum(bool(one.mishaps) for one in house.simulator.played)
    return flapped


async def _until_asked(flapped: Flapped, count: int) -> None:
    await until(lambda: len(flapped.got) >= count, PATIENCE_S)


async def _call(house: House, flapped: Flapped, over: asyncio.Event) -> None:
    while not over.is_set():
        flapped.got.append(await flapped.way.ask(house.gateway, {}))
        await asyncio.sleep(PAUSE_S)


async def _recover(house: House, flapped: Flapped, patience_s: float) -> None:
    began = time.monotonic()
    while time.monotonic() - began < patience_s:
        got = await flapped.way.ask(house.gateway, {})
        flapped.got.append(got)
        if got.shape is Shape.WHOLE:
            flapped.recovered_after_s = time.monotonic() - began
            return
        await asyncio.sleep(PAUSE_S)


def judge_flapping(flapped: Flapped) -> Sequence[str]:
    """What is not as it must be."""
    found = sorted({one for got in flapped.got for one in _judge_one(got, flapped.way)})
    count = len(flapped.got)
    if not flapped.whole_count:
        found.append("no answer was whole, though the endpoint was up most of the time")
    if not flapped.failed_attempt_count:
        found.append("the endpoint was never met while it was down")
    if not flapped.way.is_sdk and not any(got.code == UNAVAILABLE for got in flapped.got):
        found.append("the breaker has never opened")
    # Each time it goes down the other credential's turn costs nothing, until the breaker opens.
    free_max = OPENINGS_MAX * (BREAKER_FAILURES + flapped.caller_count)
    if flapped.attempt_count > count * (1 + RETRY_SHARE) + RETRY_RESERVE + free_max:
        found.append(f"{flapped.attempt_count} attempts for {count} requests")
    # Whoever is under way when it goes down makes all of his attempts.
    failed_max = OPENINGS_MAX * (BREAKER_FAILURES + ATTEMPTS_MAX * flapped.caller_count)
    if flapped.failed_attempt_count > failed_max:
        found.append(f"{flapped.failed_attempt_count} attempts met the failure")
    if flapped.recovered_after_s is None:
        found.append("the endpoint was up again, and no answer was whole")
    if flapped.health is not None:
        found += _judge_rest(flapped.health, count)
    return [f"{flapped.way.name}: {one}" for one in found]


def _judge_one(got: Got, way: Way) -> list[str]:
    if got.shape is Shape.WHOLE:
        return [] if got.text == STAGE.text else ["an answer that looks whole has other text"]
    found = []
    if got.shape is Shape.BROKEN or (got.status, got.code) not in HONEST:
        found.append(f"{got.shape.value} with {got.status} {got.code}")
    if way.is_sdk and got.error != SDK_ERRORS.get(got.status):
        found.append(f"the SDK raised {got.error}")
    if got.headers is not None and (got.status == 503) != ("retry-after" in got.headers):
        found.append(f"Retry-After is {got.headers.get('retry-after')} with {got.status}")
    if got.attempts is not None and len(got.attempts) > ATTEMPTS_MAX:
        found.append(f"{len(got.attempts)} attempts for one request")
    if got.code == UNAVAILABLE and got.attempts:
        found.append("the upstream was asked through an open breaker")
    return found


def _judge_rest(health: CredentialHealth, count: int) -> list[str]:
    found = []
    if health.active_count or health.upstream_active_count:
        found.append("requests are still under way")
    if health.total_count != count:
        found.append(f"{health.total_count} requests were counted, of {count}")
    if health.is_breaker_open:
        found.append("the breaker is open")
    for alias, credential in health.credentials.items():
        causes = {one["cause"] for one in credential["cooldowns"]}
        if credential["active_count"] or causes - {FaultKind.CREDENTIAL_FAILING.value}:
            found.append(f"{alias} is still held, or rests because of {causes}")
    # Who failed where the other one was answered rests, and never both.
    if all(
        any(one["phase"] == "waiting" for one in credential["cooldowns"])
        for credential in health.credentials.values()
    ):
        found.append("all credentials rest")
    return found


WORDS: Final = Words(
    "whole answers, 502 and 503 with true codes; whole again when it is back",
    "完整的回答，以及如实的 502、503；恢复后重新完整",
)
CELLS: Final = Cells(
    WORDS,
    WORDS,
    Words(
        "≤ 3 a request, ≤ 1.2 on average but for the other credential's turn",
        "每个请求 ≤ 3 次，平均 ≤ 1.2 次（不计换用另一凭据）",
    ),
)


async def run_flapping(speed: float = FAST) -> Report:
    """All ways of asking side by side."""
    flapped = await asyncio.gather(*(flap(way, speed) for way in (*RAW, *SDK)))
    return Report(CELLS, tuple(one for each in flapped for one in judge_flapping(each)))


FLAPPING: Final = Special(key=STAGE.key, name=STAGE.name, run=run_flapping)
