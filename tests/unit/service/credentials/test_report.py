"""How a credential is shown to its owner."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import (
    Cooldown,
    CredentialHealth,
    Preferences,
    Quarantine,
    QuarantineReason,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.breaker import BreakerOptions, BreakerState
from cursor_api.pool.breakers import Breakers
from cursor_api.pool.slot import RECENT_COUNT_MAX, Slot
from cursor_api.service.credentials.report import (
    INSTANT_MAX,
    CooldownPhase,
    CredentialReport,
    State,
    UpstreamReport,
    instant,
    report,
    report_upstream,
)
from cursor_api.upstreams.cursor.words import WORDS
from tests.fakes import StillClock

NOW = 1_800_000_000.0
DAY_S = 24 * 3600.0
SUM = "paaotdDV" + "0123456789abcdef" * 4


def token(expires_at: float | None = None) -> str:
    """A session token, or an opaque one."""
    if expires_at is None:
        return "an-opaque-token-of-some-length"
    payload = base64.urlsafe_b64encode(json.dumps({"exp": expires_at}).encode()).decode()
    return f"eyJhbGciOi.{payload.rstrip('=')}.sig"


def slot(
    preferences: Preferences | None = None,
    health: CredentialHealth | None = None,
    expires_at: float | None = None,
) -> Slot:
    """A credential in that state."""
    return Slot(Credential("work", Secret(token(expires_at)), SUM), preferences, health)


def cooling(until_at: float) -> CredentialHealth:
    """Limited for one model."""
    return CredentialHealth(
        cooldowns=(("gpt-4o", Cooldown(until_at, 1, FaultKind.RATE_LIMITED.value)),)
    )


def quarantined(reason: QuarantineReason) -> CredentialHealth:
    """Taken out."""
    return CredentialHealth(quarantine=Quarantine(reason, NOW - 5, "the upstream's words"))


def test_a_fresh_credential_is_healthy_and_masked() -> None:
    """Nothing to say of it, and nothing of it to see."""
    shown = report(slot(), WORDS, NOW)
    assert (shown.alias, shown.state, shown.reason) == ("work", State.HEALTHY, None)
    assert (shown.secret, shown.binding) == ("an-o…ngth", "paao…cdef")
    assert (shown.cooldowns, shown.quarantine, shown.next_try_at) == ((), None, None)
    assert (shown.last_used_at, shown.expires_at, shown.expiry_warning) == (None, None, False)
    assert (shown.priority, shown.weight, shown.concurrency_max, shown.enabled) == (
        0,
        1,
        None,
        True,
    )


@pytest.mark.parametrize(
    ("made", "state", "words"),
    [
        (slot(Preferences(is_enabled=False)), State.DISABLED, "switched off"),
        (slot(health=quarantined(QuarantineReason.REVOKED)), State.QUARANTINED, "refuses"),
        (slot(health=quarantined(QuarantineReason.BLOCKED)), State.QUARANTINED, "blocked"),
        (slot(health=quarantined(QuarantineReason.EXPIRED)), State.EXPIRED, "expired"),
        (slot(expires_at=NOW - 1), State.EXPIRED, "expired"),
        (slot(expires_at=NOW), State.EXPIRED, "expired"),
        (slot(health=cooling(NOW + 1)), State.COOLING, "limits it for gpt-4o. It"),
        (slot(health=cooling(NOW)), State.HEALTHY, None),
        # What a person has to end first wins.
        (
            slot(Preferences(is_enabled=False), quarantined(QuarantineReason.REVOKED)),
            State.DISABLED,
            "switched off",
        ),
        (
            slot(health=quarantined(QuarantineReason.REVOKED), expires_at=NOW - 1),
            State.QUARANTINED,
            "refuses",
        ),
        (slot(health=cooling(NOW + 1), expires_at=NOW - 1), State.EXPIRED, "expired"),
    ],
)
def test_the_state_and_its_reason(made: Slot, state: State, words: str | None) -> None:
    """One word for a badge, one sentence for a person."""
    shown = report(made, WORDS, NOW)
    assert shown.state is state
    assert (words in (shown.reason or "")) if words else shown.reason is None


def test_at_its_limit_it_is_busy() -> None:
    """As many requests at a time as its owner allows."""
    full = slot(Preferences(concurrency_max=2))
    full.take("gpt-4o", NOW)
    assert report(full, WORDS, NOW).state is State.HEALTHY
    full.take("gpt-4o", NOW)
    shown = report(full, WORDS, NOW)
    assert (shown.state, shown.active_count) == (State.BUSY, 2)
    assert "2 requests" in (shown.reason or "")
    assert shown.last_used_at == instant(NOW)


def test_a_cooldown_tells_until_when_and_what_comes_then() -> None:
    """Waiting, then due, then one probe; the next try is the soonest."""
    made = slot(health=cooling(NOW + 60))
    made.cooldowns["o1"] = Cooldown(NOW + 30, 0, "quota_exhausted")
    made.cooldowns["gpt-4"] = Cooldown(NOW - 1, 2, "rate_limited")
    shown = report(made, WORDS, NOW)
    assert [(item.model, item.step, item.phase) for item in shown.cooldowns] == [
        ("gpt-4o", 1, CooldownPhase.WAITING),
        ("o1", 0, CooldownPhase.WAITING),
        ("gpt-4", 2, CooldownPhase.DUE),
    ]
    assert shown.next_try_at == instant(NOW + 30)
    assert shown.cooldowns[0].cause == "rate_limited"
    made.take("gpt-4", NOW)
    assert report(made, WORDS, NOW).cooldowns[2].phase is CooldownPhase.PROBING
    assert report(made, WORDS, NOW + 100).next_try_at is None


def test_a_test_of_a_cooling_credential_ends_no_wait() -> None:
    """A person's test goes out while others still wait."""
    made = slot(health=cooling(NOW + 60))
    made.take("gpt-4o", NOW)
    shown = report(made, WORDS, NOW)
    assert (shown.state, shown.cooldowns[0].phase) == (State.COOLING, CooldownPhase.WAITING)


