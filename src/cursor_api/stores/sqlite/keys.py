"""API keys, prices and what operators did, in the SQLite file of the records.

A file that is not there yet has none, and is not made to find that out.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from cursor_api.domain.act import Act, ActQuery, KeptAct
from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.price import Price
from cursor_api.ports.audit import ACTS_MAX
from cursor_api.stores.act_rows import act_of, act_question
from cursor_api.stores.key_rows import key_of, key_row, price_of, price_row
from cursor_api.stores.memory_keys import changed_meanwhile
from cursor_api.stores.sqlite.file import RecordFile
from cursor_api.stores.sqlite.sql_files import read_sql

_INSERT: Final = read_sql("insert_key")
_REPLACE: Final = read_sql("replace_key")
_DELETE: Final = "DELETE FROM api_keys WHERE id = ? AND version = ?"
_PUT_PRICE: Final = read_sql("upsert_price")
_DELETE_PRICE: Final = "DELETE FROM prices WHERE pattern = ? AND valid_from = ?"
_COUNT: Final = "SELECT changes_count FROM changes WHERE name = ?"
_CHANGED: Final = (
    "UPDATE changes SET changes_count = changes_count + 1 WHERE name = ? RETURNING changes_count"
)
_ADD_ACT: Final = "INSERT INTO audit (at, actor, kind, subject) VALUES (?, ?, ?, ?)"
_DROP_ACTS: Final = "DELETE FROM audit WHERE number <= ?"
_KEYS: Final = "keys"
_PRICES: Final = "prices"
_T = TypeVar("_T")


class SqliteKeys:
    """Implements `ports.KeyStore`, `ports.PriceStore` and `ports.AuditStore`.

    Waits for the disk in a thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = RecordFile(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keys")
        # Of keys and of prices, the changes that are known here.
        self._seen: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"SqliteKeys({str(self._path)!r})"

    async def close(self) -> None:
        """Let go of the file; it is opened again when it is used again."""
        await self._run(self._file.close)

    async def load(self) -> Sequence[ApiKey]:
        """See ports.KeyStore."""
        rows = await self._run(self._load, _KEYS, "SELECT * FROM api_keys ORDER BY created_at, id")
        return [key_of(row) for row in rows]

    async def has_changed(self) -> bool:
        """See ports.KeyStore."""
        return await self._run(self._has_changed, _KEYS)

    async def put(self, key: ApiKey) -> None:
        """See ports.KeyStore."""
        if key.version == 1:
            is_done = await self._run(self._change, _KEYS, _INSERT, key_row(key))
        else:
            row = (*key_row(key), key.id, key.version - 1)
            is_done = await self._run(self._change, _KEYS, _REPLACE, row)
        if not is_done:
            raise changed_meanwhile(key.id)

    async def delete(self, key: ApiKey) -> None:
        """See ports.KeyStore."""
        if not await self._run(self._change, _KEYS, _DELETE, (key.id, key.version)):
            raise changed_meanwhile(key.id)

    async def load_prices(self) -> Sequence[Price]:
        """See ports.PriceStore."""
        question = "SELECT * FROM prices ORDER BY pattern, valid_from"
        return [price_of(row) for row in await self._run(self._load, _PRICES, question)]

    async def have_prices_changed(self) -> bool:
        """See ports.PriceStore."""
        return await self._run(self._has_changed, _PRICES)

    async def put_price(self, price: Price) -> None:
        """See ports.PriceStore."""
        await self._run(self._change, _PRICES, _PUT_PRICE, price_row(price))

    async def delete_price(self, pattern: str, valid_from: dt.date) -> bool:
        """See ports.PriceStore."""
        values = (pattern, valid_from.isoformat())
        return await self._run(self._change, _PRICES, _DELETE_PRICE, values)

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

    def _find_acts(self, query: ActQuery) -> list[tuple[object, ...]]:
        if not self._path.exists():
            return []
        with self._file.use() as connection:
            return connection.execute(*act_question(query, "audit", "?")).fetchall()

    def _load(self, name: str, question: str) -> list[tuple[object, ...]]:
        if not self._path.exists():
            self._seen[name] = 0
            return []
        with self._file.use() as connection:
            # Both of one state of the file.
            connection.execute("BEGIN")
            count = _count(connection, name)
            rows = connection.execute(question).fetchall()
            connection.execute("COMMIT")
        self._seen[name] = count
        return rows

    def _has_changed(self, name: str) -> bool:
        if not self._path.exists():
            return self._seen.get(name) != 0
        with self._file.use() as connection:
            return _count(connection, name) != self._seen.get(name)

    def _change(self, name: str, statement: str, values: tuple[object, ...]) -> bool:
        """Whether a row was changed."""
        with self._file.use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            rows_count = connection.execute(statement, values).rowcount
            count = connection.execute(_CHANGED, (name,)).fetchone()[0] if rows_count else None
            connection.execute("COMMIT")
        # What another one has changed before is still to be seen.
        if count is not None and count - 1 == self._seen.get(name):
            self._seen[name] = count
        return rows_count > 0

    async def _run(self, call: Callable[..., _T], *values: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *values)


def _count(connection: sqlite3.Connection, name: str) -> int:
    count: int = connection.execute(_COUNT, (name,)).fetchone()[0]
    return count
