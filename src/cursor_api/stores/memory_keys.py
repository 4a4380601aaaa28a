"""API keys and prices for as long as the process lasts: the reference of their ports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.errors import StaleKeyError
from cursor_api.domain.price import Price


def changed_meanwhile(key_id: str) -> StaleKeyError:
    """For a change of a key that another change came before."""
    return StaleKeyError(f"The API key {key_id!r} was changed meanwhile; read it again.")


class MemoryKeyStore:
    """Implements `ports.KeyStore` and `ports.PriceStore`."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self._prices: dict[tuple[str, dt.date], Price] = {}

    def __repr__(self) -> str:
        return f"MemoryKeyStore(keys={len(self._keys)}, prices={len(self._prices)})"

    async def load(self) -> Sequence[ApiKey]:
        """All of them, in the order in which they were made."""
        return sorted(self._keys.values(), key=lambda key: (key.created_at, key.id))

    async def has_changed(self) -> bool:
        """Nobody else writes here."""
        return False

    async def put(self, key: ApiKey) -> None:
        """Keep a new one, or one in the place of its version before."""
        known = self._keys.get(key.id)
        if key.version != (known.version + 1 if known else 1):
            raise changed_meanwhile(key.id)
        self._keys[key.id] = key

    async def delete(self, key: ApiKey) -> None:
        """Forget one."""
        known = self._keys.get(key.id)
        if known is None or known.version != key.version:
            raise changed_meanwhile(key.id)
        del self._keys[key.id]

    async def close(self) -> None:
        """Nothing is held open."""

    async def load_prices(self) -> Sequence[Price]:
        """All of them, by pattern and day."""
        return [self._prices[place] for place in sorted(self._prices)]

    async def have_prices_changed(self) -> bool:
        """Nobody else writes here."""
        return False

    async def put_price(self, price: Price) -> None:
        """Keep it, in the place of the one of its pattern and day."""
        self._prices[price.pattern, price.valid_from] = price

    async def delete_price(self, pattern: str, valid_from: dt.date) -> bool:
        """Forget one; whether it was there."""
        return self._prices.pop((pattern, valid_from), None) is not None
