"""API keys and prices in a database of any kind: what is asked, which changes are known."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.price import Price
from cursor_api.stores.key_rows import Row, key_of, key_row, price_of, price_row
from cursor_api.stores.memory_keys import changed_meanwhile

KEYS: Final = "keys"
PRICES: Final = "prices"


class KeyStatements(Struct, frozen=True):
    """A database's own spelling. Values are those of a whole row, or of its key and version."""

    load: str
    insert: str
    replace: str
    delete: str
    load_prices: str
    put_price: str
    delete_price: str


class SqlKeys(abc.ABC):
    """Implements `ports.KeyStore` and `ports.PriceStore`, but for `close`.

    The database counts the changes of KEYS and of PRICES.
    """

    def __init__(self, statements: KeyStatements) -> None:
        self._statements = statements
        # By name, the changes that are known here.
        self._seen: dict[str, int] = {}

    @abc.abstractmethod
    async def _read(self, name: str, statement: str) -> tuple[int, Sequence[Row]]:
        """How many changes there are, and the rows as they are after these at the least."""

    @abc.abstractmethod
    async def _count(self, name: str) -> int:
        """How many changes there are."""

    @abc.abstractmethod
    async def _write(self, name: str, statement: str, values: Sequence[Any]) -> int | None:
        """How many changes there are with this one; None where no row was changed."""

    async def load(self) -> Sequence[ApiKey]:
        """See ports.KeyStore."""
        return [key_of(row) for row in await self._load(KEYS, self._statements.load)]

    async def has_changed(self) -> bool:
        """See ports.KeyStore."""
        return await self._count(KEYS) != self._seen.get(KEYS)

    async def put(self, key: ApiKey) -> None:
        """See ports.KeyStore."""
        statement, values = self._statements.insert, key_row(key)
        if key.version > 1:
            statement, values = self._statements.replace, (*values, key.id, key.version - 1)
        if not await self._change(KEYS, statement, values):
            raise changed_meanwhile(key.id)

    async def delete(self, key: ApiKey) -> None:
        """See ports.KeyStore."""
        if not await self._change(KEYS, self._statements.delete, (key.id, key.version)):
            raise changed_meanwhile(key.id)

    async def load_prices(self) -> Sequence[Price]:
        """See ports.PriceStore."""
        return [price_of(row) for row in await self._load(PRICES, self._statements.load_prices)]

    async def have_prices_changed(self) -> bool:
        """See ports.PriceStore."""
        return await self._count(PRICES) != self._seen.get(PRICES)

    async def put_price(self, price: Price) -> None:
        """See ports.PriceStore."""
        await self._change(PRICES, self._statements.put_price, price_row(price))

    async def delete_price(self, pattern: str, valid_from: dt.date) -> bool:
        """See ports.PriceStore."""
        values = (pattern, valid_from.isoformat())
        return await self._change(PRICES, self._statements.delete_price, values)

    async def _load(self, name: str, statement: str) -> Sequence[Row]:
        self._seen[name], rows = await self._read(name, statement)
        return rows

    async def _change(self, name: str, statement: str, values: Sequence[Any]) -> bool:
        """Whether a row was changed."""
        count = await self._write(name, statement, values)
        # What another one has changed before is still to be seen.
        if count is not None and count - 1 == self._seen.get(name):
            self._seen[name] = count
        return count is not None
