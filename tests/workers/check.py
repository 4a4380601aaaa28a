"""Several workers under load: limits, rolls and kills, each often enough to be sure.

`make workers-check`; not part of the suite, which has each of them once.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests import serving
from tests.acceptance.background import upstream
from tests.acceptance.programs import Program, running, workers
from tests.acceptance.rolling import CHAT, body, load_on
from tests.waiting import until

KEY = "workers-key-0123456789"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
CALLER_COUNT = 6
ROLL_COUNT, KILL_COUNT = 5, 10
REPLACED, ALL_SERVE = "all workers have been replaced", "all workers serve"
ENDED = "a worker has ended and is started again"


@pytest.fixture
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A gateway with two workers."""
    folder = tmp_path_factory.mktemp("workers")
    (folder / ".token").write_text("a-token\n")
    command = [sys.executable, "-m", "cursor_api", "serve", "--port", "0", "--workers", "2"]
    with (
        upstream() as simulator,
        running(command, folder, {"AUTH_TOKEN": KEY, "CURSOR_BASE_URL": simulator.url}) as made,
    ):
        yield made


async def until_said(program: Program, words: str, count: int) -> None:
    """Wait for it."""
    await until(lambda: program.has_said(words, count), 60)


@pytest.mark.timeout(300)
async def test_rolls_under_load_fail_no_request(program: Program) -> None:
    """New connections, those in use, and streams: each is served by one or the other."""
    await until_said(program, ALL_SERVE, 1)
    async with load_on(program.port, KEY, CALLER_COUNT) as load:
        for number in range(ROLL_COUNT):
            program.process.send_signal(signal.SIGUSR2)
            await until_said(program, REPLACED, number + 1)
    assert load.failures == []
    assert min(load.counts.values()) > CALLER_COUNT
    print(f"{ROLL_COUNT} rolls, {dict(load.counts)} answers, 0 failed")  # noqa: T201 - what whoever runs it wants to know


@pytest.mark.timeout(300)
async def test_a_killed_worker_takes_its_own_requests_alone(program: Program) -> None:
    """What had begun there; whoever comes later is served, and within a second by a new one."""
    await until_said(program, ALL_SERVE, 1)
    killed_at: list[float] = []
    async with load_on(program.port, KEY, CALLER_COUNT) as load:
        for number in range(KILL_COUNT):
            await asyncio.sleep(0.5)
            one = workers(program)[number % 2]
            killed_at.append(time.monotonic())
            one.send_signal(signal.SIGKILL)
            await until_said(program, ENDED, number + 1)
            await until(lambda: len(workers(program)) >= 2, 30)
    lost = Counter(
        max((at for at in killed_at if at < began_at), default=0.0) for began_at, _ in load.failures
    )
    print(f"{KILL_COUNT} kills, {dict(load.counts)} answers, {len(load.failures)} failed")  # noqa: T201 - what whoever runs it wants to know
    # Each had at most one request of each caller.
    assert all(count <= 3 * CALLER_COUNT for count in lost.values()), load.failures


@pytest.mark.timeout(120)
async def test_two_hundred_at_once_with_room_for_fifty(program: Program) -> None:
    """Fifty are let in, whichever worker they come to."""
    await until_said(program, ALL_SERVE, 1)
    made = await serving.ask(
        *(program.port, "POST", "/api/keys"),
        headers=HEADERS,
        body=json.dumps({"id": "a", "name": "a", "limits": {"requests_per_day": 50}}).encode(),
    )
    own = HEADERS | {"Authorization": f"Bearer {made.json()['secret']}"}
    # The one that did not make it hears of it within two seconds.
    await asyncio.sleep(3)
    hello = body("Hello!", is_stream=False)
    asked = [serving.ask(program.port, "POST", CHAT, headers=own, body=hello) for _ in range(200)]
    statuses = Counter(one.status for one in await asyncio.gather(*asked))
    assert statuses == {200: 50, 429: 150}
