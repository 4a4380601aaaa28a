"""All that nodes share, at one server: up and away together."""

from __future__ import annotations

from cursor_api.domain.credential import Secret
from cursor_api.domain.quota import Counters, Limits
from cursor_api.stores.redis.shared import RedisShared
from tests.fakes import ListObserver
from tests.redis_server import RedisServer
from tests.waiting import until


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
        await until(lambda: observer.warnings)
        server.start()
        await until(lambda: observer.notices)
    assert len(observer.warnings) == len(observer.notices) == 1, observer.events
