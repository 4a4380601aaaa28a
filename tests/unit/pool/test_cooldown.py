"""What a fault does to a credential, as a table."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential_health import Cooldown, Quarantine, QuarantineReason
from cursor_api.domain.errors import SCOPES, Fault, FaultKind, Scope
from cursor_api.pool.cooldown import BACKOFFS, DETAIL_LENGTH_MAX, QUARANTINES, judge

CREDENTIAL_KINDS = {kind for kind, scope in SCOPES.items() if scope is Scope.CREDENTIAL}


def test_every_fault_that_blames_a_credential_has_a_consequence() -> None:
    """The two tables together are total, and do not overlap."""
    assert set(BACKOFFS) | set(QUARANTINES) == CREDENTIAL_KINDS
    assert not set(BACKOFFS) & set(QUARANTINES)


@pytest.mark.parametrize("kind", sorted(set(FaultKind) - CREDENTIAL_KINDS, key=str))
def test_no_other_fault_touches_a_credential(kind: FaultKind) -> None:
    """Callers, endpoints and the gateway itself are to blame for those."""
    assert judge(None, Fault(kind, ""), 0, 0.5) is None


@pytest.mark.parametrize("kind", list(BACKOFFS))
def test_waits_double_up_to_a_bound_and_jitter_spreads_the_upper_half(kind: FaultKind) -> None:
    """Whatever the number of faults before; never below half, never above the bound."""
    backoff = BACKOFFS[kind]
    previous: Cooldown | None = None
    for step in range(2000):
        now = previous.until_at if previous else 0.0
        low = judge(previous, Fault(kind, ""), now, 0.0)
        high = judge(previous, Fault(kind, ""), now, 0.999)
        assert isinstance(low, Cooldown)
        assert isinstance(high, Cooldown)
        whole_s = min(backoff.first_s * 2.0 ** min(step, 32), backoff.max_s)
        assert low.until_at - now == pytest.approx(whole_s / 2)
        assert whole_s * 0.99 < high.until_at - now <= whole_s
        assert low.step == step
        previous = Cooldown(now + 1, low.step, kind.value)


def test_retry_after_wins_within_reason() -> None:
    """Five hours are five hours; a century is six."""
    verdict = judge(None, Fault(FaultKind.RATE_LIMITED, "", retry_after_s=18_000), 100, 0)
    assert verdict == Cooldown(18_100, 0, "rate_limited")
    verdict = judge(None, Fault(FaultKind.RATE_LIMITED, "", retry_after_s=1e18), 0, 0)
    assert verdict == Cooldown(6 * 3600, 0, "rate_limited")
    verdict = judge(None, Fault(FaultKind.QUOTA_EXHAUSTED, "", retry_after_s=7 * 86_400), 0, 0)
    assert verdict == Cooldown(6 * 3600, 0, "quota_exhausted")
    verdict = judge(None, Fault(FaultKind.RATE_LIMITED, "", retry_after_s=0), 0, 0)
    assert verdict == Cooldown(15, 0, "rate_limited")


@pytest.mark.parametrize("kind", [FaultKind.CREDENTIAL_SILENT, FaultKind.CREDENTIAL_FAILING])
def test_a_suspicion_lasts_for_the_longer_of_both(kind: FaultKind) -> None:
    """A second that was asked for the endpoint is no reason to try a credential each second."""
    for asked_s, rest_s in ((None, 15), (1, 15), (20, 20), (1e18, 6 * 3600)):
        verdict = judge(None, Fault(kind, "", retry_after_s=asked_s), 0, 0)
        assert verdict == Cooldown(rest_s, 0, kind.value)


def test_revoked_and_blocked_are_told_apart() -> None:
    """The console says what to do about each; the upstream's words are cut."""
    verdict = judge(None, Fault(FaultKind.CREDENTIAL_REJECTED, "x" * 999), 5, 0)
    assert verdict == Quarantine(QuarantineReason.REVOKED, 5, "x" * DETAIL_LENGTH_MAX)
    verdict = judge(None, Fault(FaultKind.CREDENTIAL_BLOCKED, "too many computers"), 5, 0)
    assert verdict == Quarantine(QuarantineReason.BLOCKED, 5, "too many computers")
