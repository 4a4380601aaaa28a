"""All that nodes share, at one server: up and away together."""

from __future__ import annotations

import asyncio

from cursor_api.domain.credential import Secret
from cursor_api.domain.quota import Counters, Limits
from cursor_api.stores.redis.shared import RedisShared
from tests.fakes import ListObserver
from tests.redis_server import RedisServer


async def test_it_is_there_while_the_context_lasts(url: Secret) -> None:
    """Counters and facts over one connection."""
    observer = ListObserver()
    async with RedisShared(url, observer) as shared:
        assert shared.is_up
        assert isinstance(await shared.limits.find("a", Limits(concurrent_max=1)), Counters)
    assert not observer.events
    assert repr(shared).startswith("RedisShared(RedisLink(is_up=False, waiting=0), RedisLimit")


async def test_an_outage_is_told_once_of_all(server: RedisServer, url: Secret) -> None:
    """Whoever listens tells nothing beside it."""
    observer = ListObserver()
    async with RedisShared(url, observer):
        server.stop()
        async with asyncio.timeout(10):
            while not observer.warnings:
                await asyncio.sleep(0.01)
        server.start()
        async with asyncio.timeout(10):
            while not observer.notices:
                await asyncio.sleep(0.05)
    assert len(observer.warnings) == len(observer.notices) == 1, observer.events
