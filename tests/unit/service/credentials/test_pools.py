"""The credentials of all endpoints together: each in its own pool, all in one order."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.lease import Ask
from cursor_api.pool.pool import Pool
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.inference.endpoints import Endpoints
from tests.endpoints import WORDS, endpoint_of
from tests.fakes import ListObserver, ScriptedUpstream, TickingClock


def credential(alias: str, endpoint: str) -> Credential:
    """One of an endpoint."""
    return Credential(alias, Secret(f"secret-of-{alias}"), "", endpoint)


A, B, C = credential("a", "one"), credential("b", "two"), credential("c", "one")


def pools() -> CredentialPools:
    """Two endpoints."""
    endpoints = [
        endpoint_of(ScriptedUpstream({}), Pool(TickingClock(), lambda: 0.5), name=name)
        for name in ("one", "two")
    ]
    return CredentialPools(Endpoints(endpoints, ListObserver()))


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
