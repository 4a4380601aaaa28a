"""A file that keeps what a database does not take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from cursor_api.domain.errors import FaultKind, StoreAwayError, StoreError
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import ALL, RecordFilter, RecordQuery, RefusalRow
from cursor_api.ports.record_database import Batch
from cursor_api.stores.records import spooled
from cursor_api.stores.records.spooled import AWAY, BACK, MOVED, STUCK, SpooledRecords
from tests.contract.test_records import ANY_TIME, HOUR, id_at, record
from tests.fakes import ListObserver, StillClock
from tests.record_databases import FickleDatabase
from tests.records import Spoken
from tests.waiting import until

GONE = StoreAwayError("no answer")
WRONG_KEYS = RefusalRow(HOUR, FaultKind.UNAUTHENTICATED, 3)


class House:
    """A database, a file, and what stands between them."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.database, self.spool = FickleDatabase(self.clock), FickleDatabase(self.clock)
        self.observer = ListObserver()

    def make(self) -> SpooledRecords:
        """As a process does."""
        return SpooledRecords(self.database, self.spool, self.observer, rows_max=5, retry_s=0.01)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[SpooledRecords]:
        """For as long as a process lives."""
        records = self.make()
        await records.open()
        yield records
        await records.close()

    @property
    def told(self) -> list[str]:
        """The events, without their facts."""
        return [event for event, _ in self.observer.events]


@pytest.fixture
def house() -> House:
    """A new one."""
    return House()


async def test_the_file_is_for_bad_times_alone(house: House) -> None:
    """What the database takes goes there, and questions always."""
    async with house.opened() as records:
        await records.write(Batch("b", [record(1, first_delta_ms=2.0)], [WRONG_KEYS]))
        assert records.state() == (True, 0, 0)
        assert await records.tidy() is False
        assert (await records.page(RecordQuery())).continue_from is None
        assert await records.find(id_at(1)) is not None
        assert await records.count(ALL) == 1
        assert len(await records.usage(ANY_TIME)) == len(await records.first_delta_ms(0, 9)) == 1
        assert list(await records.refusals(0, 2**40)) == [WRONG_KEYS]
        assert (await records.choices()).models == ("gpt-4o",)
        assert await records.delete(ALL, 9) == 1
        assert (records.name, repr(records)) == (
            "fickle",
            "SpooledRecords(MemoryRecords(0 of 1000000), spooled=0)",
        )
    assert house.spool.batches == []
    assert house.told == []