def test_many_cooling_models_are_one_sentence() -> None:
    """The list has them all."""
    made = slot()
    made.cooldowns = {f"m{n}": Cooldown(NOW + 9, 0, "rate_limited") for n in range(5)}
    assert "for m0, m1, m2 and other models." in (report(made, WORDS, NOW).reason or "")


def test_a_quarantine_tells_what_the_upstream_said() -> None:
    """And since when."""
    shown = report(slot(health=quarantined(QuarantineReason.BLOCKED)), WORDS, NOW).quarantine
    assert shown is not None
    assert (shown.reason, shown.detail) == (QuarantineReason.BLOCKED, "the upstream's words")
    assert shown.since_at == instant(NOW - 5)


@pytest.mark.parametrize(
    ("left_s", "is_warning"), [(3 * DAY_S + 1, False), (3 * DAY_S - 1, True), (-DAY_S, True)]
)
def test_expiry_is_warned_of_from_three_days_before(left_s: float, *, is_warning: bool) -> None:
    """And ever after."""
    shown = report(slot(expires_at=NOW + left_s), WORDS, NOW)
    assert shown.expiry_warning is is_warning
    assert shown.expires_at == instant(NOW + left_s)


def test_counts_and_recent_outcomes_are_the_slots() -> None:
    """Oldest first."""
    kept = CredentialHealth(
        success_count=7, failure_count=3, recent=(False, True), last_used_at=NOW - 9
    )
    shown = report(slot(health=kept), WORDS, NOW)
    assert (shown.success_count, shown.failure_count, shown.recent) == (7, 3, (False, True))
    assert shown.last_used_at == datetime.fromtimestamp(NOW - 9, UTC)
    assert RECENT_COUNT_MAX == 40


def test_every_reason_for_a_quarantine_has_its_words() -> None:
    """The table is total."""
    assert set(WORDS.quarantine) == set(QuarantineReason)


@pytest.mark.parametrize("at", [-1e300, -1.0, 0.0, NOW, INSTANT_MAX, 1e300])
def test_an_absurd_instant_in_a_kept_state_is_shown_all_the_same(at: float) -> None:
    """A file that somebody edited must not break the page."""
    shown: CredentialReport = report(slot(health=cooling(at)), WORDS, NOW)
    assert shown.cooldowns[0].until_at.tzinfo is UTC


def test_an_upstream_that_is_not_asked_says_why_and_until_when() -> None:
    """The instants are of the wall clock, though the breaker counts by another."""
    clock = StillClock()
    breakers = Breakers(BreakerOptions())
    healthy = report_upstream("cursor", breakers, clock)
    assert healthy == UpstreamReport("cursor", BreakerState.CLOSED, 0, None, None, None)
    for _ in range(5):
        breakers.record(Fault(FaultKind.UNREACHABLE, "No way."), "m", clock.seconds, is_probe=False)
    told = report_upstream("cursor", breakers, clock)
    assert (told.state, told.failure_count) == (BreakerState.OPEN, 5)
    assert told.until_at == instant(clock.seconds + 30)
    assert (told.cause, told.message) == ("unreachable", "No way.")
    clock.seconds += 30
    assert report_upstream("cursor", breakers, clock).state is BreakerState.HALF_OPEN
    assert report_upstream("cursor", breakers, clock).until_at is None
