"""One credential's state, and what of it outlives a restart."""

from __future__ import annotations

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences, QuarantineReason
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.slot import COOLDOWNS_MAX, RECENT_COUNT_MAX, Hindrance, LeaseOutcome, Slot

CREDENTIAL = Credential("a", Secret("e30.eyJleHAiOjEwMDB9.x"), "sum")  # exp: 1000
LIMITED = LeaseOutcome(is_success=False, fault=Fault(FaultKind.RATE_LIMITED, "", retry_after_s=50))
REJECTED = LeaseOutcome(is_success=False, fault=Fault(FaultKind.CREDENTIAL_REJECTED, "no"))
SUCCESS = LeaseOutcome(is_success=True)


def test_a_slot_comes_back_from_its_standing_as_it_was() -> None:
    """A restart forgets no cooldown, no quarantine and no count."""
    slot = Slot(CREDENTIAL, Preferences(priority=3))
    slot.take("m", 10)
    slot.record("m", SUCCESS, 11, 0.5)
    slot.record("m", LIMITED, 12, 0.5)
    again = Slot(CREDENTIAL, slot.preferences, slot.health)
    assert again.health == slot.health
    assert again.preferences == Preferences(priority=3)
    assert again.find_hindrance("m", 61) is Hindrance.COOLING
    assert again.find_hindrance("m", 62) is None
    assert (again.success_count, again.failure_count, again.last_used_at) == (1, 1, 10)
    assert list(again.recent) == [True, False]


def test_leases_do_not_outlive_a_restart() -> None:
    """Who held one is gone."""
    slot = Slot(CREDENTIAL)
    slot.take("m", 10)
    assert Slot(CREDENTIAL, None, slot.health).active_count == 0


def test_an_expired_token_reads_as_quarantined() -> None:
    """From its own second on, without anybody noticing first."""
    slot = Slot(CREDENTIAL)
    assert slot.find_quarantine(999.9) is None
    assert slot.find_hindrance("m", 1000) is Hindrance.EXPIRED
    quarantine = slot.find_quarantine(1000)
    assert quarantine is not None
    assert (quarantine.reason, quarantine.since_at) == (QuarantineReason.EXPIRED, 1000)


def test_a_shorter_wait_never_shortens_a_longer_one() -> None:
    """Two refusals under way at once: the longer wait holds."""
    slot = Slot(CREDENTIAL)
    slot.record("m", LIMITED, 0, 0)
    short = Fault(FaultKind.RATE_LIMITED, "", retry_after_s=1)
    slot.record("m", LeaseOutcome(is_success=False, fault=short), 1, 0)
    assert slot.cooldowns["m"].until_at == 50


def test_clearing_heals_everything() -> None:
    """A person has acted."""
    slot = Slot(CREDENTIAL)
    slot.record("m", LIMITED, 0, 0)
    slot.record("m", REJECTED, 0, 0)
    assert slot.find_hindrance("m", 1) is Hindrance.QUARANTINED
    slot.clear()
    assert slot.find_hindrance("m", 1) is None


def test_state_is_bounded() -> None:
    """Whatever models are asked for, however long it runs."""
    slot = Slot(CREDENTIAL)
    for number in range(COOLDOWNS_MAX * 2):
        slot.record(f"model-{number}", LIMITED, number, 0)
        slot.record("other", SUCCESS, number, 0)
    assert len(slot.cooldowns) == COOLDOWNS_MAX
    assert f"model-{COOLDOWNS_MAX * 2 - 1}" in slot.cooldowns
    assert len(slot.recent) == RECENT_COUNT_MAX
