"""The request log that outlives its process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cursor_api.domain.errors import StoreError
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.stores.sqlite.request_log import (
    CANNOT_WRITE,
    NO_END,
    NOT_WRITTEN,
    WRITTEN_AGAIN,
    LogTimes,
    SqliteRequestLog,
)
from cursor_api.stores.sqlite.request_table import RequestTable
from tests.fakes import ListObserver

QUICK = LogTimes(write_after_s=0.01, retry_s=0.02, unsaved_max=5)
ENTRIES_MAX = 100


class FickleTable(RequestTable):
    """A table whose disk can be told to refuse, or to take its time."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, 1000)
        self.error: Exception | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.saved: list[list[str]] = []

    def load(self, count: int) -> tuple[Sequence[RequestRecord], int]:
        """Read, if it may."""
        self._refuse()
        return super().load(count)

    def save(self, records: Sequence[RequestRecord]) -> None:
        """Write, if it may."""
        self.may_go_on.wait(5)
        self._refuse()
        super().save(records)
        self.saved.append([one.id for one in records])

    def _refuse(self) -> None:
        if self.error is not None:
            raise self.error


class House:
    """A log, its table and what the operator was told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log.sqlite3"
        self.table = FickleTable(self.path)
        self.observer = ListObserver()
        self.log = SqliteRequestLog(self.table, ENTRIES_MAX, self.observer, QUICK)

    @property
    def told(self) -> list[str]:
        """The events, without their facts."""
        return [event for event, _ in self.observer.events]

    def in_file(self) -> list[tuple[str, Status]]:
        """What another process reads."""
        table = RequestTable(self.path, 1000)
        found = [(one.id, one.status) for one in table.load(1000)[0]]
        table.close()
        return found

    def ids_in_file(self) -> list[str]:
        """The same, without the status."""
        return [one for one, _ in self.in_file()]


def record(number: int, status: Status = Status.SUCCESS) -> RequestRecord:
    """The request with this number."""
    return RequestRecord(f"id-{number}", float(number), "caller", "gpt-4o", False, status)


async def until(is_so: Callable[[], object]) -> None:
    """Wait for it."""
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.002)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A new one."""
    return House(tmp_path)


async def test_a_record_is_on_the_disk_before_long(house: House) -> None:
    """Without waiting for the end, or for more of them."""
    async with house.log:
        house.log.record(record(0, Status.PENDING))
        await until(lambda: house.table.saved)
        assert house.in_file() == [("id-0", Status.PENDING)]
        house.log.record(record(0))
        await until(lambda: house.in_file() == [("id-0", Status.SUCCESS)])


async def test_what_comes_together_is_written_together(house: House) -> None:
    """And of each request only the last that is known."""
    async with house.log:
        for number in range(4):
            house.log.record(record(number, Status.PENDING))
            house.log.record(record(number))
        await until(lambda: house.table.saved)
        assert house.table.saved == [["id-0", "id-1", "id-2", "id-3"]]
    assert set(house.in_file()) == {(f"id-{number}", Status.SUCCESS) for number in range(4)}


async def test_the_end_writes_what_is_left(tmp_path: Path) -> None:
    """At once: nobody waits for the moment at which it would have been written."""
    house = House(tmp_path)
    patient = SqliteRequestLog(house.table, ENTRIES_MAX, house.observer, LogTimes(60.0))
    async with asyncio.timeout(5), patient:
        patient.record(record(0))
        await asyncio.sleep(0)
    assert house.ids_in_file() == ["id-0"]


async def test_an_idle_log_does_nothing(house: House) -> None:
    """No empty writes, no file without a request."""
    async with house.log:
        await asyncio.sleep(0.05)
        assert house.table.saved == []


