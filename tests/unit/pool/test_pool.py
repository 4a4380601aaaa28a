"""The pool: rotation, health, and the truth about why nobody can serve."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.lease import Ask
from cursor_api.pool.pool import Pool
from cursor_api.pool.selection import Policy
from cursor_api.pool.slot import LeaseOutcome

MODEL = "gpt-4o"
ASK = Ask(MODEL)
SUCCESS = LeaseOutcome(is_success=True)


class HandClock:
    """Time moves when the test says so."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def now(self) -> float:
        """Unix seconds."""
        return self.at

    monotonic = now


def credential(name: str) -> Credential:
    """A credential whose alias, secret and checksum are told apart by one name."""
    return Credential(name, Secret(f"token-{name}"), f"checksum-{name}")


A, B, C, D = (credential(name) for name in "abcd")


class House:
    """A pool with a clock in hand and no jitter: waits are three quarters of the whole."""

    def __init__(self, *credentials: Credential, policy: Policy = Policy.ROUND_ROBIN) -> None:
        self.clock = HandClock()
        self.pool = Pool(self.clock, lambda: 0.5, policy)
        self.pool.put(credentials)

    def serve(self, count: int, ask: Ask = ASK) -> str:
        """Whom the next `count` requests get, one after the other, all of them successes."""
        served = ""
        for _ in range(count):
            lease = self.pool.lease(ask)
            lease.settle(SUCCESS)
            served += lease.credential.alias
        return served

    def fail(self, fault: Fault, ask: Ask = ASK) -> str:
        """Whom the next request gets, which fails."""
        lease = self.pool.lease(ask)
        lease.settle(LeaseOutcome(is_success=False, fault=fault))
        return lease.credential.alias

    def refusal(self, ask: Ask = ASK) -> Fault:
        """Why nobody can serve."""
        with pytest.raises(Fault) as caught:
            self.pool.lease(ask)
        return caught.value


def limited(retry_after_s: float | None = None) -> Fault:
    """A rate limit."""
    return Fault(FaultKind.RATE_LIMITED, "slow down", retry_after_s=retry_after_s)


def test_credentials_serve_in_file_order_in_strict_rotation() -> None:
    """The earlier program's promise."""
    assert House(A, B, C).serve(7) == "abcabca"


def test_a_tried_credential_is_not_handed_out_again() -> None:
    """Failover never asks the same credential twice."""
    pool = House(A, B).pool
    assert pool.lease(ASK, tried={A}).credential is B
    with pytest.raises(Fault):
        pool.lease(ASK, tried={A, B})


def test_an_empty_pool_says_how_to_add_a_credential() -> None:
    """The message is the next step."""
    house = House()
    assert house.refusal().kind is FaultKind.NO_CREDENTIALS
    pool = Pool(house.clock, lambda: 0.5, no_credentials="Put one into the token file.")
    with pytest.raises(Fault, match="token file"):
        pool.lease(Ask("gpt-4o"))


def test_a_limited_credential_cools_for_its_model_only_and_is_probed_by_one() -> None:
    """Retry-After is honoured; after it one request tells whether it is over."""
    house = House(A)
    house.fail(limited(retry_after_s=20))
    assert house.serve(1, Ask("claude-3-opus")) == "a"
    refusal = house.refusal()
    assert refusal.kind is FaultKind.RATE_LIMITED
    assert refusal.retry_after_s == 20
    house.clock.at += 20
    probe = house.pool.lease(ASK)
    assert house.refusal().kind is FaultKind.OVERLOADED
    probe.settle(SUCCESS)
    assert house.serve(2) == "aa"


def test_waits_double_with_every_failed_probe_and_begin_anew_after_a_success() -> None:
    """30 s, 60 s, 120 s ..., three quarters of it at this jitter."""
    house = House(A)
    waits = []
    for _ in range(3):
        house.fail(limited())
        wait_s = house.refusal().retry_after_s
        assert wait_s is not None
        waits.append(wait_s)
        house.clock.at += wait_s
    assert waits == [22.5, 45, 90]
    house.serve(1)
    house.fail(limited())
    assert house.refusal().retry_after_s == 22.5


def test_requests_that_were_under_way_when_a_cooldown_began_tell_nothing_new() -> None:
    """Five concurrent refusals are one; a late success does not end the cooldown."""
    house = House(A)
    leases = [house.pool.lease(ASK) for _ in range(6)]
    for lease in leases[:5]:
        lease.settle(LeaseOutcome(is_success=False, fault=limited()))
    leases[5].settle(SUCCESS)
    assert house.refusal().retry_after_s == 22.5


def test_a_probe_whose_caller_left_leaves_the_next_one_to_try() -> None:
    """Nothing was learnt; nothing is stuck."""
    house = House(A)
    house.fail(limited(retry_after_s=5))
    house.clock.at += 5
    house.pool.lease(ASK).settle()
    assert house.serve(1) == "a"


@pytest.mark.parametrize("kind", [FaultKind.CREDENTIAL_REJECTED, FaultKind.CREDENTIAL_BLOCKED])
def test_what_no_wait_mends_is_out_until_a_person_acts(kind: FaultKind) -> None:
    """Revoked and blocked credentials cost one request, once."""
    house = House(A, B)
    assert house.fail(Fault(kind, "gone")) == "a"
    house.clock.at += 1e9
    assert house.serve(3) == "bbb"
    house.pool.clear("a")
    assert sorted(house.serve(2)) == ["a", "b"]


@pytest.mark.parametrize("kind", [FaultKind.CONTEXT_TOO_LONG, FaultKind.UNREACHABLE])
def test_a_callers_mistake_and_a_dead_endpoint_never_cool_a_credential(kind: FaultKind) -> None:
    """Blame goes where it belongs."""
    house = House(A)
    house.fail(Fault(kind, ""))
    assert house.serve(1) == "a"
    assert house.pool.get_slot("a").failure_count == 0


