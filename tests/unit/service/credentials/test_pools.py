"""The credentials of all endpoints together: each in its own pool, all in one order."""

from __future__ import annotations

import asyncio

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.lease import Ask, Lease
from cursor_api.pool.pool import Pool
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.inference.endpoints import Endpoints
from tests.endpoints import WORDS, endpoint_of
from tests.fakes import ListObserver, ScriptedUpstream, TickingClock


def credential(alias: str, endpoint: str) -> Credential:
    """One of an endpoint."""
    return Credential(alias, Secret(f"secret-of-{alias}"), "", endpoint)


A, B, C = credential("a", "one"), credential("b", "two"), credential("c", "one")


def two_endpoints() -> Endpoints:
    """Each with a pool."""
    made = [
        endpoint_of(ScriptedUpstream({}), Pool(TickingClock(), lambda: 0.5), name=name)
        for name in ("one", "two")
    ]
    return Endpoints(made, ListObserver())


def pools() -> CredentialPools:
    """Those of two endpoints."""
    return CredentialPools(two_endpoints())


def test_a_credential_goes_into_the_pool_of_its_own_endpoint() -> None:
    """Nobody else can lease it; its owner sees all of them in one order."""
    all_of_them = pools()
    assert all_of_them.replace([A, B, C]) == []
    assert all_of_them.credentials == (A, B, C)
    assert [slot.credential for slot in all_of_them.slots] == [A, B, C]
    two = all_of_them.get_endpoint("b").pool
    assert two.credentials == (B,)
    with pytest.raises(Fault, match="names no credential"):
        two.lease(Ask("m", pinned="a"))
    assert all_of_them.words_of(all_of_them.get_slot("c")) is WORDS


def test_one_whose_endpoint_is_not_configured_goes_nowhere() -> None:
    """Not even into the pool of an endpoint that would take its secret."""
    all_of_them = pools()
    lost = credential("x", "three")
    nameless = credential("y", "")
    assert all_of_them.replace([lost, A, nameless]) == [lost, nameless]
    assert all_of_them.credentials == (A,)
    with pytest.raises(Fault) as caught:
        all_of_them.get_slot("x")
    assert caught.value.kind is FaultKind.NOT_FOUND


def test_what_its_owner_does_reaches_the_right_pool() -> None:
    """By alias alone; and counts as a change worth keeping."""
    all_of_them = pools()
    all_of_them.replace([A, B])
    before = all_of_them.revision
    all_of_them.set_preferences("b", Preferences(priority=3))
    all_of_them.clear("b")
    assert all_of_them.get_slot("b").preferences.priority == 3
    assert all_of_them.revision == before + 2
    lease = all_of_them.lease_for_test("b", "m")
    assert (lease.credential, all_of_them.get_endpoint("b").pool.leased_count) == (B, 1)
    lease.settle()


@pytest.mark.parametrize("has_endpoint", [True, False])
async def test_a_change_is_made_whoever_waits_for_what_it_takes_away(
    has_endpoint: bool,  # noqa: FBT001 - one of the two cases
) -> None:
    """A request pinned to what was removed has an error of its own; nothing else is lost."""
    endpoints = two_endpoints()
    all_of_them = CredentialPools(endpoints)
    all_of_them.replace([A, B, C])
    one = all_of_them.get_endpoint("a").pool
    one.set_preferences("a", Preferences(concurrency_max=1))
    ask = Ask("m", pinned="a")
    lease = one.lease(ask)

    async def wait() -> Lease:
        return await one.wait(ask, frozenset(), Fault(FaultKind.OVERLOADED, ""))

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    if not has_endpoint:
        endpoints.replace([endpoints["two"]])
    left = [C, B] if has_endpoint else [B]
    all_of_them.replace(left)
    assert all_of_them.credentials == tuple(left)
    assert [slot.credential for slot in all_of_them.slots] == left
    with pytest.raises(Fault, match="names no credential of this gateway"):
        await waiting
    lease.settle()
    assert one.lease(Ask("m")).credential == C if has_endpoint else not one.credentials


def test_two_of_one_secret_are_two() -> None:
    """Whatever the configuration lets through: each has a state of its own."""
    all_of_them = pools()
    twin = Credential("twin", A.secret, "", "one")
    for _ in range(2):
        all_of_them.replace([A, twin])
        assert all_of_them.credentials == (A, twin)
    all_of_them.set_preferences("twin", Preferences(priority=3))
    assert all_of_them.get_slot("a").preferences.priority == 0
