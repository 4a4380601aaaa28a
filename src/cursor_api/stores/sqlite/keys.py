"""API keys, prices and what operators did, in the SQLite file of the records.

A file that is not there yet has none, and is not made to find that out.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from cursor_api.domain.act import Act, ActQuery, KeptAct
from cursor_api.ports.audit import ACTS_MAX
from cursor_api.stores.act_rows import act_of, act_question
from cursor_api.stores.key_rows import Row
from cursor_api.stores.sql_keys import KeyStatements, SqlKeys
from cursor_api.stores.sqlite.file import RecordFile
from cursor_api.stores.sqlite.sql_files import read_sql

_STATEMENTS: Final = KeyStatements(
    load="SELECT * FROM api_keys ORDER BY created_at, id",
    insert=read_sql("insert_key"),
    replace=read_sql("replace_key"),
    delete="DELETE FROM api_keys WHERE id = ? AND version = ?",
    load_prices="SELECT * FROM prices ORDER BY pattern, valid_from",
    put_price=read_sql("upsert_price"),
    delete_price="DELETE FROM prices WHERE pattern = ? AND valid_from = ?",
)
_COUNT: Final = "SELECT changes_count FROM changes WHERE name = ?"
_CHANGED: Final = (
    "UPDATE changes SET changes_count = changes_count + 1 WHERE name = ? RETURNING changes_count"
)
_ADD_ACT: Final = "INSERT INTO audit (at, actor, kind, subject) VALUES (?, ?, ?, ?)"
_DROP_ACTS: Final = "DELETE FROM audit WHERE number <= ?"
_T = TypeVar("_T")


class SqliteKeys(SqlKeys):
    """Implements `ports.KeyStore`, `ports.PriceStore` and `ports.AuditStore`.

    Waits for the disk in a thread.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(_STATEMENTS)
        self._path = path
        self._file = RecordFile(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keys")

    def __repr__(self) -> str:
        return f"SqliteKeys({str(self._path)!r})"

    async def close(self) -> None:
        """Let go of the file; it is opened again when it is used again."""
        await self._run(self._file.close)

    async def add_act(self, act: Act) -> None:
        """See ports.AuditStore."""
        await self._run(self._add_act, act)

    async def find_acts(self, query: ActQuery) -> Sequence[KeptAct]:
        """See ports.AuditStore."""
        return [act_of(row) for row in await self._run(self._find_acts, query)]

    def _add_act(self, act: Act) -> None:
        with self._file.use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            number = connection.execute(_ADD_ACT, act).lastrowid or 0
            connection.execute(_DROP_ACTS, (number - ACTS_MAX,))
            connection.execute("COMMIT")

    def _find_acts(self, query: ActQuery) -> list[Row]:
        if not self._path.exists():
            return []
        with self._file.use() as connection:
            return connection.execute(*act_question(query, "audit", "?")).fetchall()

    async def _read(self, name: str, statement: str) -> tuple[int, Sequence[Row]]:
        return await self._run(self._read_file, name, statement)

    def _read_file(self, name: str, statement: str) -> tuple[int, list[Row]]:
        if not self._path.exists():
            return 0, []
        with self._file.use() as connection:
            # Both of one state of the file.
            connection.execute("BEGIN")
            count = _count(connection, name)
            rows = connection.execute(statement).fetchall()
            connection.execute("COMMIT")
        return count, rows

    async def _count(self, name: str) -> int:
        return await self._run(self._count_in_file, name)

    def _count_in_file(self, name: str) -> int:
        if not self._path.exists():
            return 0
        with self._file.use() as connection:
            return _count(connection, name)

    async def _write(self, name: str, statement: str, values: Sequence[Any]) -> int | None:
        return await self._run(self._write_file, name, statement, values)

    def _write_file(self, name: str, statement: str, values: Sequence[Any]) -> int | None:
        with self._file.use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            is_changed = connection.execute(statement, values).rowcount > 0
            count = connection.execute(_CHANGED, (name,)).fetchone()[0] if is_changed else None
            connection.execute("COMMIT")
        return count

    async def _run(self, call: Callable[..., _T], *values: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *values)


def _count(connection: sqlite3.Connection, name: str) -> int:
    count: int = connection.execute(_COUNT, (name,)).fetchone()[0]
    return count
