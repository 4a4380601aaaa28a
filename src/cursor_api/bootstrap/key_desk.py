"""API keys and prices without a gateway around them, for commands.

They work on the file or the database that gateways work on, which see what was changed within
seconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.bootstrap.api_keys import KeyHouse, KeyHouseParts, make_key_house
from cursor_api.bootstrap.stores import make_database, make_keys
from cursor_api.domain.errors import StaleKeyError, StoreError
from cursor_api.installed import Settings
from cursor_api.options.said import tell
from cursor_api.ports.process import Observer
from cursor_api.stores.sqlite.keys import SqliteKeys
from cursor_api.telemetry.clock import SystemClock


@asynccontextmanager
async def open_keys(settings: Settings, observer: Observer) -> AsyncIterator[KeyHouse]:
    """What is stored, loaded. Raises StoreError when it cannot be read."""
    store, clock = make_keys(settings), SystemClock()
    # It is not opened before something is asked of it, and nobody is asked for a model here.
    records = make_database(settings)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(records.close)
        stack.push_async_callback(store.close)
        house = make_key_house(KeyHouseParts(store, records, lambda _model: (), clock, observer))
        await house.keys.load()
        await house.prices.load()
        yield house


class Copied(Struct, frozen=True):
    """Ids of keys that were copied, and of those that were there or are another's; prices."""

    keys: tuple[str, ...]
    left: tuple[str, ...]
    price_count: int


async def copy_keys(settings: Settings) -> Copied:
    """Bring keys and prices from the file into the database, which keeps what it has.

    Secrets go on as they are. Raises StoreError.
    """
    if settings.database.url is None:
        raise StoreError(tell("There is no database to copy to: DATABASE_URL is not set."))
    path = settings.files.request_log_file
    if not path.exists():
        raise StoreError(
            tell(
                "There is no file {path} to copy from; if it has another name now, put that into"
                " REQUEST_LOG_FILE for this command.",
                path=path,
            )
        )
    file, database = SqliteKeys(path), make_keys(settings)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(file.close)
        stack.push_async_callback(database.close)
        copied, left = [], []
        for key in await file.load():
            try:
                await database.put(replace(key, version=1))
            except StaleKeyError:
                left.append(key.id)
            else:
                copied.append(key.id)
        there = {(price.pattern, price.valid_from) for price in await database.load_prices()}
        prices = [
            price
            for price in await file.load_prices()
            if (price.pattern, price.valid_from) not in there
        ]
        for price in prices:
            await database.put_price(price)
    return Copied(tuple(copied), tuple(left), len(prices))
