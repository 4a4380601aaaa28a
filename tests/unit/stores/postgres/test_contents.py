"""The table of texts in PostgreSQL."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.record_query import RecordFilter
from cursor_api.ports.record_database import Batch
from cursor_api.stores.postgres import contents as postgres_contents
from cursor_api.stores.postgres.records import PostgresRecords
from tests.contract.test_records import EVERYTHING, HOUR, id_at, record
from tests.fakes import StillClock
from tests.records import Spoken
from tests.unit.stores.postgres.test_records import DAY, opened
from tests.unit.stores.sqlite.test_contents import batch, delete_all, said_at, write_long

SIZES = (
    "SELECT (SELECT content_bytes FROM cursor_api.kept),"
    " (SELECT coalesce(sum(size_bytes), 0) FROM cursor_api.contents)"
)


async def sizes(records: PostgresRecords) -> tuple[int, int]:
    """How much the texts are said to take, and how much they take."""
    ((said, real),) = await records.fetch(SIZES, {})
    return said, int(real)


async def test_texts_count_once_and_go_with_their_rows(url: Secret) -> None:
    """However often they come; no text is without its request."""
    async with opened(url) as records:
        for _ in range(2):
            await records.write(batch(1, 2, 3))
        stray = Spoken(id_at(9)).content()
        await records.write(Batch("c", [record(4)], (), [stray]))
        assert await said_at(records, 1, 2, 3, 4, 9) == [1, 2, 3]
        said, real = await sizes(records)
        assert said == real > 3 * 10
        assert await records.delete(RecordFilter(until=HOUR + 3), 9) == 2
        assert await said_at(records, 1, 2, 3) == [3]
        await records.delete(RecordFilter(caller="operator"), 9)
        assert await sizes(records) == (0, 0)


async def test_long_texts_are_deleted_some_at_a_time(url: Secret) -> None:
    """As in a file."""
    async with opened(url) as records:
        await write_long(records)
        assert await delete_all(records) == [1, 7, 7, 5]
        assert await sizes(records) == (0, 0)


async def test_texts_that_are_too_old_or_too_much_go(
    url: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In steps; their requests stay."""
    monkeypatch.setattr(postgres_contents, "STEP_ROWS", 20)
    clock = StillClock()
    clock.seconds = HOUR + 10 * DAY
    times = [number * 1000.0 for number in range(50)] + [4 * DAY, 5 * DAY]
    keeping = EVERYTHING._replace(content_days=7, bytes_max=20_000)
    async with opened(url, keeping, clock) as records:
        await records.write(batch(*times, length=5_000))
        assert [await records.tidy() for _ in range(3)] == [True, True, False]
        assert await said_at(records, *times) == [5 * DAY]
        assert await records.count(RecordFilter()) == len(times)
        said, real = await sizes(records)
        assert 0 < said == real <= 10_000
