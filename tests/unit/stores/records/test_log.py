"""The log of requests that outlives its process."""

from __future__ import annotations

import asyncio

import pytest

from cursor_api.domain.errors import FaultKind, StoreAwayError, StoreError
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import RecordFilter, RecordQuery
from cursor_api.stores.records.log import (
    CANNOT_TIDY,
    CANNOT_WRITE,
    NOT_WRITTEN,
    TEXTS_NOT_WRITTEN,
    WRITTEN_AGAIN,
    LogTimes,
    RecordLog,
)
from cursor_api.stores.records.transcribed import WAITING_LENGTH_MAX
from tests.contract.test_records import ANY_TIME, HOUR, id_at, record
from tests.fakes import ListObserver, StillClock
from tests.record_databases import FickleDatabase
from tests.records import Spoken
from tests.waiting import until

QUICK = LogTimes(write_after_s=0.01, batch_rows=5, retry_s=0.02, waiting_max=5, settle_s=0.05)
FULL = StoreAwayError("the disk is full")


class House:
    """A log, its database and what the operator was told."""

    def __init__(self, times: LogTimes = QUICK) -> None:
        self.clock = StillClock()
        self.clock.seconds = float(HOUR)
        self.database = FickleDatabase(self.clock)
        self.observer = ListObserver()
        self.log = RecordLog(self.database, 100, self.clock, self.observer, times)

    @property
    def told(self) -> list[str]:
        """The events, without their facts."""
        return [event for event, _ in self.observer.events]


@pytest.fixture
def house() -> House:
    """A new one."""
    return House()


def ids(records: object) -> list[str]:
    """Their ids."""
    return [one.id for one in records]  # type: ignore[attr-defined]


async def test_a_record_is_written_before_long(house: House) -> None:
    """Without waiting for the end, or for more of them."""
    async with house.log:
        house.log.record(record(0))
        await until(lambda: house.database.ids)
    assert house.database.ids == [id_at(0)]


async def test_what_comes_together_is_written_together() -> None:
    """Up to so many: more would keep everybody else waiting."""
    house = House(LogTimes(write_after_s=0.01, batch_rows=4))
    async with house.log:
        for second in range(10):
            house.log.record(record(second))
        await until(lambda: len(house.database.ids) == 10)
    assert [len(one.records) for one in house.database.batches] == [4, 4, 2]
    assert len({one.id for one in house.database.batches}) == 3


async def test_the_end_writes_what_is_left() -> None:
    """At once: nobody waits for the moment at which it would have been written."""
    house = House(LogTimes(write_after_s=60.0))
    async with asyncio.timeout(5), house.log:
        house.log.record(record(0))
        await asyncio.sleep(0)
    assert house.database.ids == [id_at(0)]


async def test_an_idle_log_does_nothing(house: House) -> None:
    """No empty writes."""
    async with house.log:
        await asyncio.sleep(0.05)
    assert house.database.batches == []


async def test_the_next_process_begins_with_it(house: House) -> None:
    """As many as it remembers."""
    async with house.log:
        for second in range(3):
            house.log.record(record(second))
    again = RecordLog(house.database, 2, house.clock, house.observer)
    async with again:
        assert ids(await again.recent(10)) == [id_at(1), id_at(2)]
        again.record(record(3))
        assert ids(await again.recent(10)) == [id_at(2), id_at(3)]
        assert list(await again.recent(0)) == []


async def test_a_database_that_refuses_costs_no_request(house: House) -> None:
    """It is told once, tried again, and told when it is over; nothing was lost."""
    async with house.log:
        house.database.error = FULL
        house.log.record(record(0))
        await until(lambda: house.told)
        house.log.record(record(1))
        await asyncio.sleep(0.1)
        assert house.observer.events == [(CANNOT_WRITE, {"detail": "the disk is full"})]
        assert house.log.state()[:4] == ("fickle", False, 2, 0)
        assert ids(await house.log.recent(9)) == [id_at(0), id_at(1)]
        house.database.error = None
        await until(lambda: len(house.told) == 2)
        assert house.observer.events[1] == (WRITTEN_AGAIN, {"lost_count": 0})
        await until(lambda: house.log.state().waiting_count == 0)
    assert house.database.ids == [id_at(0), id_at(1)]


