"""The breaker: five faults in a row, thirty seconds, one probe."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.pool.breaker import HOLD_S_MAX, Breaker, BreakerOptions, BreakerState

DOWN = Fault(FaultKind.UNREACHABLE, "Nobody is there.", upstream_code="x")


def attempt(breaker: Breaker, fault: Fault | None, now: float) -> bool:
    """A whole attempt; whether it opened or closed the breaker."""
    breaker.check(now)
    return breaker.record(fault, now, is_probe=breaker.take(now))


def opened(now: float = 100.0, options: BreakerOptions | None = None) -> Breaker:
    """A breaker that has just opened."""
    breaker = Breaker(options or BreakerOptions())
    for count in range(1, 6):
        assert attempt(breaker, DOWN, now) is (count == 5)
    return breaker


def refusal(breaker: Breaker, now: float) -> Fault:
    """What an endpoint that is not asked is refused with."""
    with pytest.raises(Fault) as caught:
        breaker.check(now)
    return caught.value


def test_it_opens_after_five_faults_in_a_row() -> None:
    """And says what happened, how often, and when to come back."""
    breaker = opened()
    assert breaker.state(100) is BreakerState.OPEN
    fault = refusal(breaker, 110)
    assert fault.kind is FaultKind.UPSTREAM_UNAVAILABLE
    assert fault.retry_after_s == 20
    assert fault.upstream_code == "x"
    assert fault.message == (
        "The upstream has failed 5 times in a row. It is tried again in 20 s."
        " The last failure: Nobody is there."
    )


@pytest.mark.parametrize(
    "sign",
    [
        None,
        Fault(FaultKind.RATE_LIMITED, "", upstream_code="http_429"),
        Fault(FaultKind.CONTEXT_TOO_LONG, "", upstream_code="http_400"),
    ],
)
def test_any_sign_of_life_starts_the_count_again(sign: Fault | None) -> None:
    """An endpoint that refuses a credential or a request works."""
    breaker = Breaker(BreakerOptions())
    for _ in range(20):
        for _ in range(4):
            assert not attempt(breaker, DOWN, 0)
        assert not attempt(breaker, sign, 0)
    assert repr(breaker) == "Breaker(closed, failures=0)"


@pytest.mark.parametrize("kind", [k for k in FaultKind if Fault(k, "").scope is not Scope.ENDPOINT])
def test_what_never_reached_the_endpoint_tells_nothing(kind: FaultKind) -> None:
    """Neither a failure nor a sign of life: an image that cannot be fetched, a bug of ours."""
    breaker = Breaker(BreakerOptions())
    for _ in range(4):
        attempt(breaker, DOWN, 0)
    attempt(breaker, Fault(kind, ""), 0)
    assert breaker.failure_count == 4


def test_after_its_time_one_probe_finds_out() -> None:
    """Nobody else is let through meanwhile; a good end closes it for all."""
    breaker = opened()
    assert refusal(breaker, 129.5).retry_after_s == 0.5
    assert breaker.state(130) is BreakerState.HALF_OPEN
    breaker.check(130)
    assert breaker.take(130)
    assert breaker.state(131) is BreakerState.OPEN
    assert refusal(breaker, 131).retry_after_s == 5
    assert "probing" in repr(breaker)
    assert breaker.record(None, 135, is_probe=True)
    assert (breaker.state(135), breaker.cause) == (BreakerState.CLOSED, None)
    assert not breaker.take(135)


def test_it_tells_how_long_it_is_still_shut() -> None:
    """Nothing while it is closed, and once a probe may be made."""
    assert Breaker(BreakerOptions()).left_s(100) == 0
    assert [opened().left_s(now) for now in (100, 129, 130, 500)] == [30, 1, 0, 0]


def test_a_slow_probe_does_not_keep_everybody_out() -> None:
    """A model may think for minutes; after thirty seconds another one may find out."""
    breaker = opened()
    for now in (130, 160, 190):
        breaker.check(now)
        assert breaker.take(now)
        assert refusal(breaker, now + 1).retry_after_s == 5
        assert refusal(breaker, now + 29).retry_after_s == 1
    assert breaker.record(None, 200, is_probe=True)
    assert not breaker.record(DOWN, 201, is_probe=True)
    assert breaker.state(201) is BreakerState.CLOSED


def test_a_probe_that_fails_holds_it_as_long_again() -> None:
    """One request every thirty seconds, for as long as the outage lasts."""
    breaker = opened()
    for round_ in range(1, 20):
        now = 100 + 30.0 * round_
        assert not attempt(breaker, DOWN, now)
        # Nobody finds out meanwhile: callers need not come back sooner.
        assert refusal(breaker, now + 1).retry_after_s == 29


def test_a_probe_whose_caller_leaves_makes_room_for_another() -> None:
    """Nothing was learnt, and the endpoint is not shut for ever."""
    breaker = opened()
    breaker.check(130)
    breaker.release(is_probe=breaker.take(130))
    breaker.check(131)
    assert breaker.take(131)
    # Our own failure is as little of a finding.
    breaker.record(Fault(FaultKind.INTERNAL, ""), 132, is_probe=True)
    breaker.check(132)
    breaker.record(None, 133, is_probe=False)
    breaker.release(is_probe=True)
    assert breaker.state(133) is BreakerState.CLOSED


def test_late_failures_hold_it_no_longer_and_a_late_success_closes_it() -> None:
    """Attempts that were under way when it opened tell of the time before."""
    breaker = opened(now=100)
    assert not breaker.record(DOWN, 125, is_probe=False)
    assert breaker.state(130) is BreakerState.HALF_OPEN
    assert breaker.record(None, 126, is_probe=False)
    assert breaker.state(126) is BreakerState.CLOSED


def test_a_late_failure_that_asks_for_time_gets_it() -> None:
    """It was under way when the breaker opened; its wish is of now. None makes the time shorter."""
    breaker = opened(now=100)
    for wish_s in (60, 5):
        busy = Fault(FaultKind.UPSTREAM_OVERLOADED, "Busy.", retry_after_s=wish_s)
        assert not breaker.record(busy, 110, is_probe=False)
        assert refusal(breaker, 169).retry_after_s == 1
    assert breaker.state(170) is BreakerState.HALF_OPEN


@pytest.mark.parametrize("end", ["failed", "left"])
def test_a_probe_does_not_forget_who_asked_for_time(end: str) -> None:
    """While it was under way another attempt had been told to come back later."""
    breaker = opened(now=100)
    breaker.check(130)
    assert breaker.take(130)
    busy = Fault(FaultKind.UPSTREAM_OVERLOADED, "Busy.", retry_after_s=100)
    breaker.record(busy, 140, is_probe=False)
    if end == "failed":
        breaker.record(DOWN, 150, is_probe=True)
    else:
        breaker.release(is_probe=True)
    assert refusal(breaker, 239).retry_after_s == 1
    assert breaker.state(240) is BreakerState.HALF_OPEN


def test_an_outdated_client_opens_it_at_once_and_stays_what_it_is() -> None:
    """No retry mends it, and nobody shall take it for an expired token or a passing outage."""
    breaker = Breaker(BreakerOptions())
    outdated = Fault(FaultKind.CLIENT_OUTDATED, "Update.", upstream_code="14")
    assert attempt(breaker, outdated, 0)
    fault = refusal(breaker, 1)
    assert (fault.kind, fault.message, fault.upstream_code) == (outdated.kind, "Update.", "14")
    assert fault.retry_after_s is None
    breaker.check(30)


@pytest.mark.parametrize(("asked_s", "held_s"), [(3, 3), (1e9, HOLD_S_MAX)])
def test_an_overloaded_endpoint_is_left_alone_for_as_long_as_it_asks(
    asked_s: float, held_s: float
) -> None:
    """Its word is taken at the first time, within reason."""
    breaker = Breaker(BreakerOptions())
    assert attempt(breaker, Fault(FaultKind.UPSTREAM_OVERLOADED, "Busy.", retry_after_s=asked_s), 0)
    fault = refusal(breaker, 0)
    assert fault.retry_after_s == held_s
    assert fault.message.startswith("The upstream has failed and asks for time")
    breaker.check(held_s)
    # Without a word about time it is a failure like any other.
    assert not attempt(Breaker(BreakerOptions()), Fault(FaultKind.UPSTREAM_OVERLOADED, ""), 0)


def test_it_can_be_switched_off() -> None:
    """0 failures: the endpoint is asked whatever it does."""
    breaker = Breaker(BreakerOptions(failure_count=0))
    for _ in range(100):
        assert not attempt(breaker, DOWN, 0)
    assert not attempt(breaker, Fault(FaultKind.CLIENT_OUTDATED, ""), 0)
