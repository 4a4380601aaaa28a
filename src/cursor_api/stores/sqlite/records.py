"""Records in an SQLite file.

Rules of this file:
- Everything waits for the disk in one of two threads: one writes, the other reads, and neither
  keeps the other waiting.
- A row counts once, however often it comes: only rows that were new add to the sums.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from cursor_api.domain.errors import StoreAwayError
from cursor_api.domain.periods import hour_of
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import RecordFilter, RefusalRow
from cursor_api.options.said import tell
from cursor_api.ports.record_database import Batch, DatabaseState, Keeping
from cursor_api.stores.records.questions import SqlQuestions, Values, condition, id_at
from cursor_api.stores.records.rows import Row, as_kept, row_of
from cursor_api.stores.records.sums import (
    BATCHES_KEPT_S,
    DAY_S,
    SUMS_KEPT_S,
    sums_of,
)
from cursor_api.stores.sqlite.contents import (
    ContentSweep,
    delete_contents,
    delete_contents_of,
    insert_contents,
    within_step,
)
from cursor_api.stores.sqlite.file import RecordFile
from cursor_api.stores.sqlite.sql_files import RowStatement

# How long a question may take on a disk that is slow.
QUESTION_S: Final = 10.0
# Rows that are forgotten in one step: as many as take about this long, of at most 50 ms.
STEP_S: Final = 0.02
STEP_ROWS_MIN: Final = 50
STEP_ROWS_MAX: Final = 5_000
# Pages that are given back to the system in one step, and those that are left to be filled again.
SHRINK_PAGES: Final = 256
SPARE_PAGES: Final = 256

_INSERT: Final = RowStatement("insert_requests")
_SUMS: Final = RowStatement("upsert_sums")
_REFUSALS: Final = RowStatement("upsert_refusals")
_T = TypeVar("_T")
# Records with their rows, by their ids.
_Kept = dict[str, tuple[RequestRecord, Row]]


class SqliteRecords(SqlQuestions):
    """Implements `RecordDatabase` in one file. `now` is unix seconds."""

    name = "sqlite"
    prefix = ""
    text_found = "instr(lower(error), :text) > 0"

    def __init__(self, path: Path, keeping: Keeping, now: Callable[[], float]) -> None:
        super().__init__(self, now)
        self._path = path
        self._keeping = keeping
        self._now = now
        self._file, self._reader = RecordFile(path), RecordFile(path, reads=True)
        self._writing, self._reading = _thread("write"), _thread("read")
        self._contents = ContentSweep(keeping.content_bytes_max)
        self._step_rows = STEP_ROWS_MIN
        self._swept_hour = 0

    def __repr__(self) -> str:
        return f"SqliteRecords({str(self._path)!r})"

    def state(self) -> DatabaseState:
        """See RecordDatabase."""
        return DatabaseState()

    async def open(self) -> None:
        """See RecordDatabase."""
        await _run(self._writing, self._touch)

    async def close(self) -> None:
        """See RecordDatabase."""
        await _run(self._reading, self._reader.close)
        await _run(self._writing, self._file.close)

    async def write(self, batch: Batch) -> None:
        """See RecordDatabase."""
        await _run(self._writing, self._write, batch)

    async def tidy(self) -> bool:
        """See RecordDatabase."""
        return await _run(self._writing, self._tidy)

    async def delete(self, wanted: RecordFilter, rows_max: int) -> int:
        """See RecordDatabase."""
        return await _run(self._writing, self._delete, wanted, rows_max)

    async def remove(self, ids: Sequence[str], refusals: Sequence[RefusalRow]) -> None:
        """See SpoolDatabase."""
        await _run(self._writing, self._remove, ids, refusals)

    async def fetch(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        """Implements `Sql`."""
        asking = asyncio.ensure_future(_run(self._reading, self._fetch, statement, values))
        done, _ = await asyncio.wait([asking], timeout=QUESTION_S)
        if not done:
            self._reader.interrupt()
            await asyncio.wait([asking])
            if asking.exception() is not None:
                raise StoreAwayError(
                    tell(
                        "{path} took longer than {limit_s} s to answer: ask for less.",
                        path=self._path,
                        limit_s=f"{QUESTION_S:.0f}",
                    )
                )
        return asking.result()

    def _touch(self) -> None:
        with self._file.use() as connection:
            for table in ("requests", "usage_hourly", "refusals_hourly", "kept", "contents"):
                connection.execute(f"SELECT * FROM {table} LIMIT 1").fetchall()

    def _fetch(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        with self._reader.use() as connection:
            return connection.execute(statement, values).fetchall()

    def _write(self, batch: Batch) -> None:
        kept = {one.id: (one, row_of(one)) for one in map(as_kept, batch.records)}
        with self._file.use() as connection:
            new = _insert_new(connection, kept)
            sums = sums_of(new.values())
            _SUMS.execute(connection, [(*row[:4], *row.counts) for row in sums])
            _count_rows(connection, len(new))
            if batch.contents:
                insert_contents(connection, [one for one in batch.contents if one.id in new])
            if batch.refusals:
                _count_refusals(connection, batch)
            connection.execute("COMMIT")

    def _delete(self, wanted: RecordFilter, rows_max: int) -> int:
        where, values = condition(self, wanted)
        with self._file.use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            found = connection.execute(
                f"SELECT id FROM requests WHERE {where} ORDER BY id LIMIT :rows_max",
                values | {"rows_max": rows_max},
            ).fetchall()
            gone = within_step(connection, [one for (one,) in found])
            _delete_rows(connection, gone)
            connection.execute("COMMIT")
        return len(gone)

    def _remove(self, ids: Sequence[str], refusals: Sequence[RefusalRow]) -> None:
        with self._file.use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            _delete_rows(connection, ids)
            connection.executemany(
                "UPDATE refusals_hourly SET refused_count = refused_count - ?"
                " WHERE hour = ? AND fault = ?",
                [(count, hour, fault.value) for hour, fault, count in refusals],
            )
            connection.execute("DELETE FROM refusals_hourly WHERE refused_count <= 0")
            connection.execute("COMMIT")

    def _tidy(self) -> bool:
        with self._file.use() as connection:
            self._sweep_sums(connection)
            content_days = min(self._keeping.content_days, self._keeping.days)
            if not self._contents.step(connection, id_at(self._now() - content_days * DAY_S)):
                return True
            deleted_all = self._forget(connection)
            return _shrink(connection) or not deleted_all

    def _forget(self, connection: sqlite3.Connection) -> bool:
        """Delete some of the oldest rows; whether none is left that has to go."""
        began = time.perf_counter()
        step = self._step_rows
        ids, values = self._find_excess(connection, step)
        if ids is None:
            return True
        connection.execute("BEGIN IMMEDIATE")
        found = [one for (one,) in connection.execute(ids, values).fetchall()]
        gone = within_step(connection, found)
        count = 0
        if gone:
            delete = "DELETE FROM requests WHERE id <= ?"
            count = connection.execute(delete, (gone[-1],)).rowcount
            delete_contents(connection, "id <= ?", (gone[-1],))
            _count_rows(connection, -count)
        connection.execute("COMMIT")
        spent_s = max(time.perf_counter() - began, 1e-6)
        fitting = int(step * STEP_S / spent_s)
        self._step_rows = max(STEP_ROWS_MIN, min(2 * step, fitting, STEP_ROWS_MAX))
        # Whether that was enough the next look says.
        return count == 0

    def _find_excess(
        self, connection: sqlite3.Connection, step: int
    ) -> tuple[str | None, tuple[object, ...]]:
        """A query of the ids that go next; None where all is within its bounds."""
        oldest = id_at(self._now() - self._keeping.days * DAY_S)
        found = connection.execute("SELECT min(id) FROM requests").fetchone()[0]
        if found is not None and found < oldest:
            return "SELECT id FROM requests WHERE id < ? ORDER BY id LIMIT ?", (oldest, step)
        (rows_count,) = connection.execute("SELECT rows_count FROM kept").fetchone()
        excess = rows_count - self._keeping.rows_max
        used_bytes = _used_bytes(connection)
        excess_bytes = used_bytes - self._keeping.bytes_max
        if excess <= 0 and excess_bytes > 0:
            # About as many as take so much, and some in any case: or a step would take too many.
            excess = max(rows_count * excess_bytes // used_bytes, STEP_ROWS_MIN)
        if excess <= 0 or not rows_count:
            return None, ()
        return "SELECT id FROM requests ORDER BY id LIMIT ?", (min(excess, step),)

    def _sweep_sums(self, connection: sqlite3.Connection) -> None:
        """Once an hour: what is too old of what is small."""
        hour = hour_of(self._now())
        if hour == self._swept_hour:
            return
        for table in ("usage_hourly", "refusals_hourly"):
            connection.execute(f"DELETE FROM {table} WHERE hour < ?", (hour - SUMS_KEPT_S,))
        connection.execute(
            "DELETE FROM refusal_batches WHERE id < ?", (id_at(hour - BATCHES_KEPT_S),)
        )
        self._swept_hour = hour


def _insert_new(connection: sqlite3.Connection, kept: _Kept) -> _Kept:
    """Begin a transaction with those that are not there yet; gives them."""
    connection.execute("BEGIN IMMEDIATE")
    rows = [row for _, row in kept.values()]
    if _INSERT.execute(connection, rows) == len(rows):
        return kept
    # A batch comes again when its first writing may have failed. To have each new row told
    # (RETURNING) would cost all the others a sixth more.
    connection.execute("ROLLBACK")
    connection.execute("BEGIN IMMEDIATE")
    find = "SELECT 1 FROM requests WHERE id = ?"
    new = {one: kept[one] for one in kept if not connection.execute(find, (one,)).fetchone()}
    _INSERT.execute(connection, [row for _, row in new.values()])
    return new


def _delete_rows(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    delete = "DELETE FROM requests WHERE id = ?"
    count = connection.executemany(delete, [(one,) for one in ids]).rowcount
    delete_contents_of(connection, ids)
    _count_rows(connection, -max(count, 0))


def _count_rows(connection: sqlite3.Connection, more: int) -> None:
    if more:
        connection.execute("UPDATE kept SET rows_count = rows_count + ?", (more,))


def _count_refusals(connection: sqlite3.Connection, batch: Batch) -> None:
    is_new = connection.execute(
        "INSERT INTO refusal_batches VALUES (?) ON CONFLICT (id) DO NOTHING RETURNING id",
        (batch.id,),
    ).fetchall()
    if is_new:
        rows = [(hour, fault.value, count) for hour, fault, count in batch.refusals]
        _REFUSALS.execute(connection, rows)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _shrink(connection: sqlite3.Connection) -> bool:
    """Give some empty pages back; whether there are more of them."""
    spare = _pragma(connection, "freelist_count") - SPARE_PAGES
    if spare <= 0:
        return False
    # As a script: of a statement that gives no rows `execute` takes one step, which is one page.
    connection.executescript(f"PRAGMA incremental_vacuum({min(spare, SHRINK_PAGES)})")
    return spare > SHRINK_PAGES


def _thread(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix=f"records-{name}")


async def _run(thread: ThreadPoolExecutor, call: Callable[..., _T], *values: object) -> _T:
    return await asyncio.get_running_loop().run_in_executor(thread, call, *values)
