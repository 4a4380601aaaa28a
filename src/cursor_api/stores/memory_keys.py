"""API keys, prices and what operators did, for as long as the process lasts.

The reference of their ports.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Sequence

from cursor_api.domain.act import Act, ActQuery, KeptAct
from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.errors import StaleKeyError
from cursor_api.domain.price import Price
from cursor_api.options.said import tell
from cursor_api.ports.audit import ACTS_MAX


def changed_meanwhile(key_id: str) -> StaleKeyError:
    """For a change of a key that another change came before."""
    return StaleKeyError(
        tell("The API key {key} was changed meanwhile; read it again.", key=repr(key_id))
    )


class MemoryKeyStore:
    """Implements `ports.KeyStore`, `ports.PriceStore` and `ports.AuditStore`."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self._prices: dict[tuple[str, dt.date], Price] = {}
        self._acts: deque[KeptAct] = deque(maxlen=ACTS_MAX)

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

    async def add_act(self, act: Act) -> None:
        """Keep it; the oldest goes where there are too many."""
        number = self._acts[-1].number if self._acts else 0
        self._acts.append(KeptAct(number + 1, act))

    async def find_acts(self, query: ActQuery) -> Sequence[KeptAct]:
        """Those that are wanted, the last one first."""
        found = [one for one in reversed(self._acts) if _is_wanted(one, query)]
        return found[: query.acts_max]


def _is_wanted(one: KeptAct, query: ActQuery) -> bool:
    act = one.act
    return (
        (query.before is None or one.number < query.before)
        and (query.since is None or act.at >= query.since)
        and (query.until is None or act.at < query.until)
        and query.actor in {None, act.actor}
        and (query.kind is None or query.kind.value == act.kind)
    )
