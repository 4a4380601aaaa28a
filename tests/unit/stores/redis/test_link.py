"""One connection for many: what becomes of them when the server is paused, dead or restarted."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreAwayError
from cursor_api.stores.redis import link as redis_link
from cursor_api.stores.redis.link import LinkWords, RedisLink, pack, pack_part
from cursor_api.stores.redis.scripts import Script, read_script
from tests.fakes import ListObserver
from tests.redis_server import RedisServer
from tests.waiting import until

SCRIPT = read_script("find")
KEYS = ("a", "b", "c")
WORDS = LinkWords("it is away", "it is back")


@pytest.fixture
async def observer() -> ListObserver:
    """What the operator is told."""
    return ListObserver()


@pytest.fixture
async def link(
    url: Secret, observer: ListObserver, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RedisLink]:
    """One that tries again soon."""
    monkeypatch.setattr(redis_link, "RETRY_S", 0.02)
    async with RedisLink(url, [SCRIPT], WORDS, observer) as made:
        yield made


async def back(link: RedisLink) -> None:
    """When it is."""
    await until(lambda: link.is_up)


def test_a_command_is_packed_by_its_bytes() -> None:
    """Whatever its words are."""
    assert pack(("GET", 12, "ü")) == b"*3\r\n$3\r\nGET\r\n$2\r\n12\r\n$2\r\n\xc3\xbc\r\n"
    assert pack(("a", pack_part(1, "ü"), "b")) == pack(("a", 1, "ü", "b"))
    assert pack(("a",)) == b"*1\r\n$1\r\na\r\n"


async def test_many_at_once_each_get_their_own_answer(url: Secret, observer: ListObserver) -> None:
    """On one connection."""
    text = "return ARGV[1]"
    echo = Script("echo", text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
    async with RedisLink(url, [echo], WORDS, observer) as link:
        answers = await asyncio.gather(*(link.call(echo, (), number) for number in range(500)))
    assert answers == [str(number).encode() for number in range(500)]
    assert repr(link) == "RedisLink(is_up=False, waiting=0)"


async def test_forgotten_scripts_are_given_again(server: RedisServer, link: RedisLink) -> None:
    """Somebody's SCRIPT FLUSH costs nothing."""
    server.ask("SCRIPT", "FLUSH")
    assert await link.call(SCRIPT, KEYS)


async def test_a_paused_server_holds_nobody_for_long(
    server: RedisServer,
    link: RedisLink,
    observer: ListObserver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A quarter of a second for those who were waiting, and nothing for those who come then."""
    monkeypatch.setattr(redis_link, "ANSWER_S", 0.25)
    with server.paused():
        began = time.monotonic()
        answers = await asyncio.gather(
            *(link.call(SCRIPT, KEYS) for _ in range(20)), return_exceptions=True
        )
        assert time.monotonic() - began >= redis_link.ANSWER_S
        assert all(isinstance(one, StoreAwayError) for one in answers)
        assert "no answer within 0.25 s" in str(answers[0])
        with pytest.raises(StoreAwayError, match="it is away"):
            await link.call(SCRIPT, KEYS)
    monkeypatch.setattr(redis_link, "ANSWER_S", 10.0)
    await back(link)
    assert await link.call(SCRIPT, KEYS)
    assert len(observer.warnings) == len(observer.notices) == 1, observer.events


async def test_a_server_that_died_is_found_again(
    server: RedisServer, link: RedisLink, observer: ListObserver
) -> None:
    """With its scripts, and another run."""
    run = link.run
    server.stop()
    await until(lambda: not link.is_up)
    with pytest.raises(StoreAwayError):
        await link.call(SCRIPT, KEYS)
    await asyncio.sleep(0.1)
    server.start()
    await back(link)
    assert await link.call(SCRIPT, KEYS)
    assert link.run != run
    assert len(observer.warnings) == len(observer.notices) == 1, observer.events


async def test_a_server_that_takes_no_writes_is_away_until_it_does(
    server: RedisServer, url: Secret, observer: ListObserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so in the middle of a script, which is no bug of the script."""
    monkeypatch.setattr(redis_link, "RETRY_S", 0.02)
    writing = read_script("renew")
    async with RedisLink(url, [writing], WORDS, observer) as link:
        server.ask("CONFIG", "SET", "min-replicas-to-write", "1")
        with pytest.raises(StoreAwayError, match="NOREPLICAS"):
            await link.call(writing, KEYS, 1000, "id")
        assert not link.is_up
        server.ask("CONFIG", "SET", "min-replicas-to-write", "0")
        await back(link)
        await link.call(writing, KEYS, 1000, "id")
    assert len(observer.warnings) == len(observer.notices) == 1, observer.events


async def test_a_script_of_ours_that_fails_is_a_bug_of_its_own(
    url: Secret, observer: ListObserver
) -> None:
    """The connection stays."""
    broken = read_script("renew")
    async with RedisLink(url, [broken], WORDS, observer) as link:
        with pytest.raises(RuntimeError, match="renew"):
            await link.call(broken, KEYS, "no number", "id")
        assert link.is_up
    assert not observer.events