async def test_the_next_process_begins_with_it(tmp_path: Path) -> None:
    """What had no end when its process died has none that we know of; that is no success."""
    first = House(tmp_path)
    async with first.log:
        first.log.record(record(0))
        first.log.record(record(1, Status.PENDING))
        first.log.record(record(2, Status.CANCELLED))
    second = House(tmp_path)
    async with second.log:
        found = await second.log.recent(10)
        assert [(one.id, one.status) for one in found] == [
            ("id-0", Status.SUCCESS),
            ("id-1", Status.FAILED),
            ("id-2", Status.CANCELLED),
        ]
        assert found[1].error == NO_END
        assert second.log.total_count == 3
        second.log.record(record(3))
        assert second.log.total_count == 4
    # It may be under way in a gateway that is being replaced: the file says what that one knows.
    assert second.in_file()[1] == ("id-1", Status.PENDING)


async def test_a_disk_that_refuses_costs_no_request(house: House) -> None:
    """It is told once, tried again, and told when it is over; nothing was lost."""
    async with house.log:
        house.table.error = StoreError("the disk is full")
        house.log.record(record(0))
        await until(lambda: house.told)
        house.log.record(record(1))
        house.log.record(record(0, Status.FAILED))
        await asyncio.sleep(0.1)
        assert house.observer.events == [(CANNOT_WRITE, {"detail": "the disk is full"})]
        assert [one.id for one in await house.log.recent(9)] == ["id-0", "id-1"]
        house.table.error = None
        await until(lambda: len(house.told) == 2)
        assert house.observer.events[1] == (WRITTEN_AGAIN, {"lost_count": 0})
    assert house.in_file() == [("id-0", Status.FAILED), ("id-1", Status.SUCCESS)]


async def test_what_waits_for_a_disk_is_bounded(house: House) -> None:
    """The oldest go, and it is told how many."""
    async with house.log:
        house.table.error = StoreError("the disk is full")
        for number in range(QUICK.unsaved_max + 3):
            house.log.record(record(number))
        await until(lambda: house.told)
        house.log.record(record(99))
        house.table.error = None
        await until(lambda: len(house.told) == 2)
        assert house.observer.events[1] == (WRITTEN_AGAIN, {"lost_count": 4})
    assert house.ids_in_file() == ["id-4", "id-5", "id-6", "id-7", "id-99"]


async def test_what_comes_during_a_write_that_fails_is_bounded_too(house: House) -> None:
    """Together with what was to be written."""
    async with house.log:
        house.table.may_go_on.clear()
        for number in range(4):
            house.log.record(record(number))
        await until(lambda: "unsaved=0" in repr(house.log))
        house.table.error = StoreError("the disk is full")
        for number in range(10, 13):
            house.log.record(record(number))
        house.table.may_go_on.set()
        await until(lambda: house.told)
        house.table.error = None
    assert house.ids_in_file() == ["id-2", "id-3", "id-10", "id-11", "id-12"]


async def test_what_is_lost_at_the_end_is_told(house: House) -> None:
    """The process ends all the same."""
    async with house.log:
        house.table.error = StoreError("the disk is full")
        house.log.record(record(0))
        house.log.record(record(1))
    assert house.observer.events == [
        (CANNOT_WRITE, {"detail": "the disk is full"}),
        (NOT_WRITTEN, {"lost_count": 2}),
    ]


async def test_a_file_that_cannot_be_read_at_the_start_is_told(house: House) -> None:
    """The gateway serves; once the file is right it is written."""
    house.path.write_text("my notes")
    async with house.log:
        assert house.told == [CANNOT_WRITE]
        house.log.record(record(0))
        await asyncio.sleep(0.05)
        assert house.path.read_text() == "my notes"
        house.path.unlink()
        await until(lambda: len(house.told) == 2)
    assert house.told == [CANNOT_WRITE, WRITTEN_AGAIN]
    assert house.ids_in_file() == ["id-0"]


async def test_a_bug_costs_the_entries_that_meet_it(house: House) -> None:
    """And no later ones."""
    async with house.log:
        house.table.error = ZeroDivisionError("planted")
        house.log.record(record(0))
        await until(lambda: house.told)
        house.table.error = None
        house.log.record(record(1))
        await until(lambda: house.table.saved)
    assert [event for event, _ in house.observer.events] == [NOT_WRITTEN]
    assert house.ids_in_file() == ["id-1"]
