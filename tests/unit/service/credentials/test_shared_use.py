"""A credential's limit of requests at once, over several nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault
from cursor_api.pool.lease import Ask, Lease
from cursor_api.pool.slot import LeaseOutcome
from cursor_api.ports.facts import Fact
from cursor_api.service.credentials.shared_use import LEASE_S, RENEW_EVERY_S
from tests.unit.service.credentials.test_shared_health import A, Node, Wire

ASK = Ask("m")
SUCCESS = LeaseOutcome(is_success=True)


@pytest.fixture
def wire() -> Wire:
    """Nobody is at it."""
    return Wire()


def nodes(wire: Wire, count: int = 2, limit: int | None = 3) -> Sequence[Node]:
    """Each with one credential, of which so many requests may be under way."""
    made = [Node(wire, 0.0, A) for _ in range(count)]
    for one in made:
        one.pools.set_preferences("a", Preferences(concurrency_max=limit))
    return made


def others(node: Node) -> int:
    """What others have, to its knowledge."""
    return node.pools.get_slot("a").others_count


async def look(node: Node) -> None:
    """One round of its watch."""
    watching = asyncio.create_task(node.health.watch(60.0))
    await asyncio.sleep(0)
    watching.cancel()


async def test_the_limit_is_that_of_all_together(wire: Wire) -> None:
    """And whoever waits at one node gets the place that comes free at another."""
    mine, theirs = nodes(wire)
    leases = [mine.pool.lease(ASK), theirs.pool.lease(ASK), mine.pool.lease(ASK)]
    for node in (mine, theirs):
        with pytest.raises(Fault, match="in use"):
            node.pool.lease(ASK)
    waiting: asyncio.Task[Lease] = asyncio.create_task(
        theirs.pool.wait(ASK, frozenset(), Fault.__new__(Fault))
    )
    await asyncio.sleep(0)
    leases[0].settle(SUCCESS)
    leases.append(await waiting)
    for lease in leases:
        lease.settle(SUCCESS)
    assert (others(mine), others(theirs)) == (0, 0)


async def test_what_a_dead_node_had_is_free_after_a_lease(wire: Wire) -> None:
    """A living one says again what it has; who comes later is told of it."""
    dead, alive, looking = nodes(wire, 3)
    dead.pool.lease(ASK)
    alive.pool.lease(ASK)
    assert others(looking) == 2
    for _ in range(4):
        for node in (alive, looking):
            node.clock.seconds += RENEW_EVERY_S
            await look(node)
    assert others(looking) == 1
    assert LEASE_S < 4 * RENEW_EVERY_S
    late = Node(wire, 0.0, A)
    assert others(late) == 2


async def test_after_a_gap_the_others_counts_are_read_anew(wire: Wire) -> None:
    """What ended meanwhile does not stay; one's own is told again, and is no other's."""
    mine, theirs = nodes(wire)
    theirs.pool.lease(ASK)
    lease = mine.pool.lease(ASK)
    told = dict(wire.told)
    wire.told.clear()
    mine.health.begin([fact._replace(state=b"0") for fact in told.values()])
    assert others(mine) == 0
    assert [fact.state for fact in wire.told.values()] == [b"1"]
    lease.settle(SUCCESS)
    await look(mine)
    theirs.health.hear(Fact("digest-of-a@node9", b"of another version"))
    assert others(theirs) == 0


async def test_of_a_credential_that_has_gone_nothing_is_under_way(wire: Wire) -> None:
    """Though its last request may still be."""
    mine, theirs = nodes(wire)
    mine.pool.lease(ASK)
    mine.pools.replace([])
    mine.clock.seconds += RENEW_EVERY_S
    await look(mine)
    assert others(theirs) == 0


async def test_nodes_know_how_many_they_are(wire: Wire) -> None:
    """A dead one is one for a lease; while nobody is heard, those that were there still are."""
    mine, theirs = nodes(wire)
    for one in (mine, theirs):
        await look(one)
    assert (mine.health.node_count, theirs.health.node_count) == (2, 2)
    mine.end.is_up = False
    for expected in (2, 1):
        mine.clock.seconds += LEASE_S + 1
        await look(mine)
        assert mine.health.node_count == expected
        mine.end.is_up = True


async def test_nodes_know_each_other_soon_after_the_server_has_lost_all(wire: Wire) -> None:
    """At the next look, and not when they would say it anyway."""
    mine, theirs = nodes(wire)
    for one in (mine, theirs):
        await look(one)
    for one in (mine, theirs):
        one.health.begin([])
    assert mine.health.node_count == 1
    await look(theirs)
    assert mine.health.node_count == 2


async def test_a_node_knows_the_others_by_name_until_they_leave(wire: Wire) -> None:
    """At once where one says so, for all that it has under way; else after a lease."""
    mine, theirs, silent = nodes(wire, 3)
    for node, name in ((mine, "aaaaaa"), (theirs, "bbbbbb"), (silent, "cccccc")):
        node.end.node = f"{name}0123456789"
        await look(node)
    assert theirs.health.name == "bbbbbb"
    assert mine.health.is_another("bbbbbb")
    assert mine.health.is_another("cccccc")
    assert not mine.health.is_another("aaaaaa")
    theirs.pool.lease(ASK)
    theirs.is_leaving = True
    await look(theirs)
    assert not mine.health.is_another("bbbbbb")
    assert (mine.health.node_count, others(mine)) == (2, 1)
    theirs.clock.seconds += RENEW_EVERY_S
    await look(theirs)
    assert not mine.health.is_another("bbbbbb")
    mine.clock.seconds += LEASE_S + 1
    await look(mine)
    assert not mine.health.is_another("cccccc")


def test_who_has_no_limit_tells_nothing(wire: Wire) -> None:
    """Nobody would ask."""
    mine, _ = nodes(wire, limit=None)
    mine.pool.lease(ASK).settle(SUCCESS)
    assert wire.told == {}