def test_priority_comes_first_and_lower_ones_help_out() -> None:
    """A lower tier serves only while no higher one can."""
    house = House(A, B, C)
    house.pool.set_preferences("b", Preferences(priority=5))
    house.pool.set_preferences("c", Preferences(priority=5))
    assert house.serve(3) == "bcb"
    house.fail(limited(retry_after_s=9))
    house.fail(limited(retry_after_s=9))
    assert house.serve(2) == "aa"
    house.clock.at += 9
    assert house.serve(2) == "cb"


def test_weight_is_requests_in_a_row() -> None:
    """An owner with a bigger plan lets it work more."""
    house = House(A, B)
    house.pool.set_preferences("a", Preferences(weight=3))
    assert house.serve(8) == "aaabaaab"


def test_a_concurrency_limit_is_kept() -> None:
    """The others take over; when all are full, the caller is told to come back."""
    house = House(A, B)
    house.pool.set_preferences("a", Preferences(concurrency_max=1))
    first = house.pool.lease(ASK)
    assert first.credential is A
    assert house.serve(2) == "bb"
    house.pool.set_preferences("b", Preferences(is_enabled=False))
    refusal = house.refusal()
    assert (refusal.kind, refusal.retry_after_s) == (FaultKind.OVERLOADED, 1)
    first.settle()
    assert house.serve(1) == "a"


def test_fill_first_uses_the_first_that_can() -> None:
    """The second only while the first is cooling."""
    house = House(A, B, policy=Policy.FILL_FIRST)
    assert house.serve(2) == "aa"
    house.fail(limited(retry_after_s=9))
    assert house.serve(2) == "bb"


def test_least_busy_spreads_by_load_and_weight() -> None:
    """Four under way: two of three go to the one of double weight."""
    house = House(A, B, policy=Policy.LEAST_BUSY)
    house.pool.set_preferences("b", Preferences(weight=2))
    held = [house.pool.lease(ASK).credential.alias for _ in range(6)]
    assert held.count("b") == 4


def test_sticky_keeps_a_caller_with_its_credential_while_that_can() -> None:
    """And moves it for good when it cannot."""
    house = House(A, B, policy=Policy.STICKY)
    mine, yours = Ask(MODEL, caller="me"), Ask(MODEL, caller="you")
    assert house.serve(2, mine) + house.serve(2, yours) == "aabb"
    house.fail(limited(retry_after_s=9), mine)
    assert house.serve(2, mine) == "bb"
    house.clock.at += 9
    assert house.serve(1, mine) == "b"


@pytest.mark.parametrize("policy", Policy)
def test_a_conversation_stays_with_its_credential_under_every_policy(policy: Policy) -> None:
    """Its prompt is cached there; another caller's of the same name is another one."""
    house = House(A, B, policy=policy)
    first = house.serve(1, Ask(MODEL, caller="me", conversation="x"))
    for _ in range(3):
        house.serve(1, Ask(MODEL, caller="you", conversation="x"))
        house.serve(1, ASK)
        assert house.serve(1, Ask(MODEL, caller="me", conversation="x")) == first


def test_a_request_can_pin_a_credential() -> None:
    """Only that one serves it; an unknown one is the caller's mistake, a cooling one is told."""
    house = House(A, B)
    pinned = Ask(MODEL, pinned="b")
    assert house.serve(3, pinned) == "bbb"
    assert house.refusal(Ask(MODEL, pinned="zz")).param == "x-credential"
    house.fail(limited(retry_after_s=9), pinned)
    assert house.refusal(pinned).retry_after_s == 9
    assert house.serve(1) == "a"


def test_an_expired_token_never_serves() -> None:
    """Its own `exp` says so: 1 here, in 1970."""
    expired = Credential("old", Secret("e30.eyJleHAiOjF9.x"), "c")
    house = House(expired, A)
    assert house.serve(2) == "aa"
    house.pool.set_preferences("a", Preferences(is_enabled=False))
    refusal = house.refusal()
    assert refusal.kind is FaultKind.NO_CREDENTIALS
    assert "1 expired" in refusal.message
    assert "1 disabled" in refusal.message


def test_a_callers_own_credentials_are_used_instead_of_the_pools() -> None:
    """Pass-through never touches the operator's credentials."""
    assert House(A, B).serve(3, Ask(MODEL, own=(C, D))) == "cdc"


def test_reloading_keeps_states_and_goes_on_where_rotation_stood() -> None:
    """A reload under load is not noticed."""
    house = House(A, B, C)
    assert house.serve(2) == "ab"
    house.fail(limited(retry_after_s=9))
    house.pool.put([A, D, B, C])
    assert house.serve(3) == "adb"
    house.pool.put([D])
    assert house.serve(1) == "d"
    house.pool.put([])
    house.pool.put([A])
    assert house.serve(1) == "a"


def test_leases_are_counted_until_settled_once() -> None:
    """Settling twice gives back one and learns one."""
    house = House(A)
    first, second = house.pool.lease(ASK), house.pool.lease(ASK)
    first.settle(SUCCESS)
    first.settle(SUCCESS)
    assert house.pool.leased_count == 1
    second.settle()
    assert house.pool.leased_count == 0
    assert house.pool.get_slot("a").success_count == 1


def test_a_pool_in_a_failing_test_tells_its_state() -> None:
    """The repr is what a reader needs."""
    house = House(A)
    house.fail(limited())
    assert repr(house.pool).startswith("Pool(round_robin, credentials=1, leased=0")
    assert repr(house.pool.get_slot("a")) == "Slot(a, active=0, cooling gpt-4o#0)"
