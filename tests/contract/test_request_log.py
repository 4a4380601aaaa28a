"""What every request log promises."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.record import RequestRecord, Status
from cursor_api.ports.stores import RequestLog
from cursor_api.stores.memory import MemoryRequestLog
from cursor_api.stores.sqlite.request_log import SqliteRequestLog
from cursor_api.stores.sqlite.request_table import RequestTable
from tests.fakes import ListObserver

ENTRIES_MAX = 5


class Reopened:
    """What another process finds in the file, which is opened and closed for each record."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="log-")
        weakref.finalize(self, shutil.rmtree, folder)
        self._path = Path(folder) / "log.sqlite3"
        self._table = RequestTable(self._path, 1000)

    def record(self, record: RequestRecord) -> None:
        """Write it, and close the file."""
        self._table.save([record])
        self._table.close()

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """Of what can be read again."""
        return await self._read().recent(count)

    def _read(self) -> MemoryRequestLog:
        table = RequestTable(self._path, 1000)
        log = MemoryRequestLog(ENTRIES_MAX)
        log.restore(*table.load(ENTRIES_MAX))
        table.close()
        return log


LOGS: dict[str, Callable[[], RequestLog]] = {
    "memory": lambda: MemoryRequestLog(ENTRIES_MAX),
    "sqlite": lambda: SqliteRequestLog(
        RequestTable(Path("nowhere"), 1000), ENTRIES_MAX, ListObserver()
    ),
    "reopened": Reopened,
}

every_log = pytest.mark.parametrize("make", LOGS.values(), ids=LOGS.keys())


def record(number: int, status: Status = Status.PENDING) -> RequestRecord:
    """A record of the request with this number."""
    return RequestRecord(f"id-{number}", float(number), "caller", "gpt-4o", False, status)


def ids(records: Sequence[RequestRecord]) -> list[str]:
    """Their ids."""
    return [one.id for one in records]


@every_log
async def test_an_empty_log(make: Callable[[], RequestLog]) -> None:
    """Nothing happened yet."""
    log = make()
    assert list(await log.recent(10)) == []


@every_log
async def test_the_last_ones_come_oldest_first(make: Callable[[], RequestLog]) -> None:
    """As many as asked for and no more than there are."""
    log = make()
    for number in range(3):
        log.record(record(number))
    assert ids(await log.recent(2)) == ["id-1", "id-2"]
    assert ids(await log.recent(100)) == ["id-0", "id-1", "id-2"]
    assert ids(await log.recent(0)) == ids(await log.recent(-1)) == []


@every_log
async def test_a_known_id_is_replaced_where_it_stands(make: Callable[[], RequestLog]) -> None:
    """Requests end in another order than they began, and no one writes into another's entry."""
    log = make()
    for number in range(3):
        log.record(record(number))
    log.record(record(1, Status.SUCCESS))
    log.record(record(0, Status.FAILED))
    assert [(one.id, one.status) for one in await log.recent(3)] == [
        ("id-0", Status.FAILED),
        ("id-1", Status.SUCCESS),
        ("id-2", Status.PENDING),
    ]


@every_log
async def test_it_is_bounded(make: Callable[[], RequestLog]) -> None:
    """The oldest go."""
    log = make()
    for number in range(12):
        log.record(record(number))
    assert ids(await log.recent(100)) == ["id-7", "id-8", "id-9", "id-10", "id-11"]


@every_log
async def test_the_end_of_a_request_that_was_pushed_out_is_no_new_request(
    make: Callable[[], RequestLog],
) -> None:
    """A long answer among many short ones."""
    log = make()
    for number in range(ENTRIES_MAX + 1):
        log.record(record(number))
    log.record(record(0))
    log.record(record(0, Status.SUCCESS))
    assert ids(await log.recent(100)) == [f"id-{number}" for number in range(1, ENTRIES_MAX + 1)]


@every_log
async def test_what_was_given_out_does_not_change(make: Callable[[], RequestLog]) -> None:
    """A page that is being rendered shows one moment."""
    log = make()
    log.record(record(0))
    shown = await log.recent(10)
    log.record(record(0, Status.SUCCESS))
    log.record(record(1))
    assert [(one.id, one.status) for one in shown] == [("id-0", Status.PENDING)]


@every_log
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(Status))))
async def test_it_agrees_with_a_list(
    make: Callable[[], RequestLog], steps: list[tuple[int, Status]]
) -> None:
    """However requests begin, go on and end: each once, in the order they began."""
    log = make()
    model: dict[str, RequestRecord] = {}
    for number, status in steps:
        one = record(number, status)._replace(started_at=float(len(model)))
        if one.id in model and model[one.id].status is not Status.PENDING:
            continue  # it has ended
        if one.id not in model and len(model) == ENTRIES_MAX:
            break
        model[one.id] = one
        log.record(one)
    assert list(await log.recent(100)) == list(model.values())
