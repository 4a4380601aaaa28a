"""The prices that hold, and their changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from cursor_api.domain.catalog import Route
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.price import Price, PriceList
from cursor_api.options.said import tell
from cursor_api.ports.keys import PriceStore
from cursor_api.service.access.key_terms import check_price

PRICES_MAX = 10_000


class Prices:
    """All prices. What another process stores holds after the next `load`."""

    def __init__(self, store: PriceStore) -> None:
        self._store = store
        self._list = PriceList()

    def __repr__(self) -> str:
        return f"Prices({len(self._list.prices)})"

    @property
    def all(self) -> Sequence[Price]:
        """By pattern, and by day."""
        return sorted(self._list.prices, key=lambda one: (one.pattern, one.valid_from))

    def find(self, route: Route, at: float) -> Price | None:
        """The price of a model at its endpoint; None: it is unknown."""
        return self._list.find(route, at)

    async def load(self) -> None:
        """Take over what the store has; raises StoreError."""
        self._list = PriceList(await self._store.load_prices())

    async def put(self, price: Price) -> None:
        """A further one, or other figures for its day. Raises Fault, StoreError."""
        check_price(price)
        if len(self._list.prices) >= PRICES_MAX:
            words = tell("There are {count:,} prices; delete old ones.", count=PRICES_MAX)
            raise Fault(FaultKind.CONFLICT, words)
        await self._store.put_price(price)
        await self.load()

    async def delete(self, pattern: str, valid_from: dt.date) -> None:
        """Forget one. Raises Fault(NOT_FOUND), StoreError."""
        if not await self._store.delete_price(pattern, valid_from):
            words = tell(
                "There is no price of {name!r} from {day}.", name=pattern[:100], day=valid_from
            )
            raise Fault(FaultKind.NOT_FOUND, words)
        await self.load()
