"""Records in an SQLite file; what every store of records does is in the contract."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from cursor_api.domain.errors import FaultKind, StoreAwayError, StoreError
from cursor_api.domain.record_query import RecordFilter, RecordQuery, RefusalRow
from cursor_api.ports.record_database import Batch, Keeping
from cursor_api.stores.records.sums import SUMS_KEPT_S
from cursor_api.stores.sqlite import records as sqlite_records
from cursor_api.stores.sqlite.records import SqliteRecords
from tests.contract.test_records import ANY_TIME, EVERYTHING, FULL, HOUR, id_at, record
from tests.fakes import StillClock

DAY = 24 * 3600


@asynccontextmanager
async def opened(
    folder: Path, keeping: Keeping = EVERYTHING, clock: StillClock | None = None
) -> AsyncIterator[SqliteRecords]:
    """The one that every test here works on."""
    clock = clock or StillClock()
    records = SqliteRecords(folder / "log.sqlite3", keeping, clock.now)
    await records.open()
    yield records
    await records.close()


def batch(*seconds: float, name: str = "b") -> Batch:
    """Of requests that began then."""
    return Batch(name, [record(second) for second in seconds])


async def seconds_in(records: SqliteRecords) -> list[float]:
    """When the kept ones began, oldest first; a page ends early on a busy machine."""
    query, found = RecordQuery(rows_max=10_000), []
    while True:
        page = await records.page(query)
        found += [one.started_at - HOUR for one in page.records]
        if page.continue_from is None:
            return found[::-1]
        query = query._replace(before=page.continue_from)


async def tidy(records: SqliteRecords) -> int:
    """Until nothing is left to be done; gives how many steps that took."""
    steps = 1
    while await records.tidy():
        steps += 1
    return steps


async def test_every_batch_may_come_twice(tmp_path: Path) -> None:
    """And half of it with another one: whatever is written again counts once."""
    refusals = [RefusalRow(HOUR, FaultKind.UNAUTHENTICATED, 7)]
    first = Batch("b1", [FULL, record(1), record(1)], refusals)
    second = Batch("b2", [record(1), record(2)], refusals)
    async with opened(tmp_path) as records:
        for one in (first, first, second, first, second):
            await records.write(one)
        assert await records.count(RecordFilter()) == 3
        rows = await records.usage(ANY_TIME)
        assert [row.counts.request_count for row in rows] == [1, 2]
        assert [row.refused_count for row in await records.refusals(0, 2**40)] == [14]
    with closing(sqlite3.connect(tmp_path / "log.sqlite3")) as connection:
        assert connection.execute("SELECT rows_count FROM kept").fetchone() == (3,)


async def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """What cannot be bound to a statement is a bug, and costs nothing that is there."""
    bad = record(3, dialect=object())
    async with opened(tmp_path) as records:
        await records.write(batch(1))
        with pytest.raises(StoreError, match="cannot be written"):
            await records.write(Batch("b", [record(2), bad]))
        await records.write(batch(4))
        assert await seconds_in(records) == [1, 4]


async def test_two_gateways_may_write_to_one_file(tmp_path: Path) -> None:
    """The old and the new one during a restart."""
    async with opened(tmp_path) as one, opened(tmp_path) as other:
        await one.write(batch(0))
        await other.write(batch(1))
        await one.write(batch(2))
        assert await seconds_in(one) == await seconds_in(other) == [0, 1, 2]
    left = [path.name for path in tmp_path.iterdir()]  # noqa: ASYNC240 - of a test's own folder
    assert left == ["log.sqlite3"], "one whole file is left"


async def test_it_can_be_closed_and_go_on(tmp_path: Path) -> None:
    """It is opened when it is used."""
    async with opened(tmp_path) as records:
        await records.write(batch(0))
        await records.close()
        assert await seconds_in(records) == [0]
        await records.write(batch(1))
        assert await seconds_in(records) == [0, 1]


async def test_what_is_too_old_goes(tmp_path: Path) -> None:
    """What it added to the sums stays, for more than a year."""
    clock = StillClock()
    clock.seconds = HOUR + 40 * DAY
    async with opened(tmp_path, EVERYTHING._replace(days=30), clock) as records:
        await records.write(batch(0, 10 * DAY - 0.001, 10 * DAY, 11 * DAY))
        await records.write(
            Batch("b", [], [RefusalRow(HOUR, FaultKind.LOCKED_OUT, 1)]),
        )
        await tidy(records)
        assert await seconds_in(records) == [10 * DAY, 11 * DAY]
        assert sum(row.counts.answered_count for row in await records.usage(ANY_TIME)) == 4
        clock.seconds = HOUR + SUMS_KEPT_S + DAY
        await tidy(records)
        assert await seconds_in(records) == []
        assert [row.hour_at for row in await records.usage(ANY_TIME)] == [
            HOUR + 10 * DAY - 3600,
            HOUR + 10 * DAY,
            HOUR + 11 * DAY,
        ]
        assert list(await records.refusals(0, 2**40)) == []


async def test_more_than_so_many_go(tmp_path: Path) -> None:
    """The oldest, in steps that keep nobody waiting."""
    async with opened(tmp_path, EVERYTHING._replace(rows_max=10)) as records:
        await records.write(batch(*range(300)))
        assert await tidy(records) > 1
        assert await seconds_in(records) == list(range(290, 300))
        await records.write(batch(300))
        await tidy(records)
        assert await seconds_in(records) == list(range(291, 301))


class SteppedTime:
    """A clock by which each look at it takes so long."""

    def __init__(self, step_s: float) -> None:
        self.step_s, self.now = step_s, 0.0

    def perf_counter(self) -> float:
        """Later than before."""
        self.now += self.step_s
        return self.now


@pytest.mark.parametrize(("step_s", "rows_at_once"), [(0.021, 50), (0.0, 5000)])
async def test_a_step_is_as_long_as_others_can_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_s: float, rows_at_once: int
) -> None:
    """Some 20 ms: fewer rows where they take longer, and never more than 5,000."""
    monkeypatch.setattr(sqlite_records, "time", SteppedTime(step_s))
    async with opened(tmp_path, EVERYTHING._replace(rows_max=1)) as records:
        count = rows_at_once * 4
        await records.write(batch(*range(count)))
        gone = []
        while await records.tidy():
            left = await records.count(RecordFilter())
            gone.append(count - left)
            count = left
    assert max(gone) == rows_at_once


async def test_a_file_that_is_too_large_becomes_smaller(tmp_path: Path) -> None:
    """The oldest go, and their room goes back to the system."""
    bytes_max = 2 * 2**20
    async with opened(tmp_path, EVERYTHING._replace(bytes_max=bytes_max)) as records:
        for hour in range(3):
            made = [
                record(hour * 3600 + n / 2, error="x" * 500, model=f"m{n % 5}") for n in range(3000)
            ]
            await records.write(Batch("b", made))
        await records.close()
        before = (tmp_path / "log.sqlite3").stat().st_size
        assert before > 2 * bytes_max
        await tidy(records)
        newest = await seconds_in(records)
        assert newest[-1] == 2 * 3600 + 2999 / 2
        assert newest[0] > 3600
        await records.close()
        # A mebibyte stays, to be filled again.
        assert (tmp_path / "log.sqlite3").stat().st_size < bytes_max + 1.2 * 2**20


async def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    """Somebody has edited it."""
    async with opened(tmp_path) as records:
        await records.write(batch(0, 1))
        with closing(sqlite3.connect(tmp_path / "log.sqlite3")) as connection:
            connection.execute("UPDATE requests SET status = 'lost' WHERE id = ?", (id_at(1),))
            connection.commit()
        with pytest.raises(StoreError, match=rf"damaged: the request '{id_at(1)}'"):
            await records.page(RecordQuery())
        assert await records.find(id_at(0)) is not None


async def test_a_question_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next one is answered."""
    endless = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    )
    async with opened(tmp_path) as records:
        with monkeypatch.context() as hasty:
            hasty.setattr(sqlite_records, "QUESTION_S", 0.05)
            with pytest.raises(StoreAwayError, match="took longer than 0 s to answer: ask for"):
                await records.fetch(endless, {})
        assert await records.count(RecordFilter()) == 0
        assert repr(records).startswith("SqliteRecords('")
