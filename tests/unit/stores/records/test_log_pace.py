"""How the log of requests keeps pace, on virtual time."""

from __future__ import annotations

import asyncio

from cursor_api.ports.record_database import Batch
from cursor_api.stores.records.log import CANNOT_WRITE, WRITTEN_AGAIN, LogTimes, RecordLog
from tests.contract.test_records import HOUR, record
from tests.fakes import ListObserver
from tests.record_databases import FickleDatabase
from tests.simulation.virtual_loop import run_virtually
from tests.unit.stores.records.test_log import FULL


class LoopClock:
    """The virtual loop's time; both of its faces."""

    def now(self) -> float:
        """Unix seconds."""
        return HOUR + asyncio.get_running_loop().time()

    monotonic = now


class SlowDatabase(FickleDatabase):
    """Takes a while to write, as a disk does."""

    async def write(self, batch: Batch) -> None:
        """In ten milliseconds."""
        await asyncio.sleep(0.01)
        await super().write(batch)


def test_what_comes_during_a_write_has_its_own_quarter_of_a_second() -> None:
    """1,000 requests a second for five seconds go by the hundred, and not ten by ten."""
    clock = LoopClock()

    async def live() -> FickleDatabase:
        database = SlowDatabase(clock)
        async with RecordLog(database, 100, clock, ListObserver()) as log:
            for tick in range(5_000):
                log.record(record(tick / 1_000))
                await asyncio.sleep(0.001)
        return database

    database = run_virtually(live())
    assert len(database.ids) == 5_000
    assert len(database.batches) <= 5 / LogTimes().write_after_s + 1


def test_an_outage_of_a_minute_at_500_a_second_loses_nothing() -> None:
    """Nor does the second before it, nor the one behind it: 31,000 requests."""
    clock = LoopClock()
    observer = ListObserver()

    async def live() -> FickleDatabase:
        database = FickleDatabase(clock)
        async with RecordLog(database, 100, clock, observer) as log:
            for tick in range(620):
                if tick == 10:
                    database.error = FULL
                if tick == 610:
                    assert log.state().dropped_count == 0
                    assert log.state().waiting_count >= 29_500
                    database.error = None
                for number in range(50):
                    log.record(record(tick / 10 + number / 1000))
                await asyncio.sleep(0.1)
            await asyncio.sleep(10.0)
            assert log.state()[:4] == ("fickle", True, 0, 0)
        return database

    database = run_virtually(live())
    assert len(database.ids) == 31_000
    assert observer.events == [
        (CANNOT_WRITE, {"detail": "the disk is full"}),
        (WRITTEN_AGAIN, {"lost_count": 0}),
    ]
    # What had come together is no longer written in one piece.
    assert max(len(one.records) for one in database.batches) <= LogTimes().batch_rows