async def test_how_long_writing_takes_is_known(house: House) -> None:
    """Each batch that was written; what failed is no writing."""
    async with house.log:
        house.database.error = FULL
        house.log.record(record(0))
        await until(lambda: house.told)
        assert house.log.state().write_times.total_s == 0
        house.database.error = None
        await until(lambda: house.database.ids)
        await until(lambda: sum(house.log.state().write_times.counts) == 1)
        assert house.log.state().write_times.total_s > 0


async def test_what_waits_is_bounded(house: House) -> None:
    """The oldest go; it is counted, and told once, when it is over."""
    async with house.log:
        house.database.error = FULL
        house.log.record(record(0))
        await until(lambda: house.told)
        for second in range(1, QUICK.waiting_max + 4):
            house.log.record(record(second))
        assert house.log.state()[:4] == ("fickle", False, 1 + QUICK.waiting_max, 3)
        house.database.error = None
        await until(lambda: len(house.told) == 2)
        assert house.observer.events[1] == (WRITTEN_AGAIN, {"lost_count": 3})
    # The first was being written when that failed: who comes late is not who goes.
    assert house.database.ids == [id_at(second) for second in (0, 4, 5, 6, 7, 8)]


async def test_a_write_that_failed_is_done_again_as_it_was(house: House) -> None:
    """With its own name: what it counts, it counts once, though it had been written."""
    async with house.log:
        house.log.count_refusal(FaultKind.UNAUTHENTICATED)
        house.log.record(record(0))
        house.database.error = FULL
        await until(lambda: house.told)
        batch = house.log._batch
        assert batch is not None
        house.database.error = None
        await house.database.write(batch)
        await until(lambda: len(house.database.batches) == 2)
    assert house.database.batches[0] == house.database.batches[1]
    assert list(await house.database.refusals(0, 2**40)) == [(HOUR, FaultKind.UNAUTHENTICATED, 1)]


async def test_what_is_lost_at_the_end_is_told(house: House) -> None:
    """The process ends all the same."""
    async with house.log:
        house.database.error = FULL
        house.log.record(record(0))
        house.log.record(record(1))
    assert house.observer.events == [
        (CANNOT_WRITE, {"detail": "the disk is full"}),
        (NOT_WRITTEN, {"lost_count": 2}),
    ]


async def test_a_database_that_is_away_stops_no_start(house: House) -> None:
    """It is opened when it comes back."""
    house.database.error = FULL
    async with house.log:
        assert house.told == [CANNOT_WRITE]
        house.log.record(record(0))
        house.database.error = None
        await until(lambda: house.database.ids)
    assert house.told == [CANNOT_WRITE, WRITTEN_AGAIN]


async def test_a_database_that_can_never_be_used_does(house: House) -> None:
    """Another program's file, or a newer version's."""
    house.database.error = StoreError("it is no request log")
    with pytest.raises(StoreError, match="no request log"):
        async with house.log:
            pass
    assert house.told == []


