"""A wall clock that jumps is noticed, and no cooldown is longer or shorter for it."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Cooldown, CredentialHealth, Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.clock_steps import STEP_S_MIN, ClockStepDetector
from cursor_api.pool.cooldown import COOLDOWN_S_MAX
from cursor_api.pool.lease import Ask
from cursor_api.pool.pool import Pool
from cursor_api.pool.slot import LeaseOutcome

A = Credential("a", Secret("token-a"), "checksum-a")
ASK = Ask("gpt-4o")


class TwoClocks:
    """Each is moved by hand."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.steady = 50.0

    def now(self) -> float:
        """Unix time."""
        return self.wall

    def monotonic(self) -> float:
        """What cannot jump."""
        return self.steady

    def pass_by(self, seconds: float) -> None:
        """Time goes on."""
        self.wall += seconds
        self.steady += seconds


def test_time_that_passes_is_no_jump() -> None:
    """Not in a day, either."""
    clock = TwoClocks()
    watch = ClockStepDetector(clock)
    clock.pass_by(86_400)
    assert watch.look() == (clock.wall, 0.0)


def test_a_jump_is_told_once_and_in_both_directions() -> None:
    """With its length, whatever time has passed besides."""
    clock = TwoClocks()
    watch = ClockStepDetector(clock)
    for jump_s in (3600.0, -7200.0):
        clock.pass_by(10)
        clock.wall += jump_s
        assert watch.look() == (clock.wall, jump_s)
        assert watch.look() == (clock.wall, 0.0)


def test_a_clock_that_is_slewed_is_followed_when_it_has_become_a_jump() -> None:
    """Small steps are ignored one by one, and not lost."""
    clock = TwoClocks()
    watch = ClockStepDetector(clock)
    jumps = []
    for _ in range(30):
        clock.wall += STEP_S_MIN / 10
        jumps.append(watch.look()[1])
    assert 2 <= sum(1 for one in jumps if one) <= 3
    assert abs(sum(jumps) - 3 * STEP_S_MIN) <= STEP_S_MIN
    assert "ClockStepDetector(offset=" in repr(watch)


def wait_of(pool: Pool) -> float:
    """How long a request is told to wait."""
    with pytest.raises(Fault) as caught:
        pool.lease(ASK)
    assert caught.value.kind is FaultKind.RATE_LIMITED
    assert caught.value.retry_after_s is not None
    return caught.value.retry_after_s


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 86_400.0 * 365])
def test_a_cooldown_lasts_as_long_as_it_was_meant_to(jump_s: float) -> None:
    """A wall clock put forward frees nobody, and one put back holds nobody for longer."""
    clock = TwoClocks()
    pool = Pool(clock, lambda: 0.5)
    pool.put([A])
    limited = Fault(FaultKind.RATE_LIMITED, "", retry_after_s=60)
    pool.lease(ASK).settle(LeaseOutcome(is_success=False, fault=limited))
    revision = pool.revision
    clock.wall += jump_s
    assert wait_of(pool) == pytest.approx(60)
    assert pool.revision > revision, "what is kept has changed"
    clock.pass_by(59)
    assert wait_of(pool) == pytest.approx(1)
    clock.pass_by(1.1)
    assert pool.lease(ASK).credential == A


def test_what_was_kept_by_a_clock_years_ahead_holds_nobody_for_years() -> None:
    """After a restart with the right time, as long as a cooldown can be at most."""
    clock = TwoClocks()
    pool = Pool(clock, lambda: 0.5)
    ahead = Cooldown(until_at=clock.wall + 10 * 365 * 86_400, step=0, cause="rate_limited")
    health = CredentialHealth(cooldowns=(("gpt-4o", ahead),))
    pool.put([A], {A: (Preferences(), health)})
    assert wait_of(pool) == pytest.approx(COOLDOWN_S_MAX)
    clock.pass_by(COOLDOWN_S_MAX)
    assert pool.lease(ASK).credential == A
