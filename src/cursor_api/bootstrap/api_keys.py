"""What API keys are made of: the keys, their limits, and the prices that they are billed by."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from msgspec import Struct

from cursor_api.domain.catalog import Route
from cursor_api.ports.audit import AuditStore
from cursor_api.ports.keys import KeyStore, PriceStore
from cursor_api.ports.limits import LimitStore
from cursor_api.ports.process import Clock, Observer
from cursor_api.service.access.budgets import BudgetWatch
from cursor_api.service.access.key_news import KeyNews
from cursor_api.service.access.keys import ApiKeys, KeyParts
from cursor_api.service.access.quota import Quota, QuotaParts
from cursor_api.service.access.recorded_use import RecordedUse, Sums
from cursor_api.service.access.store_watch import StoreWatch
from cursor_api.service.audit import Audit
from cursor_api.service.prices import Prices
from cursor_api.stores.memory_limits import MemoryLimitStore


class KeyAndPriceStore(KeyStore, PriceStore, AuditStore, Protocol):
    """Keys, prices and what was done with them are kept in one place."""


class KeyHouse(Struct, frozen=True):
    """They last through every change of the settings."""

    keys: ApiKeys
    prices: Prices
    quota: Quota
    budgets: BudgetWatch
    audit: Audit
    watch: Sequence[StoreWatch]

    async def load(self) -> None:
        """Begin with what is stored, as soon as the store is there; raises StoreError."""
        # Together: where the store hangs, nobody waits for it twice.
        await asyncio.gather(*(one.begin() for one in self.watch))

    def watches(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What goes on for as long as the gateway does."""
        return (*(one.run() for one in self.watch), self.quota.watch(), self.budgets.run())


class KeyHouseParts(Struct, frozen=True):
    """What they are made with. `resolve` gives the ways to a model.

    `limits` None: counters of this process. `is_shared_up` None: nothing is shared with others.
    """

    store: KeyAndPriceStore
    records: Sums
    resolve: Callable[[str], Sequence[Route]]
    clock: Clock
    observer: Observer
    limits: LimitStore | None = None
    is_shared_up: Callable[[], bool | None] = lambda: None
    news: KeyNews | None = None


def make_key_house(parts: KeyHouseParts) -> KeyHouse:
    """All of them, of the same parts."""
    clock, observer = parts.clock, parts.observer
    limits = parts.limits or MemoryLimitStore(clock)
    store = parts.store
    keys = ApiKeys(KeyParts(store, limits, clock, os.urandom, parts.is_shared_up, parts.news))
    prices = Prices(store)
    quota = Quota(
        QuotaParts(
            limits,
            RecordedUse(parts.records).find,
            parts.resolve,
            prices.find,
            clock,
            observer,
        )
    )
    return KeyHouse(
        keys,
        prices,
        quota,
        BudgetWatch(quota, keys.find, clock),
        Audit(store, clock, observer),
        (
            StoreWatch("API keys", keys.has_changed, keys.load, observer),
            StoreWatch("prices", store.have_prices_changed, prices.load, observer),
        ),
    )
