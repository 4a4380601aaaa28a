"""Counters in Redis: two nodes at one server, and a server that loses what it counted.

What every store of counters promises is in the contract.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreAwayError
from cursor_api.domain.periods import Period, Unit
from cursor_api.domain.quota import (
    NO_LIMITS,
    Admitted,
    Budget,
    Limit,
    Limits,
    Spent,
    Unknown,
)
from cursor_api.stores.redis import link as redis_link
from cursor_api.stores.redis.limits import RedisLimitStore
from cursor_api.stores.redis.shared import RedisShared
from tests.contract.test_limit_store import (
    ALL_AT_ONCE,
    FRESH,
    KINDS,
    ROOM,
    _claim,
    _counters,
    _lasting,
    _settlement,
)
from tests.fakes import ListObserver
from tests.redis_server import RedisServer
from tests.waiting import until

DAY_ONLY = Limits(requests_per_day=1000, tokens_per_day=10**9)


@pytest.fixture
async def nodes(
    url: Secret, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[RedisLimitStore]]:
    """Two of them, that have time."""
    monkeypatch.setattr(redis_link, "RETRY_S", 0.02)
    async with AsyncExitStack() as stack:
        yield [
            (await stack.enter_async_context(RedisShared(url, ListObserver()))).limits
            for _ in range(2)
        ]


async def back(*stores: RedisLimitStore) -> None:
    """When all are."""
    for one in stores:
        async with asyncio.timeout(10):
            while await is_away(one):
                await asyncio.sleep(0.01)


async def is_away(store: RedisLimitStore) -> bool:
    """Whether nobody answers."""
    try:
        await store.find("nobody", NO_LIMITS)
    except StoreAwayError:
        return True
    return False


@pytest.mark.parametrize("limit", KINDS)
async def test_two_nodes_let_in_together_what_one_would(
    nodes: list[RedisLimitStore], limit: Limit
) -> None:
    """Of 200 at once, 100 at each, with room for 50: for each kind of limit."""
    await nodes[0].seed("alice", FRESH)
    claims = [_claim(f"r{number}", KINDS[limit]) for number in range(200)]
    decisions = await asyncio.gather(
        *(nodes[number % 2].admit(claim) for number, claim in enumerate(claims))
    )
    assert sum(isinstance(one, Admitted) for one in decisions) == ROOM
    assert repr(nodes[0]) == "RedisLimitStore(untold=0)"


async def test_large_numbers_are_counted_to_the_last(nodes: list[RedisLimitStore]) -> None:
    """Nine million dollars in billionths."""
    limits = Limits(budget=Budget(9 * 10**15, Unit.NANO_DOLLARS, Period.MONTH))
    await nodes[0].seed("alice", FRESH)
    await nodes[0].admit(_claim("r", limits, Spent(10**11, 9 * 10**15 - 2)))
    await nodes[1].admit(_claim("s", limits, Spent(1, 1)))
    assert _lasting(await _counters(nodes[0])) == (2, 10**11 + 1, 10**11 + 1, 9 * 10**15 - 1)


async def test_a_flush_under_load_loses_nothing(
    server: RedisServer, nodes: list[RedisLimitStore]
) -> None:
    """The records tell what has ended; what was under way is counted when it ends, once."""
    node, ledger = nodes[0], FRESH
    await node.seed("alice", FRESH)
    for number in range(10):
        for name in ("over", "under way"):
            assert isinstance(await node.admit(_claim(f"{name} {number}", DAY_ONLY)), Admitted)
        node.settle(_settlement(f"over {number}", Spent(10, 1), DAY_ONLY))
        ledger = ledger.add(Spent(10, 1), 1)
        server.ask("FLUSHALL")
        assert await node.admit(_claim("next", DAY_ONLY)) == Unknown()
        await node.seed("alice", ledger)
        for _ in range(2):
            node.settle(_settlement(f"under way {number}", Spent(30, 2), DAY_ONLY))
        ledger = ledger.add(Spent(30, 2), 1)
    counters = await node.find("alice", DAY_ONLY)
    assert not isinstance(counters, Unknown)
    assert _lasting(counters) == _lasting(ledger) == (20, 400, 400, 30)


async def test_counters_that_were_evicted_are_told_anew_and_not_doubled(
    server: RedisServer, nodes: list[RedisLimitStore]
) -> None:
    """A server throws away single keys: what is under way may be left, and counts once."""
    node = nodes[0]
    await node.seed("alice", FRESH)
    for name in ("over", "under way"):
        await node.admit(_claim(name, DAY_ONLY))
    node.settle(_settlement("over", Spent(10, 1), DAY_ONLY))
    await node.find("alice", DAY_ONLY)
    server.ask("DEL", "ca:k:{alice}:c")
    assert await node.admit(_claim("next", DAY_ONLY)) == Unknown()
    await node.seed("alice", FRESH.add(Spent(10, 1), 1))
    node.settle(_settlement("under way", Spent(30, 2), DAY_ONLY))
    counters = await node.find("alice", DAY_ONLY)
    assert not isinstance(counters, Unknown)
    assert _lasting(counters) == (2, 40, 40, 3)


async def test_what_is_told_again_after_a_flush_is_counted_once(
    server: RedisServer, nodes: list[RedisLimitStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server heard of an end, and the node did not hear that it had."""
    node, other = nodes
    monkeypatch.setattr(redis_link, "ANSWER_S", 0.1)
    await node.seed("alice", FRESH)
    await node.admit(_claim("under way", DAY_ONLY))
    server.ask("FLUSHALL")
    await node.seed("alice", FRESH)
    with server.paused():
        node.settle(_settlement("under way", Spent(30, 2), DAY_ONLY))
        with pytest.raises(StoreAwayError):
            await node.find("alice", DAY_ONLY)
        assert "untold=1" in repr(node)
    monkeypatch.setattr(redis_link, "ANSWER_S", 10.0)
    await back(node, other)
    counters = await node.find("alice", DAY_ONLY)
    assert not isinstance(counters, Unknown)
    assert _lasting(counters) == (1, 30, 30, 2)


