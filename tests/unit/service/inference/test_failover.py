"""Failover as a decision, and the budget that bounds it."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.service.inference.failover import (
    RESERVE_COUNT,
    RETRY_WAIT_S_MAX,
    SAVED_COUNT_MAX,
    Action,
    Decision,
    FailoverOptions,
    RetryBudget,
    Tally,
    decide,
    leads_elsewhere,
)

OPTIONS = FailoverOptions()
FIRST = Tally(refusal_count=1, failure_count=1)
EXPECTED = {
    Scope.REQUEST: Action.GIVE_UP,
    Scope.GATEWAY: Action.GIVE_UP,
    Scope.CREDENTIAL: Action.OTHER_CREDENTIAL,
    Scope.ENDPOINT: Action.RETRY,
}
# No attempt mends an outdated client, and an open breaker is no attempt at all.
SPECIAL = {
    FaultKind.UPSTREAM_TIMEOUT: Action.SWITCH,
    FaultKind.CLIENT_OUTDATED: Action.GIVE_UP,
    FaultKind.UPSTREAM_UNAVAILABLE: Action.GIVE_UP,
}


@pytest.mark.parametrize("kind", list(FaultKind))
def test_whom_a_fault_blames_decides(kind: FaultKind) -> None:
    """Every kind has its action; only what the endpoint did is paid for from the budget."""
    fault = Fault(kind, "")
    decision = decide(fault, FIRST, OPTIONS, 0.5)
    assert decision.action is SPECIAL.get(kind, EXPECTED[fault.scope])
    assert decision.is_retry is (decision.action in {Action.RETRY, Action.SWITCH})


def test_refusals_and_failures_are_bounded_apart() -> None:
    """Ten credentials may refuse; three attempts may fail; neither counts for the other."""
    refusal = Fault(FaultKind.RATE_LIMITED, "")
    assert decide(refusal, Tally(9, 3), OPTIONS, 0).action is Action.OTHER_CREDENTIAL
    assert decide(refusal, Tally(10, 0), OPTIONS, 0).action is Action.GIVE_UP
    failure = Fault(FaultKind.UPSTREAM_ERROR, "")
    assert decide(failure, Tally(10, 2), OPTIONS, 0).action is Action.RETRY
    assert decide(failure, Tally(0, 3), OPTIONS, 0).action is Action.GIVE_UP
    assert decide(failure, Tally(0, 1), FailoverOptions(attempt_count_max=1), 0) == Decision(
        Action.GIVE_UP
    )


def test_waits_double_with_jitter_over_the_upper_half() -> None:
    """0.1 to 0.2 s, then 0.2 to 0.4 s: short enough for the caller not to notice."""
    failure = Fault(FaultKind.UNREACHABLE, "")
    assert decide(failure, Tally(0, 1), OPTIONS, 0).wait_s == pytest.approx(0.1)
    assert decide(failure, Tally(0, 1), OPTIONS, 1).wait_s == pytest.approx(0.2)
    assert decide(failure, Tally(0, 2), OPTIONS, 0).wait_s == pytest.approx(0.2)
    assert decide(failure, Tally(0, 2), OPTIONS, 1).wait_s == pytest.approx(0.4)


def test_silence_and_refusals_wait_for_nothing() -> None:
    """The caller has waited long enough, or the next credential has done nothing wrong."""
    for kind in (FaultKind.UPSTREAM_TIMEOUT, FaultKind.QUOTA_EXHAUSTED):
        assert decide(Fault(kind, "", retry_after_s=9), FIRST, OPTIONS, 0.9).wait_s == 0


def test_the_upstreams_own_wait_is_kept() -> None:
    """A short Retry-After is waited for; a long one is for the caller to wait for."""
    short = Fault(FaultKind.UPSTREAM_OVERLOADED, "", retry_after_s=RETRY_WAIT_S_MAX)
    assert decide(short, FIRST, OPTIONS, 0) == Decision(Action.RETRY, RETRY_WAIT_S_MAX)
    long = Fault(FaultKind.UPSTREAM_OVERLOADED, "", retry_after_s=RETRY_WAIT_S_MAX + 0.1)
    assert decide(long, FIRST, OPTIONS, 0).action is Action.GIVE_UP


def test_a_long_wait_of_one_is_another_ones_turn_while_the_endpoint_answers() -> None:
    """It was said of the endpoint, and others show that it was not meant for them."""
    long = Fault(FaultKind.UPSTREAM_OVERLOADED, "", retry_after_s=20)
    assert decide(long, FIRST, OPTIONS, 0, has_fresh=True) == Decision(Action.SWITCH)
    third = Tally(failure_count=3)
    assert decide(long, third, OPTIONS, 0, has_fresh=True).action is Action.GIVE_UP


def test_who_has_tried_again_by_himself_is_not_asked_again() -> None:
    """Whether or not there is another credential; another route may still be asked."""
    fault = Fault(FaultKind.UPSTREAM_ERROR, "")
    fault.is_retried_upstream = True
    for has_fresh in (False, True):
        decision = decide(fault, FIRST, OPTIONS, 0.5, has_fresh=has_fresh)
        assert decision == Decision(Action.GIVE_UP)
    assert leads_elsewhere(fault)


def test_a_tally_counts_by_scope() -> None:
    """What blames neither a credential nor the endpoint is not counted."""
    tally = Tally()
    for kind in (FaultKind.RATE_LIMITED, FaultKind.UNREACHABLE, FaultKind.INTERNAL):
        tally = tally.plus(Fault(kind, ""))
    assert tally == Tally(1, 1)


def test_in_an_outage_a_fifth_of_the_requests_is_tried_again() -> None:
    """1,000 requests that all want three attempts make at most 1,200 and the first reserve."""
    budget = RetryBudget(OPTIONS)
    retries = 0
    for _ in range(1000):
        budget.pay_in()
        while budget.has_one and budget.take():
            retries += 1
    assert retries == 200 + RESERVE_COUNT
    assert not budget.take()


def test_quiet_hours_do_not_add_up_to_a_wave() -> None:
    """A million good requests allow ten retries in a row, not two hundred thousand."""
    budget = RetryBudget(OPTIONS)
    for _ in range(1_000_000 // 100):
        budget.pay_in()
    assert sum(budget.take() for _ in range(100)) == SAVED_COUNT_MAX
    assert repr(budget) == "RetryBudget(0.0 retries left)"


def test_a_share_of_nothing_is_no_retry() -> None:
    """0 percent means it, the reserve included."""
    budget = RetryBudget(FailoverOptions(retry_percent=0))
    budget.pay_in()
    assert not budget.has_one
