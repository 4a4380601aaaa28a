"""Servers that cannot be used, each told in one sentence that says what is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.stores.redis import server as redis_servers
from cursor_api.stores.redis.link import LinkWords, RedisLink
from cursor_api.stores.redis.scripts import read_script
from cursor_api.stores.redis.server import look
from tests.fakes import ListObserver
from tests.ports import free_port
from tests.redis_server import RedisServer, redis_server

SCRIPT = read_script("find")
WORDS = LinkWords("it is away", "it is back")


async def enter(url: str) -> ListObserver:
    """What a start says; raises what stops it."""
    observer = ListObserver()
    async with RedisLink(Secret(url), [SCRIPT], WORDS, observer) as link:
        if link.is_up:
            await link.call(SCRIPT, ("a", "b", "c"))
    return observer


def details(observer: ListObserver) -> Sequence[object]:
    """Of the warnings."""
    return [fields["detail"] for _, fields in observer.warnings]


async def test_a_wrong_password_stops_the_start(server: RedisServer) -> None:
    """It is wrong for as long as nobody mends it, and is not told."""
    with redis_server("--requirepass", "right") as guarded:
        for user in ("", ":s3cret-thing@", "nobody:s3cret-thing@"):
            with pytest.raises(StoreError, match="user name or the password") as raised:
                await enter(f"redis://{user}127.0.0.1:{guarded.port}/0")
            assert not isinstance(raised.value, StoreAwayError)
            assert "s3cret-thing" not in str(raised.value)
        assert not (await enter(f"redis://:right@127.0.0.1:{guarded.port}/0")).warnings
    with pytest.raises(StoreError, match="password"):
        await enter(f"redis://:any@127.0.0.1:{server.port}/0")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (("allkeys", "+@all", "-eval", "-evalsha", "-script"), "runs no Lua scripts"),
        (("allkeys", "+@all", "-set"), "no permissions to run"),
        (("~other:*", "+@all"), "no permissions to access"),
    ],
)
async def test_who_may_not_do_what_is_needed_is_told_at_the_start(
    server: RedisServer, rules: tuple[str, ...], words: str
) -> None:
    """By an access list, as of a server that knows no scripts."""
    server.ask("ACL", "SETUSER", "limited", "reset", "on", ">pw", *rules)
    with pytest.raises(StoreError, match=words):
        await enter(f"redis://limited:pw@127.0.0.1:{server.port}/0")


async def test_a_database_that_is_not_there_stops_the_start(server: RedisServer) -> None:
    """There are sixteen."""
    with pytest.raises(StoreError, match="index is out of range"):
        await enter(f"redis://127.0.0.1:{server.port}/99")


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+" + b"x" * 70_000, b"*1\r\n" * 10_000, b"$x\r\n"],
    ids=["http", "no line end", "lists in lists", "no length"],
)
async def test_what_is_no_redis_is_told(said: bytes) -> None:
    """A web server, for example."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    listener = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener:
        with pytest.raises(StoreError, match="no Redis or Valkey"):
            await enter(f"redis://127.0.0.1:{port}/0")


async def test_nobody_at_the_address_is_a_wait() -> None:
    """It may be started later."""
    [detail] = details(await enter("redis://127.0.0.1:1/0"))
    assert "REDIS_URL" in str(detail)
    assert "127.0.0.1:1" in str(detail)


async def test_a_replica_is_a_wait(server: RedisServer) -> None:
    """It may be the first one later, or its name mean another."""
    with redis_server("--replicaof", "127.0.0.1", str(server.port)) as replica:
        [detail] = details(await enter(replica.url))
    assert "read only replica" in str(detail)


async def test_a_full_memory_is_a_wait() -> None:
    """Until somebody makes room."""
    with redis_server("--maxmemory", "1") as full:
        [detail] = details(await enter(full.url))
    assert "maxmemory" in str(detail)


async def test_a_server_that_throws_away_is_warned_of() -> None:
    """Counters that go are made anew, at the price of a question."""
    with redis_server("--maxmemory-policy", "allkeys-lru") as evicting:
        [(warning, _)] = (await enter(evicting.url)).warnings
    assert "maxmemory-policy is allkeys-lru" in warning


async def test_an_old_server_is_warned_of(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may do all the same."""
    monkeypatch.setattr(redis_servers, "OLDEST", 99)
    [(warning, _)] = (await enter(server.url)).warnings
    assert "what is older than 99 is not tested" in warning


async def test_a_cluster_is_refused() -> None:
    """Its keys are on several servers."""
    bus = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with redis_server(*bus) as cluster, pytest.raises(StoreError, match="cluster"):
        await enter(cluster.url)


async def test_a_look_tells_which_server_it_is(url: Secret) -> None:
    """With its version."""
    assert re.match(r"(Redis|Valkey) \d+\.", (await look(url)).name)