async def test_a_server_that_begins_anew_is_told_anew(
    server: RedisServer, nodes: list[RedisLimitStore]
) -> None:
    """Even where it has saved something: that is older than the records."""
    node, other = nodes
    await node.seed("alice", FRESH)
    await node.admit(_claim("under way", DAY_ONLY))
    server.stop()
    async with asyncio.timeout(10):
        while not await is_away(node):
            await asyncio.sleep(0.01)
    with pytest.raises(StoreAwayError):
        await node.admit(_claim("asked", DAY_ONLY))
    node.settle(_settlement("asked", Spent(), DAY_ONLY))
    # In a long outage there are many of these, and of none the server has heard.
    assert "untold=0" in repr(node)
    server.start()
    await back(node, other)
    for one in nodes:
        assert await one.find("alice", DAY_ONLY) == Unknown()
    await other.seed("alice", FRESH)
    node.settle(_settlement("under way", Spent(30, 2), DAY_ONLY))
    counters = await node.find("alice", DAY_ONLY)
    assert not isinstance(counters, Unknown)
    assert _lasting(counters) == (1, 30, 30, 2)


async def test_what_ended_before_the_records_were_asked_is_theirs_to_tell(
    server: RedisServer, nodes: list[RedisLimitStore]
) -> None:
    """A node that comes back after another one has told anew what was used adds nothing to it."""
    node, other = nodes
    await node.seed("alice", FRESH)
    for name in ("ended", "under way"):
        await node.admit(_claim(name, DAY_ONLY))
    server.stop()
    async with asyncio.timeout(10):
        while not await is_away(node):
            await asyncio.sleep(0.01)
    node.settle(_settlement("ended", Spent(10, 1), DAY_ONLY))
    server.start()
    # The node has nothing to say before the other one has.
    node._link.on_up.clear()
    await back(node, other)
    await other.seed("alice", FRESH.add(Spent(10, 1), 1))
    node._untold._tell_all()
    node.settle(_settlement("under way", Spent(30, 2), DAY_ONLY))
    counters = await node.find("alice", DAY_ONLY)
    assert not isinstance(counters, Unknown)
    assert _lasting(counters) == (2, 40, 40, 3)
    assert "untold=0" in repr(node)


async def test_counters_that_lack_late_records_have_what_is_not_recorded_yet(
    nodes: list[RedisLimitStore],
) -> None:
    """Told anew, they are no less than they were: each side may know of requests alone."""
    node, other = nodes
    await node.seed("alice", FRESH)
    for number in range(3):
        await other.admit(_claim(f"unrecorded {number}", DAY_ONLY))
        other.settle(_settlement(f"unrecorded {number}", Spent(10, 1), DAY_ONLY))
    await other.admit(_claim("under way", DAY_ONLY))
    await node.forget("alice", 60.0)
    assert await node.admit(_claim("next", DAY_ONLY)) == Unknown()
    await asyncio.sleep(0.01)
    await node.seed("alice", FRESH.add(Spent(10, 1), 1))
    other.settle(_settlement("under way", Spent(30, 2), DAY_ONLY))
    await other.find("alice", DAY_ONLY)
    counters = await node.find("alice", DAY_ONLY)
    assert not isinstance(counters, Unknown)
    assert _lasting(counters) == (4, 60, 60, 5)


async def test_what_ends_while_the_server_is_away_is_told_later(
    server: RedisServer, nodes: list[RedisLimitStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who was told that it cannot be let in is not counted, though the server heard of it."""
    node, other = nodes
    monkeypatch.setattr(redis_link, "ANSWER_S", 0.1)
    await node.seed("alice", FRESH)
    await node.admit(_claim("under way", ALL_AT_ONCE))
    with server.paused():
        # It is on its way, and is told again.
        node.settle(_settlement("under way", Spent(30, 2)))
        with pytest.raises(StoreAwayError):
            await node.admit(_claim("too late", ALL_AT_ONCE))
        node.settle(_settlement("too late", Spent()))
        await node.forget("nobody")
        assert "untold=3" in repr(node)
    monkeypatch.setattr(redis_link, "ANSWER_S", 10.0)
    await back(node, other)
    counters = await _counters(node)
    assert counters.day_token_count == 30
    assert counters.day_request_count == 1
    alone = Limits(concurrent_max=1)
    assert isinstance(await other.admit(_claim("next", alone)), Admitted)
    assert "untold=0" in repr(node)


async def test_a_node_that_dies_holds_its_places_for_a_lease(url: Secret) -> None:
    """Not longer: the others go on then."""
    limits = Limits(concurrent_max=1)
    async with RedisShared(url, ListObserver(), 2.0) as dead:
        assert isinstance(await dead.limits.admit(_claim("dead", limits)), Admitted)
    async with RedisShared(url, ListObserver(), 2.0) as alive:

        async def is_admitted() -> bool:
            return isinstance(await alive.limits.admit(_claim("r", limits)), Admitted)

        assert not await is_admitted()
        await until(is_admitted)
