"""A lease: settled once, convicted after."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.lease import LEFT_EARLY, Ask
from cursor_api.pool.pool import Pool
from cursor_api.pool.slot import Hindrance, LeaseOutcome
from tests.fakes import TickingClock


def test_only_the_first_settlement_counts() -> None:
    """A lease that was given back cannot be given back again, nor its outcome be changed."""
    pool = Pool(TickingClock(), lambda: 0.5)
    pool.put([Credential("a", Secret("token"), "sum")])
    lease = pool.lease(Ask("gpt-4o"))
    lease.settle(LeaseOutcome(is_success=True))
    lease.settle(LEFT_EARLY)
    lease.settle(LeaseOutcome(is_success=False, fault=Fault(FaultKind.CREDENTIAL_REJECTED, "")))
    slot = pool.get_slot("a")
    assert (pool.leased_count, slot.active_count, slot.success_count) == (0, 0, 1)
    assert slot.quarantine is None


def test_a_conviction_cools_a_credential_that_seemed_innocent() -> None:
    """Its silence was put on the endpoint first; then another credential was answered."""
    pool = Pool(TickingClock(), lambda: 0.5)
    pool.put([Credential(name, Secret(name), "sum") for name in "ab"])
    lease = pool.lease(Ask("gpt-4o"))
    lease.settle(LeaseOutcome(is_success=False, fault=Fault(FaultKind.UPSTREAM_TIMEOUT, "")))
    slot = pool.get_slot("a")
    assert slot.find_hindrance("gpt-4o", 1010) is None
    revision = pool.revision
    lease.blame(Fault(FaultKind.CREDENTIAL_SILENT, "silent"))
    assert slot.find_hindrance("gpt-4o", 1010) is Hindrance.COOLING
    assert slot.find_hindrance("o1", 1010) is None
    assert slot.cooldowns["gpt-4o"].cause == "credential_silent"
    assert (pool.leased_count, pool.revision) == (0, revision + 1)


@pytest.mark.parametrize("state", ["resting", "disabled", "revoked"])
def test_the_last_that_can_serve_is_never_put_to_rest_on_suspicion(state: str) -> None:
    """Two that fail by turns, each where the other is answered, would else close the endpoint."""
    pool = Pool(TickingClock(), lambda: 0.5)
    pool.put([Credential(name, Secret(name), "sum") for name in "ab"])
    suspect, other = pool.lease(Ask("gpt-4o")), pool.lease(Ask("gpt-4o"))
    suspect.settle(LeaseOutcome(is_success=False, fault=Fault(FaultKind.UPSTREAM_ERROR, "")))
    if state == "disabled":
        pool.set_preferences("b", Preferences(is_enabled=False))
    else:
        kinds = {"resting": FaultKind.RATE_LIMITED, "revoked": FaultKind.CREDENTIAL_REJECTED}
        other.settle(LeaseOutcome(is_success=False, fault=Fault(kinds[state], "")))
    suspect.blame(Fault(FaultKind.CREDENTIAL_FAILING, "failing"))
    assert pool.get_slot("a").cooldowns == {}
    assert pool.lease(Ask("gpt-4o")).credential.alias == "a"


def test_one_whose_places_are_taken_is_not_the_last() -> None:
    """It serves again in a moment; a request waits for that."""
    pool = Pool(TickingClock(), lambda: 0.5)
    pool.put([Credential(name, Secret(name), "sum") for name in "ab"])
    pool.set_preferences("b", Preferences(concurrency_max=1))
    suspect, _ = pool.lease(Ask("gpt-4o")), pool.lease(Ask("gpt-4o"))
    suspect.settle(LeaseOutcome(is_success=False, fault=Fault(FaultKind.UPSTREAM_ERROR, "")))
    suspect.blame(Fault(FaultKind.CREDENTIAL_FAILING, "failing"))
    assert pool.get_slot("a").cooldowns["gpt-4o"].cause == "credential_failing"
