"""The table of texts in an SQLite file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from cursor_api.domain.record_query import RecordFilter
from cursor_api.ports.record_database import Batch, RecordDatabase
from cursor_api.stores.records.content_rows import STEP_BYTES
from tests.contract.test_records import EVERYTHING, HOUR, id_at, record
from tests.fakes import StillClock
from tests.records import Spoken
from tests.unit.stores.sqlite.test_records import DAY, opened, tidy


def batch(*seconds: float, length: int = 10, name: str = "b") -> Batch:
    """Of requests that began then, with their texts."""
    contents = [Spoken(id_at(one), answer="x" * length).content() for one in seconds]
    return Batch(name, [record(one) for one in seconds], (), contents)


async def said_at(records: RecordDatabase, *seconds: float) -> list[float]:
    """Of which of these there are texts."""
    found = {one.id for one in await records.contents([id_at(one) for one in seconds])}
    return [one for one in seconds if id_at(one) in found]


def sizes(folder: Path) -> tuple[int, int]:
    """How much the texts are said to take, and how much they take."""
    with closing(sqlite3.connect(folder / "log.sqlite3")) as connection:
        (said,) = connection.execute("SELECT content_bytes FROM kept").fetchone()
        (real,) = connection.execute("SELECT coalesce(sum(size_bytes), 0) FROM contents").fetchone()
    return said, real


async def test_texts_count_once_and_go_with_their_rows(tmp_path: Path) -> None:
    """However often they come; no text is without its request."""
    async with opened(tmp_path) as records:
        for _ in range(2):
            await records.write(batch(1, 2, 3))
        stray = Spoken(id_at(9)).content()
        await records.write(Batch("c", [record(4)], (), [stray]))
        assert await said_at(records, 1, 2, 3, 4, 9) == [1, 2, 3]
        said, real = sizes(tmp_path)
        assert said == real > 3 * 10
        await records.remove([id_at(1)], ())
        assert await records.delete(RecordFilter(until=HOUR + 3), 9) == 1
        assert await said_at(records, 1, 2, 3) == [3]
        await records.delete(RecordFilter(caller="operator"), 9)
        assert sizes(tmp_path) == (0, 0)


async def write_long(database: RecordDatabase) -> None:
    """Twenty requests with texts of an eighth of what goes in one step; the first has far more."""
    await database.write(batch(0, length=2 * STEP_BYTES, name="first"))
    await database.write(batch(*range(1, 20), length=STEP_BYTES // 8))


async def delete_all(database: RecordDatabase) -> list[int]:
    """How many went in each step."""
    steps = []
    while gone := await database.delete(RecordFilter(), 100):
        steps.append(gone)
    return steps


async def test_long_texts_are_deleted_some_at_a_time(tmp_path: Path) -> None:
    """Others wait for a step, so that each is of few bytes; one of any length goes at last."""
    async with opened(tmp_path) as records:
        await write_long(records)
        assert await delete_all(records) == [1, 7, 7, 5]
        assert sizes(tmp_path) == (0, 0)


async def test_texts_that_are_too_old_go(tmp_path: Path) -> None:
    """Their requests stay; where those are kept for less, the texts are too."""
    clock = StillClock()
    clock.seconds = HOUR + 10 * DAY
    times = [number * 1000.0 for number in range(60)] + [4 * DAY]
    async with opened(tmp_path, EVERYTHING._replace(content_days=7), clock) as records:
        await records.write(batch(*times))
        assert await tidy(records) > 1
        assert await said_at(records, *times) == [4 * DAY]
        assert await records.count(RecordFilter()) == len(times)
        assert sizes(tmp_path)[0] == sizes(tmp_path)[1] > 0
    async with opened(tmp_path, EVERYTHING._replace(days=3, content_days=7), clock) as records:
        await tidy(records)
        assert sizes(tmp_path) == (0, 0)


async def test_requests_that_are_too_many_go_with_their_texts_some_at_a_time(
    tmp_path: Path,
) -> None:
    """However long those are; and so do texts that are too old."""
    clock = StillClock()
    clock.seconds = HOUR + 100
    few = EVERYTHING._replace(rows_max=5)
    async with opened(tmp_path, few, clock) as records:
        await records.write(batch(*range(25), length=STEP_BYTES // 5))
        assert await tidy(records) > 20 / 5
        assert await said_at(records, *range(25)) == list(range(20, 25))
    clock.seconds = HOUR + 10 * DAY
    async with opened(tmp_path, EVERYTHING._replace(content_days=7), clock) as records:
        await records.write(batch(*range(25, 35), length=STEP_BYTES // 5, name="c"))
        assert await tidy(records) >= 15 / 5
        assert sizes(tmp_path) == (0, 0)


async def test_texts_take_at_most_half_of_the_room(tmp_path: Path) -> None:
    """The oldest go, and no request does for their sake."""
    clock = StillClock()
    clock.seconds = HOUR + 100
    async with opened(tmp_path, EVERYTHING._replace(bytes_max=400_000), clock) as records:
        await records.write(batch(*range(60), length=5_000))
        await tidy(records)
        left = await said_at(records, *range(60))
        assert left == list(range(60 - len(left), 60))
        assert 30 < len(left) < 40
        assert await records.count(RecordFilter()) == 60
        assert sizes(tmp_path)[0] == sizes(tmp_path)[1] <= 200_000