async def test_an_outage_that_is_seen_first_while_tidying_is_told_as_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, by its name; where the database answers, it is only slow with that."""

    async def fail(*_: object) -> bool:
        raise GONE

    records = SpooledRecords(house.database, house.spool, house.observer, retry_s=60.0)
    await records.open()
    # It looks for itself now, and not again in this test.
    await asyncio.sleep(0)
    monkeypatch.setattr(house.database, "tidy", fail)
    with pytest.raises(StoreAwayError, match="no answer"):
        await records.tidy()
    assert house.told == []
    monkeypatch.setattr(house.database, "count", fail)
    assert await records.tidy() is False
    assert house.told == [AWAY]
    assert await records.tidy() is False
    await records.close()
    assert house.told == [AWAY]


async def test_what_the_database_does_not_take_waits_in_the_file(house: House) -> None:
    """A write has worked; when the database is back all of it is there, once."""
    moved: list[str] = []

    async def note(records: Sequence[RequestRecord]) -> None:
        moved.extend(one.id for one in records)

    async with house.opened() as records:
        records.on_moved.append(note)
        await records.write(Batch("b0", [record(0)]))
        house.database.error = GONE
        await records.write(Batch("b1", [record(1), record(2)], [WRONG_KEYS]))
        await records.write(Batch("b2", [record(3)], [WRONG_KEYS]))
        assert records.state() == (False, 3, 0)
        assert house.spool.ids == [id_at(1), id_at(2), id_at(3)]
        await asyncio.sleep(0.03)
        assert house.told == [AWAY]
        house.database.error = None
        await until(lambda: house.told == [AWAY, BACK])
        assert records.state() == (True, 0, 0)
        assert house.spool.ids == []
        assert list(await house.spool.refusals(0, 2**40)) == []
    assert house.database.ids == [id_at(second) for second in range(4)]
    # Whoever counts by the records is told that these came late.
    assert moved == house.database.ids[1:]
    assert list(await house.database.refusals(0, 2**40)) == [WRONG_KEYS._replace(refused_count=6)]


async def test_an_outage_is_seen_while_nothing_is_written(house: House) -> None:
    """Whoever looks at the state of an idle gateway sees it, and its end."""
    async with house.opened() as records:
        house.database.error = GONE
        await until(lambda: records.state() == (False, 0, 0))
        house.database.error = None
        await until(lambda: records.state() == (True, 0, 0))
    assert house.told == [AWAY, BACK]


async def test_nobody_waits_for_an_answer_of_a_database_that_is_away(house: House) -> None:
    """Questions are refused at once, with the reason, until it is back."""
    async with house.opened() as records:
        house.database.error = GONE
        await until(lambda: house.told == [AWAY])
        # It is not asked: this one would answer.
        house.database.is_read_only = True
        with pytest.raises(StoreAwayError, match="no answer"):
            await records.page(RecordQuery())
        house.database.error = None
        await until(lambda: house.told == [AWAY, BACK])
        await records.page(RecordQuery())


async def test_a_database_that_refuses_is_away_too(house: House) -> None:
    """Its password was changed under a running gateway; nothing is lost until that is mended."""
    async with house.opened() as records:
        house.database.error = StoreError("wrong password")
        await until(lambda: house.told == [AWAY])
        await records.write(Batch("b", [record(1)]))
        house.database.error = None
        await until(lambda: house.told == [AWAY, BACK])
    assert house.database.ids == [id_at(1)]


async def test_a_death_in_an_outage_costs_nothing(house: House) -> None:
    """The next process finds the file, also when the database is there from its start on."""
    async with house.opened() as records:
        house.database.error = GONE
        await records.write(Batch("b", [record(1)], [WRONG_KEYS]))
    async with house.opened() as records:
        assert records.state() == (False, 1, 0)
    house.database.error = None
    async with house.opened() as records:
        await until(lambda: records.state().spooled_count == 0)
    assert house.database.ids == [id_at(1)]
    assert list(await house.database.refusals(0, 2**40)) == [WRONG_KEYS]


async def test_what_was_moved_and_not_removed_counts_once(house: House) -> None:
    """A death between the two."""
    house.spool.add(record(1))
    await house.spool.write(Batch("b", [], [WRONG_KEYS]))
    records = house.make()
    remove = house.spool.remove

    async def die(*_: object) -> None:
        raise GONE

    house.spool.remove = die  # type: ignore[assignment,method-assign]
    await records.open()
    await until(lambda: house.told == [STUCK])
    await until(lambda: len(house.database.batches) > 2)
    house.spool.remove = remove  # type: ignore[method-assign]
    await until(lambda: house.told == [STUCK, MOVED])
    await records.close()
    assert house.database.ids == [id_at(1)]
    assert list(await house.database.refusals(0, 2**40)) == [WRONG_KEYS]


async def test_texts_wait_in_the_file_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """And come over with their requests, few at a time."""
    monkeypatch.setattr(spooled, "MOVED_CONTENTS", 2)
    house.database.error = GONE
    said = [Spoken(id_at(second)).content() for second in (3, 4, 5)]
    async with house.opened() as records:
        await records.write(Batch("b", [record(second) for second in range(1, 6)], (), said))
        assert set(house.spool.said) == {one.id for one in said}
        house.database.error = None
        await until(lambda: len(house.database.ids) == 5)
        assert list(await records.contents([one.id for one in said])) == said
    moved = [(len(one.records), len(one.contents)) for one in house.database.batches]
    assert moved == [(4, 2), (1, 1)]
    assert house.spool.said == {}


async def test_who_asks_for_a_deletion_means_the_file_too(house: House) -> None:
    """What is still to be brought over would come back otherwise."""
    async with house.opened() as records:
        await records.write(Batch("a", [record(1, caller="anna"), record(2)]))
        house.database.error, house.database.is_read_only = GONE, True
        await records.write(Batch("b", [record(3, caller="anna"), record(4, caller="anna")]))
        anna = RecordFilter(caller="anna")
        assert (await records.count(anna), records.state().spooled_count) == (3, 2)
        assert await records.delete(anna, 1) == 1
        assert await records.delete(anna, 9) == 2
        assert (await records.count(anna), records.state().spooled_count) == (0, 0)
        house.database.error = None
        await until(lambda: BACK in house.told)
    assert house.database.ids == [id_at(2)]


@pytest.mark.parametrize("name", ["count", "delete"])
async def test_what_is_added_does_not_wait_for_a_deletion(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nor for its count: a database that hangs keeps nothing from the file."""
    asked = asyncio.Event()

    async def hang(*_: object) -> int:
        asked.set()
        await asyncio.Event().wait()
        return 0

    async with house.opened() as records:
        house.database.error = GONE
        await records.write(Batch("a", [record(1)]))
        monkeypatch.setattr(house.database, name, hang)
        question = records.count(ALL) if name == "count" else records.delete(ALL, 9)
        asking = asyncio.create_task(question)
        await asked.wait()
        await asyncio.wait_for(records.write(Batch("b", [record(2)])), 5)
        assert id_at(2) in house.spool.ids
        assert records.state().spooled_count == len(house.spool.ids)
        asking.cancel()
        await asyncio.wait([asking])


