"""Where API keys and prices are kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.price import Price


class KeyStore(Protocol):
    """Keeps API keys, never a secret. Each method raises StoreError, and nothing is changed then.

    Several processes may write to one store: a change is refused where another was first.
    """

    async def load(self) -> Sequence[ApiKey]:
        """All of them, revoked ones too, in the order in which they were made."""
        ...

    async def has_changed(self) -> bool:
        """Whether a load would see another's change; cheap enough to ask every second."""
        ...

    async def put(self, key: ApiKey) -> None:
        """Keep a new one (version 1), or one in the place of its version before.

        Raises StaleKeyError where that is not what is there.
        """
        ...

    async def delete(self, key: ApiKey) -> None:
        """Forget one. Raises StaleKeyError where it is not the version that is there."""
        ...

    async def close(self) -> None:
        """Let go of what it is kept in; a later call takes it up again."""
        ...


class PriceStore(Protocol):
    """Keeps prices. Each method raises StoreError, and nothing is changed then."""

    async def load_prices(self) -> Sequence[Price]:
        """All of them, by pattern and day."""
        ...

    async def have_prices_changed(self) -> bool:
        """Whether a load would see another's change; cheap enough to ask every second."""
        ...

    async def put_price(self, price: Price) -> None:
        """Keep it, in the place of the one of its pattern and day."""
        ...

    async def delete_price(self, pattern: str, valid_from: dt.date) -> bool:
        """Forget one; whether it was there."""
        ...
