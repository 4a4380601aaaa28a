"""What a reload, a wish or a person's test does to a pool at work: found by its state machine."""

from __future__ import annotations

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.lease import Ask
from cursor_api.pool.slot import LeaseOutcome
from tests.unit.pool.test_pool import ASK, MODEL, SUCCESS, A, B, C, D, House, limited

LONG_S = 3600.0


def test_when_the_next_one_is_removed_its_successor_is_next() -> None:
    """Nobody is asked twice in a row because another went."""
    house = House(A, B, C)
    assert house.serve(1) == "a"
    house.pool.put([A, C])
    assert house.serve(2) == "ca"


def test_a_turn_goes_on_over_a_reload() -> None:
    """Two of three requests in a row before, the third after; a successor begins its own."""
    house = House(A, B)
    house.pool.set_preferences("a", Preferences(weight=3))
    house.pool.set_preferences("b", Preferences(weight=2))
    assert house.serve(2) == "aa"
    house.pool.put([B, A])
    assert house.serve(3) == "abb"
    assert house.serve(1) == "a"
    house.pool.put([B])
    assert house.serve(1) == "b"


def test_another_priority_moves_the_rotation_of_nobody_else() -> None:
    """Neither of the tier it leaves, nor of the one it comes to."""
    house = House(A, B, C, D)
    for alias in ("c", "d"):
        house.pool.set_preferences(alias, Preferences(priority=1))
    assert house.serve(1) == "c"
    assert house.serve(1, Ask(MODEL, pinned="a")) == "a"
    house.pool.set_preferences("a", Preferences(priority=1))
    assert house.serve(3) == "dac"
    for alias in ("a", "c", "d"):
        house.pool.set_preferences(alias, Preferences(priority=1, is_enabled=False))
    assert house.serve(2) == "bb"


def test_a_test_beside_a_probe_is_no_second_probe() -> None:
    """Its end does not make room for another one while the probe is under way."""
    house = House(A)
    house.fail(limited())
    house.clock.at += LONG_S
    probe = house.pool.lease(ASK)
    house.pool.lease_for_test("a", MODEL).settle()
    assert house.refusal().kind is FaultKind.OVERLOADED
    probe.settle(SUCCESS)
    assert house.serve(1) == "a"


def test_a_cleared_credential_has_one_probe_at_a_time_too() -> None:
    """A probe from before the clearing ends after another cooldown has begun."""
    house = House(A)
    house.fail(limited())
    house.clock.at += LONG_S
    early = house.pool.lease(ASK)
    house.pool.clear("a")
    house.fail(limited())
    house.clock.at += LONG_S
    assert house.refusal().kind is FaultKind.OVERLOADED
    early.settle(LeaseOutcome(is_success=False, fault=Fault(FaultKind.UPSTREAM_ERROR, "unrelated")))
    late = house.pool.lease(ASK)
    assert house.refusal().kind is FaultKind.OVERLOADED
    late.settle(SUCCESS)
    assert house.serve(2) == "aa"


def test_a_renewed_token_keeps_what_its_owner_wished_and_nothing_of_its_past() -> None:
    """However it was renewed: an editor shows the gateway only a new token of a known alias."""
    house = House(A, B)
    house.pool.set_preferences("a", Preferences(priority=7))
    house.fail(limited(LONG_S))
    house.pool.put([Credential("a", Secret("renewed"), A.binding), B])
    renewed = house.pool.get_slot("a")
    assert renewed.preferences == Preferences(priority=7)
    assert (renewed.cooldowns, renewed.failure_count) == ({}, 0)
    assert house.serve(1) == "a"


def test_an_alias_that_passes_on_takes_no_wishes_along() -> None:
    """Keys of the settings are named by position: a new one may get the name of one that stays."""
    first, second = (Credential(f"x-{n}", Secret(f"key-{n}")) for n in (1, 2))
    house = House(first, second)
    wishes = Preferences(priority=9, is_enabled=False)
    house.pool.set_preferences("x-2", wishes)
    new = Credential("x-2", Secret("key-3"))
    house.pool.put([Credential("x-1", second.secret), new])
    assert house.pool.get_slot("x-1").preferences == wishes
    assert house.pool.get_slot("x-2").preferences == Preferences()
