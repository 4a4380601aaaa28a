"""Keys in PostgreSQL: several nodes at one database; the rest is in the contract."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from msgspec.structs import replace

from cursor_api.domain.api_key import ApiKey, digest_of
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StaleKeyError, StoreAwayError
from cursor_api.domain.price import Price
from cursor_api.stores.postgres.keys import PostgresKeys
from tests.contract.test_records import forget_all
from tests.postgres_server import PostgresServer

KEY = ApiKey("alice", digest_of("sk-ca-secret"), "sk-ca-secr", "Alice", 1.0)
PRICE = Price("m", dt.date(2025, 1, 31), 1, 2, "s")


@pytest.fixture
async def nodes(url: Secret) -> AsyncIterator[list[PostgresKeys]]:
    """Two of them, at an empty database."""
    await forget_all(url)
    async with AsyncExitStack() as stack:
        made = [PostgresKeys(url, call_s=1.0) for _ in range(2)]
        for one in made:
            stack.push_async_callback(one.close)
        yield made


async def test_what_one_node_changes_another_one_sees(nodes: list[PostgresKeys]) -> None:
    """Its own changes are no news to it, unless another one's came before."""
    mine, theirs = nodes
    for one in nodes:
        assert await one.has_changed()
        assert (await one.load(), await one.load_prices()) == ([], [])
        assert not await one.has_changed()
    await mine.put(KEY)
    assert not await mine.has_changed()
    assert await theirs.has_changed()
    assert not await theirs.have_prices_changed()
    await theirs.put_price(PRICE)
    await mine.delete_price("m", dt.date(2025, 1, 31))
    assert await mine.have_prices_changed()
    assert await theirs.have_prices_changed()
    assert await theirs.load() == [KEY]
    assert not await theirs.has_changed()
    assert repr(mine) == "PostgresKeys()"


async def test_of_many_nodes_that_change_one_key_at_once_one_does(
    nodes: list[PostgresKeys],
) -> None:
    """The others read again; and of two keys with one secret there is one."""
    mine, theirs = nodes
    await mine.put(KEY)
    changes = [
        one.put(replace(KEY, name=name, version=2)) for one, name in zip(nodes, "ab", strict=True)
    ]
    results = await asyncio.gather(*changes, return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["NoneType", "StaleKeyError"]
    with pytest.raises(StaleKeyError):
        await theirs.put(replace(KEY, id="other"))


async def test_a_database_that_was_away_is_used_again(
    server: PostgresServer, nodes: list[PostgresKeys]
) -> None:
    """Stopped, hanging and back: nobody has to start the gateway anew."""
    mine, _ = nodes
    await mine.put(KEY)
    with server.paused(), pytest.raises(StoreAwayError, match="no answer within 1 s"):
        await mine.has_changed()
    server.stop(signal.SIGQUIT)
    for call in (mine.load, mine.has_changed):
        with pytest.raises(StoreAwayError):
            await call()
    server.start()
    assert await mine.load() == [KEY]
