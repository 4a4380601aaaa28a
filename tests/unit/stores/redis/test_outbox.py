"""What is told waits until the server has heard it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.stores.redis import link as redis_link
from cursor_api.stores.redis.link import LinkWords, RedisLink
from cursor_api.stores.redis.outbox import Outbox
from cursor_api.stores.redis.scripts import Script
from tests.fakes import ListObserver
from tests.redis_server import RedisServer
from tests.waiting import until

TEXT = "return redis.call('RPUSH', KEYS[1], ARGV[1])"
SAY = Script("say", TEXT, hashlib.sha1(TEXT.encode(), usedforsecurity=False).hexdigest())
READ = "return redis.call('LRANGE', KEYS[1], 0, -1)"
WAIT = "return redis.call('RPUSH', KEYS[1], ARGV[#ARGV])"
WAITED = Script("waited", WAIT, hashlib.sha1(WAIT.encode(), usedforsecurity=False).hexdigest())
HEARD = Script("heard", READ, hashlib.sha1(READ.encode(), usedforsecurity=False).hexdigest())


@pytest.fixture
async def link(url: Secret, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisLink]:
    """One that tries again soon."""
    monkeypatch.setattr(redis_link, "RETRY_S", 0.02)
    async with RedisLink(
        url, [SAY, WAITED, HEARD], LinkWords("away", "back"), ListObserver()
    ) as made:
        yield made


def say(outbox: Outbox[str], name: str, word: str) -> None:
    """A word under a name."""
    outbox.tell(name, SAY, (1, "said", word))


async def test_what_is_heard_waits_no_longer(link: RedisLink) -> None:
    """In the order in which it was told."""
    outbox: Outbox[str] = Outbox(link)
    say(outbox, "a", "one")
    say(outbox, "b", "two")
    assert ("a" in outbox, len(outbox)) == (True, 2)
    await until(lambda: not len(outbox))
    assert await link.call(HEARD, ("said",)) == [b"one", b"two"]


async def test_without_a_server_the_last_of_each_name_waits(
    link: RedisLink, server: RedisServer
) -> None:
    """The oldest names go where there is no room for more."""
    outbox: Outbox[str] = Outbox(link, 2)
    server.stop()
    await until(lambda: not link.is_up)
    for name, word in (("a", "gone"), ("b", "old"), ("b", "new"), ("c", "last")):
        say(outbox, name, word)
    assert ("a" in outbox, len(outbox)) == (False, 2)
    server.start()
    await until(lambda: not len(outbox))
    assert await link.call(HEARD, ("said",)) == [b"new", b"last"]


async def test_a_script_hears_how_long_it_was_waited_for(
    link: RedisLink, server: RedisServer
) -> None:
    """Which is not at all, where it is told at once."""
    outbox: Outbox[str] = Outbox(link)
    outbox.tell("a", WAITED, (1, "waited"))
    assert await link.call(HEARD, ("waited",)) == [b"0"]
    server.stop()
    await until(lambda: not link.is_up)
    outbox.tell("b", WAITED, (1, "waited"))
    await asyncio.sleep(0.1)
    server.start()
    await until(lambda: not len(outbox))
    [waited_ms] = await link.call(HEARD, ("waited",))
    assert int(waited_ms) >= 100
