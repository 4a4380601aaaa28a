"""The table of texts in an SQLite file; each function runs inside a transaction of its caller."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Final

from cursor_api.domain.record_content import RecordContent
from cursor_api.stores.records.content_rows import STEP_BYTES, content_row_of

# Texts that are forgotten in one step: as many as take about this long, of at most 50 ms.
STEP_S: Final = 0.02
STEP_ROWS_MIN: Final = 10
STEP_ROWS_MAX: Final = 1_000


def insert_contents(connection: sqlite3.Connection, contents: Sequence[RecordContent]) -> None:
    """Of requests that are new; a text that is there stays as it is."""
    size_bytes = 0
    for one in contents:
        row = content_row_of(one)
        done = connection.execute(
            "INSERT INTO contents VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING", row
        )
        size_bytes += row[-1] * done.rowcount
    _add_bytes(connection, size_bytes)


def delete_contents(connection: sqlite3.Connection, where: str, values: Sequence[Any]) -> None:
    """Those that the condition means."""
    gone = connection.execute(
        f"DELETE FROM contents WHERE {where} RETURNING size_bytes", values
    ).fetchall()
    _add_bytes(connection, -sum(size_bytes for (size_bytes,) in gone))


def within_step(connection: sqlite3.Connection, ids: Sequence[str]) -> Sequence[str]:
    """As many of these requests, from the first, as may go with their texts in one step."""
    if not _has_any(connection):
        return ids
    size_bytes = 0
    for count, one in enumerate(ids):
        found = connection.execute("SELECT size_bytes FROM contents WHERE id = ?", (one,))
        size_bytes += sum(own_bytes for (own_bytes,) in found)
        if size_bytes > STEP_BYTES:
            return ids[: max(count, 1)]
    return ids


def delete_contents_of(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    """Those of these requests."""
    if not _has_any(connection):
        return
    for one in ids:
        delete_contents(connection, "id = ?", (one,))


class ContentSweep:
    """Forgets texts that are too old (before the id `oldest`), or more than `bytes_max`."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._step_rows = STEP_ROWS_MIN

    def step(self, connection: sqlite3.Connection, oldest: str) -> bool:
        """Some of the oldest; whether none is left that has to go."""
        began = time.perf_counter()
        excess_bytes = self._excess_bytes(connection)
        (first,) = connection.execute("SELECT min(id) FROM contents").fetchone()
        if first is None or (first >= oldest and excess_bytes <= 0):
            return True
        connection.execute("BEGIN IMMEDIATE")
        last, count, step_bytes, is_enough = "", 0, 0, False
        for one, size_bytes in connection.execute(
            "SELECT id, size_bytes FROM contents ORDER BY id LIMIT ?", (self._step_rows,)
        ):
            step_bytes += size_bytes
            is_enough = count > 0 and step_bytes > STEP_BYTES
            if is_enough or (one >= oldest and excess_bytes <= 0):
                break
            excess_bytes -= size_bytes
            last, count = one, count + 1
        if count:
            delete_contents(connection, "id <= ?", (last,))
        connection.execute("COMMIT")
        is_done = count < self._step_rows and not is_enough
        spent_s = max(time.perf_counter() - began, 1e-6)
        fitting = int(self._step_rows * STEP_S / spent_s)
        self._step_rows = max(STEP_ROWS_MIN, min(2 * self._step_rows, fitting, STEP_ROWS_MAX))
        return is_done

    def _excess_bytes(self, connection: sqlite3.Connection) -> int:
        kept_bytes: int = connection.execute("SELECT content_bytes FROM kept").fetchone()[0]
        return kept_bytes - self._bytes_max


def _has_any(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM contents LIMIT 1").fetchone() is not None


def _add_bytes(connection: sqlite3.Connection, more: int) -> None:
    if more:
        connection.execute("UPDATE kept SET content_bytes = content_bytes + ?", (more,))