async def test_the_file_is_bounded(house: House) -> None:
    """What no longer fits is counted, and told when it is over."""
    async with house.opened() as records:
        house.database.error = GONE
        for second in range(7):
            await records.write(Batch(f"b{second}", [record(second)]))
        assert records.state() == (False, 5, 2)
        house.database.error = None
        await until(lambda: house.told == [AWAY, BACK])
    assert house.observer.events[1] == (BACK, {"lost_count": 2})
    assert house.database.ids == [id_at(second) for second in range(5)]


async def test_where_the_file_takes_nothing_either_it_is_an_error(house: House) -> None:
    """Whoever writes keeps it then."""
    async with house.opened() as records:
        house.database.error = GONE
        house.spool.error = StoreAwayError("the disk is full")
        with pytest.raises(StoreAwayError, match="disk is full"):
            await records.write(Batch("b", [record(1)]))


async def test_a_file_that_cannot_be_emptied_keeps_nothing_from_the_database(house: House) -> None:
    """Its disk is full: what is new goes past it, and what it holds counts once in the end."""
    full = StoreAwayError("the disk is full")
    async with house.opened() as records:
        house.database.error = GONE
        await records.write(Batch("b", [record(1)], [WRONG_KEYS]))
        for jam in ("removal_error", "error"):
            setattr(house.spool, jam, full)
            house.database.error = None
            await until(lambda: house.told[-1] == BACK)
            await records.write(Batch(f"b-{jam}", [record(2)]))
            assert records.state() == (True, 1, 0)
            house.database.error = GONE
            await until(lambda: house.told[-1] == AWAY)
        assert house.told == [AWAY, STUCK, BACK, AWAY, BACK, AWAY]
        house.database.error = house.spool.error = house.spool.removal_error = None
        await until(lambda: house.told[-2:] == [MOVED, BACK])
        assert records.state() == (True, 0, 0)
    assert house.database.ids == [id_at(1), id_at(2)]
    assert list(await house.database.refusals(0, 2**40)) == [WRONG_KEYS]


async def test_a_database_that_can_never_be_used_stops_the_start(house: House) -> None:
    """A wrong password, or a newer version's tables; a database that is away does not."""
    house.database.error = StoreError("a newer version")
    with pytest.raises(StoreError, match="newer version"):
        await house.make().open()


async def test_a_bug_leaves_the_file_as_it_is(house: House) -> None:
    """It is told, and what is new goes its way."""
    house.spool.add(record(1))
    async with house.opened() as records:
        house.database.error = ZeroDivisionError()
        house.spool.add(record(2))
        records._has_file = True
        await until(lambda: house.told == [STUCK])
        house.database.error = None
        await records.write(Batch("b", [record(3)]))
    assert id_at(3) in house.database.ids
    assert id_at(2) in house.spool.ids
