"""API keys, prices and what operators did in PostgreSQL, for all nodes at one database.

Rules of this file:
- The count of changes is read before the rows: whoever reads rows that are newer than it only reads
  once too often.
- Columns are named: a newer version may add some while this one still runs.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from cursor_api.domain.act import Act, ActQuery, KeptAct
from cursor_api.domain.credential import Secret
from cursor_api.ports.audit import ACTS_MAX
from cursor_api.stores.act_rows import act_of, act_question
from cursor_api.stores.key_rows import KEY_COLUMNS, PRICE_COLUMNS, Row
from cursor_api.stores.postgres.link import Connection, Link, fetch_value
from cursor_api.stores.postgres.room import KEYS
from cursor_api.stores.postgres.tables import migrate
from cursor_api.stores.sql_keys import KeyStatements, SqlKeys

# A look at a few rows by their key; a thousand keys take some milliseconds.
CALL_S: Final = 5.0
# Another node may be at it.
MIGRATE_S: Final = 60.0

_KEY_LIST: Final = ", ".join(KEY_COLUMNS)
_KEY_VALUES: Final = ", ".join(["%s"] * len(KEY_COLUMNS))
_PRICE_LIST: Final = ", ".join(PRICE_COLUMNS)
_PRICE_VALUES: Final = ", ".join(["%s"] * len(PRICE_COLUMNS))
_STATEMENTS: Final = KeyStatements(
    load=f"SELECT {_KEY_LIST} FROM cursor_api.api_keys ORDER BY created_at, id",
    insert=f"INSERT INTO cursor_api.api_keys ({_KEY_LIST}) VALUES ({_KEY_VALUES})"
    " ON CONFLICT DO NOTHING",
    replace=f"UPDATE cursor_api.api_keys SET ({_KEY_LIST}) = ROW({_KEY_VALUES})"
    " WHERE id = %s AND version = %s",
    delete="DELETE FROM cursor_api.api_keys WHERE id = %s AND version = %s",
    load_prices=f"SELECT {_PRICE_LIST} FROM cursor_api.prices ORDER BY pattern, valid_from",
    put_price=f"INSERT INTO cursor_api.prices ({_PRICE_LIST}) VALUES ({_PRICE_VALUES})"
    " ON CONFLICT (pattern, valid_from) DO UPDATE SET "
    + ", ".join(f"{one} = excluded.{one}" for one in PRICE_COLUMNS[2:]),
    delete_price="DELETE FROM cursor_api.prices WHERE pattern = %s AND valid_from = %s",
)
_COUNT: Final = "SELECT changes_count FROM cursor_api.changes WHERE name = %s"
_CHANGED: Final = (
    "UPDATE cursor_api.changes SET changes_count = changes_count + 1 WHERE name = %s"
    " RETURNING changes_count"
)
_ADD_ACT: Final = (
    "INSERT INTO cursor_api.audit (at, actor, kind, subject) VALUES (%s, %s, %s, %s)"
    " RETURNING number"
)
_DROP_ACTS: Final = "DELETE FROM cursor_api.audit WHERE number <= %s"
_T = TypeVar("_T")


class PostgresKeys(SqlKeys):
    """Implements `ports.KeyStore`, `ports.PriceStore` and `ports.AuditStore`.

    All of it is in the schema `cursor_api`.

    A change whose answer was lost on its way is an error here, and may have been made all the same.
    """

    def __init__(self, url: Secret, call_s: float = CALL_S) -> None:
        super().__init__(_STATEMENTS)
        self._link = Link(url, KEYS, call_s)
        self._is_made = False

    def __repr__(self) -> str:
        return "PostgresKeys()"

    async def close(self) -> None:
        """Let go of the connection; it is made again when it is needed again."""
        await self._link.close()

    async def add_act(self, act: Act) -> None:
        """See ports.AuditStore."""
        await self._run(functools.partial(_add_act, act=act))

    async def find_acts(self, query: ActQuery) -> Sequence[KeptAct]:
        """See ports.AuditStore."""
        statement, values = act_question(query, "cursor_api.audit", "%s")
        rows = await self._run(functools.partial(_rows, statement=statement, values=values))
        return [act_of(row) for row in rows]

    async def _read(self, name: str, statement: str) -> tuple[int, Sequence[Row]]:
        return await self._run(functools.partial(_read, name=name, statement=statement))

    async def _count(self, name: str) -> int:
        count: int = await self._run(lambda connection: fetch_value(connection, _COUNT, name))
        return count

    async def _write(self, name: str, statement: str, values: Sequence[Any]) -> int | None:
        return await self._run(
            functools.partial(_write, name=name, statement=statement, values=values)
        )

    async def _run(self, call: Callable[[Connection], Awaitable[_T]]) -> _T:
        if not self._is_made:
            await self._link.run(migrate, limit_s=MIGRATE_S)
            self._is_made = True
        return await self._link.run(call)


async def _read(connection: Connection, name: str, statement: str) -> tuple[int, list[Row]]:
    count = await fetch_value(connection, _COUNT, name)
    return count, await _rows(connection, statement)


async def _write(
    connection: Connection, name: str, statement: str, values: Sequence[Any]
) -> int | None:
    done = await connection.execute(statement.encode(), values)
    count: int | None = await fetch_value(connection, _CHANGED, name) if done.rowcount else None
    return count


async def _add_act(connection: Connection, act: Act) -> None:
    number = await fetch_value(connection, _ADD_ACT, *act)
    await connection.execute(_DROP_ACTS.encode(), (number - ACTS_MAX,))


async def _rows(connection: Connection, statement: str, values: Sequence[Any] = ()) -> list[Row]:
    return await (await connection.execute(statement.encode(), values)).fetchall()
