"""API keys and prices without a gateway around them, for commands.

They work on the file or the database that gateways work on, which see what was changed within
seconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from cursor_api.bootstrap.api_keys import KeyHouse, KeyHouseParts, make_key_house
from cursor_api.bootstrap.stores import make_database, make_keys, make_shared
from cursor_api.installed import Settings
from cursor_api.ports.process import Observer
from cursor_api.telemetry.clock import SystemClock


@asynccontextmanager
async def open_keys(settings: Settings, observer: Observer) -> AsyncIterator[KeyHouse]:
    """What is stored, loaded. Raises StoreError when it cannot be read."""
    store, clock = make_keys(settings), SystemClock()
    # It is not opened before something is asked of it, and nobody is asked for a model here.
    records = make_database(settings)
    shared = make_shared(settings)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(records.close)
        stack.push_async_callback(store.close)
        if shared is not None:
            await stack.enter_async_context(shared)
        limits = shared.limits if shared is not None else None
        house = make_key_house(
            KeyHouseParts(store, records, lambda _model: (), clock, observer, limits)
        )
        await house.keys.load()
        await house.prices.load()
        yield house
