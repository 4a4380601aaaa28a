"""Requests that never were, for a log of records: at a pace, and a million of them at once."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from cursor_api.domain.deltas import FinishReason, Usage, UsageSource
from cursor_api.domain.errors import FaultKind, StoreAwayError
from cursor_api.domain.record import Attempt, RequestRecord, Status
from cursor_api.domain.record_query import RecordFilter, RecordQuery
from cursor_api.ports.record_database import Batch, RecordDatabase
from cursor_api.stores.records.log import RecordLog

PER_S: Final = 3_000
# As requests end: a few each time that the loop comes round.
STEP_S: Final = 0.005
BATCH_ROWS: Final = 750
TRIES_MAX: Final = 10
SPAN_S: Final = 29 * 24 * 3600.0
MODELS: Final = tuple(f"model-{number}" for number in range(20))
RARE_MODEL: Final = "model-rare"
CALLERS: Final = tuple(f"caller-{number}" for number in range(10))
CREDENTIALS: Final = tuple(f"work-{number}" for number in range(8))
PAUSE_S: Final = 0.02


class Page(NamedTuple):
    """A page that somebody looks at, and what it is called."""

    title: str
    query: RecordQuery


def pages(middle: str) -> Sequence[Page]:
    """What the console asks for; `middle` is the id of a request in the middle of the time."""

    def of(**wanted: object) -> RecordQuery:
        return RecordQuery(RecordFilter(**wanted))  # type: ignore[arg-type]

    return (
        Page("the newest", RecordQuery()),
        Page("what ended in 12 s", RecordQuery(ended_since=time.time() - 12)),
        Page("further back", RecordQuery(before=middle)),
        Page("of a model", of(model=MODELS[3])),
        Page("of a rare model", of(model=RARE_MODEL)),
        Page("of a model that never was", of(model="model-none")),
        Page("of a caller", of(caller=CALLERS[4])),
        Page("of a caller and a rare model", of(caller=CALLERS[4], model=RARE_MODEL)),
        Page("failed", of(status=Status.FAILED)),
        Page("with a text in the error", of(text="slow down")),
        Page("with a text that is in none", of(text="no such words")),
    )


def record_at(at: float, chance: random.Random) -> RequestRecord:
    """One that began then: 19 of 20 are answered, one of 2,000 is of the rare model."""
    is_failed = chance.random() < 0.05
    credential = chance.choice(CREDENTIALS)
    model = RARE_MODEL if chance.random() < 0.0005 else chance.choice(MODELS)
    attempt = Attempt(credential, at, FaultKind.RATE_LIMITED if is_failed else None, 250.0, "up")
    return RequestRecord(
        id=f"{int(at * 1000):012x}{os.urandom(10).hex()}",
        started_at=at,
        caller=chance.choice(CALLERS),
        model=model,
        is_stream=True,
        status=Status.FAILED if is_failed else Status.SUCCESS,
        credential_alias=credential,
        credential_masked="user…9xYz",
        error="The upstream says: slow down." if is_failed else None,
        error_kind=FaultKind.RATE_LIMITED if is_failed else None,
        usage=None if is_failed else Usage(1200, 350, UsageSource.UPSTREAM),
        first_delta_ms=None if is_failed else 250.0,
        duration_ms=2000.0,
        attempts=(attempt,),
        dialect="openai_chat",
        client="OpenAI/Python",
        endpoint="up",
        model_served=model,
        finish=None if is_failed else FinishReason.STOP,
    )


def _batches(count: int, until: float) -> Iterator[Batch]:
    chance = random.Random(1)
    for begun in range(0, count, BATCH_ROWS):
        numbers = range(begun, min(begun + BATCH_ROWS, count))
        rows = [record_at(until - SPAN_S + SPAN_S * number / count, chance) for number in numbers]
        yield Batch(f"{begun:032x}", rows)


async def fill(database: RecordDatabase, count: int, until: float) -> None:
    """So many requests over 29 days until then, oldest first."""
    await database.open()
    for batch in _batches(count, until):
        await _write(database, batch)


async def _write(database: RecordDatabase, batch: Batch) -> None:
    """As a log does: what a busy disk does not take in its time is written again."""
    for _ in range(TRIES_MAX):
        try:
            await database.write(batch)
        except StoreAwayError:
            await asyncio.sleep(1.0)
        else:
            return
    await database.write(batch)


class Pacer:
    """Records requests at `PER_S`. `late_ms` is how late the loop was, each time."""

    def __init__(self, record: Callable[[RequestRecord], None]) -> None:
        self._record = record
        self.count = 0
        self.late_ms: list[float] = []

    async def run(self) -> None:
        """Until it is cancelled; what was missed while the loop was busy is made up for."""
        chance = random.Random(2)
        began = due = time.perf_counter()
        while True:
            due += STEP_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            now = time.perf_counter()
            self.late_ms.append((now - due) * 1000)
            for _ in range(int((now - began) * PER_S) - self.count):
                self._record(record_at(time.time(), chance))
                self.count += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the context lasts."""
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


async def look(log: RecordLog, seconds: float, middle: str) -> dict[str, list[float]]:
    """Page after page, by turns; ms of each, by its title. Only the first page of each search."""
    taken: dict[str, list[float]] = {}
    ends_at = time.perf_counter() + seconds
    while time.perf_counter() < ends_at:
        for page in pages(middle):
            began = time.perf_counter()
            await log.page(page.query)
            taken.setdefault(page.title, []).append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(PAUSE_S)
    return taken