async def test_a_bug_costs_the_record_that_meets_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no other one, of the same batch even."""
    add = house.database.add

    def add_most(one: RequestRecord) -> None:
        if one.id == id_at(3):
            raise ZeroDivisionError
        add(one)

    monkeypatch.setattr(house.database, "add", add_most)
    async with house.log:
        for second in range(5):
            house.log.record(record(second))
    assert house.told == [NOT_WRITTEN]
    assert house.observer.events[0][1]["lost_count"] == 1
    assert house.database.ids == [id_at(second) for second in (0, 1, 2, 4)]


async def test_a_question_has_what_is_not_written_yet() -> None:
    """A page has it as it is; before sums it is written, long before its time."""
    house = House(LogTimes(write_after_s=60.0))
    async with house.log:
        house.log.record(record(0))
        house.log.count_refusal(FaultKind.UNAUTHENTICATED)
        assert ids((await house.log.page(RecordQuery())).records) == [id_at(0)]
        assert house.database.ids == []
        assert len(await house.log.usage(ANY_TIME)) == 1
        assert house.database.ids == [id_at(0)]
        house.log.record(record(1))
        assert await house.log.find(id_at(1)) is not None
        assert [row.refused_count for row in await house.log.refusals(0, 2**40)] == [1]


@pytest.mark.parametrize("is_slow", [False, True], ids=["refuses", "hangs"])
async def test_a_question_has_what_cannot_be_written(*, is_slow: bool) -> None:
    """A disk that is full can be read."""
    house = House()
    async with house.log:
        house.log.record(record(0, first_delta_ms=5.0))
        await until(lambda: house.database.ids)
        if is_slow:
            house.database.may_go_on.clear()
        else:
            house.database.error, house.database.is_read_only = FULL, True
        house.log.record(record(1, caller="anna", first_delta_ms=7.0))
        house.log.count_refusal(FaultKind.LOCKED_OUT)
        if not is_slow:
            await until(lambda: house.told)
        assert ids((await house.log.page(RecordQuery())).records) == [id_at(1), id_at(0)]
        assert await house.log.find(id_at(1)) is not None
        assert await house.log.find(id_at(9)) is None
        assert (await house.log.choices()).callers == ("anna", "operator")
        rows = await house.log.usage(ANY_TIME)
        assert sum(row.counts.answered_count for row in rows) == 2
        assert sorted(await house.log.first_delta_ms(HOUR, 10)) == [5.0, 7.0]
        assert [row.refused_count for row in await house.log.refusals(0, 2**40)] == [1]
        with pytest.raises(StoreAwayError, match="cannot be deleted while"):
            await house.log.delete(RecordFilter(), 10)
        house.database.error = None
        house.database.may_go_on.set()
    assert house.database.ids == [id_at(0), id_at(1)]


async def test_a_question_does_not_wait_for_what_comes_after_it() -> None:
    """Under load there is always something to be written: a page is there at once all the same."""
    house = House(LogTimes(write_after_s=0.0, batch_rows=1, settle_s=60.0))
    house.database.may_go_on.clear()
    async with asyncio.timeout(5), house.log:
        house.log.record(record(0))
        await asyncio.sleep(0)
        assert ids((await house.log.page(RecordQuery())).records) == [id_at(0)]
        house.log.record(record(1))
        asking = asyncio.create_task(house.log.usage(ANY_TIME))
        for second in range(2, 50):
            house.log.record(record(second))
            house.database.may_go_on.set()
            await asyncio.sleep(0)
            house.database.may_go_on.clear()
            if asking.done():
                break
        assert asking.done()
        assert len(house.database.ids) < 50
        house.database.may_go_on.set()


async def test_texts_are_written_with_their_requests() -> None:
    """In small batches, as they are long; who asks sees them before."""
    times = LogTimes(write_after_s=60.0, batch_rows=5, content_rows=2)
    house = House(times)
    async with asyncio.timeout(5), house.log:
        for second in range(5):
            if second != 3:
                house.log.keep(Spoken(id_at(second)))
            house.log.record(record(second))
        found = await house.log.contents([id_at(second) for second in range(5)])
        assert sorted(one.id for one in found) == [id_at(second) for second in (0, 1, 2, 4)]
    assert [(len(one.records), len(one.contents)) for one in house.database.batches] == [
        (2, 2),
        (2, 1),
        (1, 1),
    ]
    assert len(house.database.said) == 4


async def test_texts_of_a_database_that_is_away_are_shown_and_bounded(house: House) -> None:
    """They go with their requests; what there is no room for is told once it is back."""
    house.database.error = FULL
    async with house.log:
        house.log.keep(Spoken(id_at(0), answer="x" * WAITING_LENGTH_MAX))
        for second in range(3):
            house.log.keep(Spoken(id_at(second)))
            house.log.record(record(second))
        await until(lambda: CANNOT_WRITE in house.told)
        assert len(await house.log.contents([id_at(0), id_at(2)])) == 2
        for second in range(3, 12):
            house.log.keep(Spoken(id_at(second)))
            house.log.record(record(second))
        house.database.error = None
        await until(lambda: TEXTS_NOT_WRITTEN in house.told)
    assert set(house.database.said) == set(house.database.ids)


async def test_what_is_too_old_is_looked_for_now_and_then(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a write, not after each; that it fails costs nothing else."""

    async def fail() -> bool:
        raise StoreError("no")

    async with house.log:
        for _ in range(3):
            house.clock.seconds += 2
            house.log.record(record(house.clock.seconds - HOUR))
            await house.log.page(RecordQuery())
        await until(lambda: house.database.tidied_count)
        monkeypatch.setattr(house.database, "tidy", fail)
        house.clock.seconds += 2
        house.log.record(record(house.clock.seconds - HOUR))
        await until(lambda: house.told)
    assert house.told == [CANNOT_TIDY]
    assert len(house.database.ids) == 4
