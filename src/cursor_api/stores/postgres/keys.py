"""API keys, prices and what operators did in PostgreSQL, for all nodes at one database.

Rules of this file:
- The count of changes is read before the rows: whoever reads rows that are newer than it only reads
  once too often.
- Columns are named: a newer version may add some while this one still runs.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from cursor_api.domain.act import Act, ActQuery, KeptAct
from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.credential import Secret
from cursor_api.domain.price import Price
from cursor_api.ports.audit import ACTS_MAX
from cursor_api.stores.act_rows import act_of, act_question
from cursor_api.stores.key_rows import (
    KEY_COLUMNS,
    PRICE_COLUMNS,
    Row,
    key_of,
    key_row,
    price_of,
    price_row,
)
from cursor_api.stores.memory_keys import changed_meanwhile
from cursor_api.stores.postgres.link import Connection, Link
from cursor_api.stores.postgres.room import KEYS
from cursor_api.stores.postgres.tables import migrate

# A look at a few rows by their key; a thousand keys take some milliseconds.
CALL_S: Final = 5.0
# Another node may be at it.
MIGRATE_S: Final = 60.0

_KEY_LIST: Final = ", ".join(KEY_COLUMNS)
_KEY_VALUES: Final = ", ".join(["%s"] * len(KEY_COLUMNS))
_PRICE_LIST: Final = ", ".join(PRICE_COLUMNS)
_PRICE_VALUES: Final = ", ".join(["%s"] * len(PRICE_COLUMNS))
_LOAD: Final = f"SELECT {_KEY_LIST} FROM cursor_api.api_keys ORDER BY created_at, id"
_INSERT: Final = (
    f"INSERT INTO cursor_api.api_keys ({_KEY_LIST}) VALUES ({_KEY_VALUES}) ON CONFLICT DO NOTHING"
)
_REPLACE: Final = (
    f"UPDATE cursor_api.api_keys SET ({_KEY_LIST}) = ROW({_KEY_VALUES})"
    " WHERE id = %s AND version = %s"
)
_DELETE: Final = "DELETE FROM cursor_api.api_keys WHERE id = %s AND version = %s"
_LOAD_PRICES: Final = f"SELECT {_PRICE_LIST} FROM cursor_api.prices ORDER BY pattern, valid_from"
_PUT_PRICE: Final = (
    f"INSERT INTO cursor_api.prices ({_PRICE_LIST}) VALUES ({_PRICE_VALUES})"
    " ON CONFLICT (pattern, valid_from) DO UPDATE SET "
    + ", ".join(f"{one} = excluded.{one}" for one in PRICE_COLUMNS[2:])
)
_DELETE_PRICE: Final = "DELETE FROM cursor_api.prices WHERE pattern = %s AND valid_from = %s"
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
_KEYS: Final = "keys"
_PRICES: Final = "prices"
_T = TypeVar("_T")


class PostgresKeys:
    """Implements `ports.KeyStore`, `ports.PriceStore` and `ports.AuditStore`.

    All of it is in the schema `cursor_api`.

    A change whose answer was lost on its way is an error here, and may have been made all the same.
    """

    def __init__(self, url: Secret, call_s: float = CALL_S) -> None:
        self._link = Link(url, KEYS, call_s)
        self._is_made = False
        # Of keys and of prices, the changes that are known here.
        self._seen: dict[str, int] = {}

    def __repr__(self) -> str:
        return "PostgresKeys()"

    async def close(self) -> None:
        """Let go of the connection; it is made again when it is needed again."""
        await self._link.close()

    async def load(self) -> Sequence[ApiKey]:
        """See ports.KeyStore."""
        return [key_of(row) for row in await self._load(_KEYS, _LOAD)]

    async def has_changed(self) -> bool:
        """See ports.KeyStore."""
        return await self._has_changed(_KEYS)

    async def put(self, key: ApiKey) -> None:
        """See ports.KeyStore."""
        if key.version == 1:
            is_done = await self._change(_KEYS, _INSERT, key_row(key))
        else:
            is_done = await self._change(_KEYS, _REPLACE, (*key_row(key), key.id, key.version - 1))
        if not is_done:
            raise changed_meanwhile(key.id)

    async def delete(self, key: ApiKey) -> None:
        """See ports.KeyStore."""
        if not await self._change(_KEYS, _DELETE, (key.id, key.version)):
            raise changed_meanwhile(key.id)

    async def load_prices(self) -> Sequence[Price]:
        """See ports.PriceStore."""
        return [price_of(row) for row in await self._load(_PRICES, _LOAD_PRICES)]

    async def have_prices_changed(self) -> bool:
        """See ports.PriceStore."""
        return await self._has_changed(_PRICES)

    async def put_price(self, price: Price) -> None:
        """See ports.PriceStore."""
        await self._change(_PRICES, _PUT_PRICE, price_row(price))

    async def delete_price(self, pattern: str, valid_from: dt.date) -> bool:
        """See ports.PriceStore."""
        return await self._change(_PRICES, _DELETE_PRICE, (pattern, valid_from.isoformat()))

    async def add_act(self, act: Act) -> None:
        """See ports.AuditStore."""
        await self._run(functools.partial(_add_act, act=act))

    async def find_acts(self, query: ActQuery) -> Sequence[KeptAct]:
        """See ports.AuditStore."""
        statement, values = act_question(query, "cursor_api.audit", "%s")
        rows = await self._run(functools.partial(_rows, statement=statement, values=values))
        return [act_of(row) for row in rows]

    async def _load(self, name: str, question: str) -> list[Row]:
        count, rows = await self._run(functools.partial(_read, name=name, question=question))
        self._seen[name] = count
        return rows

    async def _has_changed(self, name: str) -> bool:
        count = await self._run(functools.partial(_value, statement=_COUNT, values=(name,)))
        return bool(count != self._seen.get(name))

    async def _change(self, name: str, statement: str, values: Row) -> bool:
        """Whether a row was changed."""
        call = functools.partial(_change, name=name, statement=statement, values=values)
        count = await self._run(call)
        # What another one has changed before is still to be seen.
        if count is not None and count - 1 == self._seen.get(name):
            self._seen[name] = count
        return count is not None

    async def _run(self, call: Callable[[Connection], Awaitable[_T]]) -> _T:
        if not self._is_made:
            await self._link.run(migrate, limit_s=MIGRATE_S)
            self._is_made = True
        return await self._link.run(call)


async def _read(connection: Connection, name: str, question: str) -> tuple[int, list[Row]]:
    count = await _value(connection, _COUNT, (name,))
    found = await connection.execute(question.encode())
    return count, await found.fetchall()


async def _change(connection: Connection, name: str, statement: str, values: Row) -> int | None:
    """How many changes there are with this one; None where no row was changed."""
    done = await connection.execute(statement.encode(), values)
    count: int | None = await _value(connection, _CHANGED, (name,)) if done.rowcount else None
    return count


async def _add_act(connection: Connection, act: Act) -> None:
    number = await _value(connection, _ADD_ACT, act)
    await connection.execute(_DROP_ACTS.encode(), (number - ACTS_MAX,))


async def _rows(connection: Connection, statement: str, values: Sequence[Any]) -> list[Row]:
    return await (await connection.execute(statement.encode(), values)).fetchall()


async def _value(connection: Connection, statement: str, values: Row) -> Any:
    found = await (await connection.execute(statement.encode(), values)).fetchone()
    return found[0] if found else None
