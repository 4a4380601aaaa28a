"""Records in PostgreSQL; what every store of records does is in the contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record_query import ALL, RecordQuery, RefusalRow
from cursor_api.ports.record_database import Batch, Keeping
from cursor_api.stores.postgres import records as postgres_records
from cursor_api.stores.postgres.records import PostgresRecords
from cursor_api.stores.records.spooled import SpooledRecords
from cursor_api.stores.records.sums import SUMS_KEPT_S
from cursor_api.stores.sqlite.records import SqliteRecords
from tests.contract.test_records import (
    ANY_TIME,
    EVERYTHING,
    FULL,
    HOUR,
    forget_all,
    id_at,
    record,
)
from tests.fakes import ListObserver, StillClock
from tests.records import Spoken
from tests.waiting import until

DAY = 24 * 3600


@asynccontextmanager
async def opened(
    url: Secret, keeping: Keeping = EVERYTHING, clock: StillClock | None = None
) -> AsyncIterator[PostgresRecords]:
    """One node."""
    records = PostgresRecords(url, keeping, (clock or StillClock()).now)
    await records.open()
    yield records
    await records.close()


@pytest.fixture(autouse=True)
async def empty(url: Secret) -> None:
    """Before each test."""
    await forget_all(url)


def batch(*seconds: float, name: str = "b") -> Batch:
    """Of requests that began then."""
    return Batch(name, [record(second) for second in seconds])


async def seconds_in(records: PostgresRecords) -> list[float]:
    """When the kept ones began, oldest first."""
    page = await records.page(RecordQuery(rows_max=10_000))
    return [one.started_at - HOUR for one in reversed(page.records)]


async def test_every_batch_may_come_twice(url: Secret) -> None:
    """From another node even: whatever is written again counts once."""
    refusals = [RefusalRow(HOUR, FaultKind.UNAUTHENTICATED, 7)]
    first = Batch("b1", [FULL, record(1), record(1)], refusals)
    second = Batch("b2", [record(1), record(2)], refusals)
    async with opened(url) as one, opened(url) as other:
        for node, written in ((one, first), (other, first), (one, second), (other, second)):
            await node.write(written)
        assert await one.count(ALL) == 3
        assert [row.counts.request_count for row in await one.usage(ANY_TIME)] == [1, 2]
        assert [row.refused_count for row in await one.refusals(0, 2**40)] == [14]
        assert await one.fetch("SELECT rows_count FROM cursor_api.kept", {}) == [(3,)]
        assert repr(one) == "PostgresRecords()"
        assert one.state() == (True, 0, 0)


async def test_many_nodes_write_at_once(url: Secret) -> None:
    """The same sums are theirs, and none waits for another in a circle."""
    models = ["a", "b", "c", "d", "e"]
    async with opened(url) as one, opened(url) as two, opened(url) as three:

        async def write(node: PostgresRecords, number: int) -> None:
            for step in range(10):
                made = [
                    record(number * 100 + step + place / 100, model=model)
                    for place, model in enumerate(models[::-1] if number % 2 else models)
                ]
                await node.write(Batch(f"{number}-{step}", made))

        await asyncio.gather(*(write(node, n) for n, node in enumerate((one, two, three))))
        assert await one.count(ALL) == 150
        counts = [row.counts.answered_count for row in await two.usage(ANY_TIME)]
        assert counts == [30] * len(models)


async def test_the_records_of_a_file_are_brought_over(url: Secret, tmp_path: Path) -> None:
    """Who begins with a file and moves here later names it as the one of bad times."""
    clock = StillClock()
    file = tmp_path / "log.sqlite3"
    earlier = SqliteRecords(file, EVERYTHING, clock.now)
    await earlier.open()
    refused = [RefusalRow(HOUR, FaultKind.UNAUTHENTICATED, 3)]
    said = [Spoken(id_at(2)).content()]
    await earlier.write(Batch("b", [record(1), record(2)], refused, said))
    await earlier.close()
    async with opened(url) as records:
        spool = SqliteRecords(file, EVERYTHING, clock.now)
        moved = SpooledRecords(records, spool, ListObserver(), retry_s=0.01)
        await moved.open()
        await until(lambda: not moved.state().spooled_count)
        assert await seconds_in(records) == [1, 2]
        assert list(await moved.refusals(0, 2**40)) == refused
        assert list(await moved.contents([id_at(2)])) == said
        assert sum(row.counts.answered_count for row in await moved.usage(ANY_TIME)) == 2
        await moved.close()


async def test_what_is_too_old_goes(url: Secret) -> None:
    """What it added to the sums stays, for more than a year."""
    clock = StillClock()
    clock.seconds = HOUR + 40 * DAY
    async with opened(url, EVERYTHING._replace(days=30), clock) as records:
        await records.write(batch(0, 10 * DAY - 0.001, 10 * DAY, 11 * DAY))
        while await records.tidy():
            pass
        assert await seconds_in(records) == [10 * DAY, 11 * DAY]
        assert sum(row.counts.answered_count for row in await records.usage(ANY_TIME)) == 4
        clock.seconds = HOUR + SUMS_KEPT_S + DAY
        while await records.tidy():
            pass
        assert len(await records.usage(ANY_TIME)) == 3


async def test_more_than_so_many_go(url: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest, some at a time, and one node at a time."""
    monkeypatch.setattr(postgres_records, "STEP_ROWS", 50)
    async with opened(url, EVERYTHING._replace(rows_max=10)) as records, opened(url) as other:
        await records.write(batch(*range(130)))
        assert [await records.tidy(), await records.tidy(), await records.tidy()] == [1, 1, 0]
        assert await seconds_in(records) == list(range(120, 130))
        assert await other.tidy() is False
        assert await other.count(ALL) == 10


async def test_more_than_so_much_goes(url: Secret) -> None:
    """By the size of the last rows: what the tables take is more after a deletion than before."""
    bytes_max = 100_000
    async with opened(url, EVERYTHING._replace(bytes_max=bytes_max)) as records:
        await records.write(Batch("b", [record(n / 10, error="x" * 1000) for n in range(1000)]))
        while await records.tidy():
            pass
        assert 50 < await records.count(ALL) < 100
