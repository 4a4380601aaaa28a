"""The breakers of an endpoint: a dead model closes no other, a dead endpoint closes all."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.pool.breaker import Breaker, BreakerOptions, BreakerState
from cursor_api.pool.breakers import MODELS_MAX, WHOLE_KINDS, Breakers

FAILED = Fault(FaultKind.UPSTREAM_ERROR, "No provider.")
LIMITED = Fault(FaultKind.RATE_LIMITED, "Slow down.", upstream_code="http_429")
OPEN, CLOSED, HALF_OPEN = BreakerState.OPEN, BreakerState.CLOSED, BreakerState.HALF_OPEN


def attempt(breakers: Breakers, model: str, fault: Fault | None, now: float) -> Breaker | None:
    """A whole attempt; which breaker it opened or closed."""
    breakers.check(model, now)
    return breakers.record(fault, model, now, is_probe=breakers.take(model, now))


def opened(fault: Fault = FAILED, now: float = 100.0) -> Breakers:
    """Five failures of the model `dead`."""
    breakers = Breakers(BreakerOptions())
    changes = [attempt(breakers, "dead", fault, now) for _ in range(5)]
    assert [one is not None for one in changes] == [False] * 4 + [True]
    return breakers


@pytest.mark.parametrize(
    "kind", [one for one in FaultKind if Fault(one, "").scope is Scope.ENDPOINT]
)
def test_what_a_model_fails_with_is_its_own_and_no_connection_is_everybody_s(
    kind: FaultKind,
) -> None:
    """Of an aggregator one model may be dead and a hundred alive."""
    breakers = Breakers(BreakerOptions(failure_count=1))
    changed = attempt(breakers, "dead", Fault(kind, "why"), 0)
    assert changed is not None
    states = [breakers.state(model, 1) for model in ("dead", "alive")]
    if kind in WHOLE_KINDS:
        assert (changed.model, states) == ("", [OPEN, OPEN])
        with pytest.raises(Fault):
            breakers.check("alive", 1)
    else:
        assert (changed.model, states) == ("dead", [OPEN, CLOSED])
        breakers.check("alive", 1)


def test_who_asks_for_the_dead_model_is_told_so() -> None:
    """And that another one is worth a try."""
    with pytest.raises(Fault) as caught:
        opened().check("dead", 110)
    assert (caught.value.kind, caught.value.retry_after_s) == (FaultKind.UPSTREAM_UNAVAILABLE, 20)
    assert caught.value.message == (
        "The upstream has failed with this model 5 times in a row. Only this model is left alone."
        " It is tried again in 20 s. The last failure: No provider."
    )


def test_a_model_that_others_are_answered_beside_is_found_out_all_the_same() -> None:
    """Its own failures in a row count, whoever is answered in between."""
    breakers = Breakers(BreakerOptions())
    for _ in range(5):
        attempt(breakers, "dead", FAILED, 0)
        attempt(breakers, "alive", None, 0)
    assert [breakers.state(model, 1) for model in ("dead", "alive")] == [OPEN, CLOSED]


@pytest.mark.parametrize("sign", [None, LIMITED])
def test_a_probe_tells_whether_a_model_is_back(sign: Fault | None) -> None:
    """One request; a sign of life ends it, and leaves nothing behind."""
    breakers = opened()
    assert breakers.state("dead", 130) is HALF_OPEN
    assert breakers.take("dead", 130)
    assert breakers.state("dead", 131) is OPEN
    changed = breakers.record(sign, "dead", 132, is_probe=True)
    assert changed is not None
    assert (changed.model, changed.cause) == ("dead", None)
    assert repr(breakers) == "Breakers(Breaker(closed, failures=0))"


@pytest.mark.parametrize("end", ["left", "ours", "callers", "unreachable"])
def test_a_probe_that_tells_nothing_of_its_model_makes_room_for_another(end: str) -> None:
    """Its caller left, nobody was asked, or there was no connection."""
    breakers = opened()
    is_probe = breakers.take("dead", 130)
    if end == "left":
        breakers.release("dead", is_probe=is_probe)
    else:
        kind = {"ours": FaultKind.INTERNAL, "callers": FaultKind.INVALID_REQUEST}
        fault = Fault(kind.get(end, FaultKind.UNREACHABLE), "No way.")
        breakers.record(fault, "dead", 131, is_probe=is_probe)
    breakers.check("dead", 132)
    assert breakers.take("dead", 132)


def test_a_failure_behind_a_connection_closes_what_was_open_for_want_of_one() -> None:
    """The endpoint is there again; which of its models work, each shows by itself."""
    breakers = opened(Fault(FaultKind.UNREACHABLE, "No way."))
    assert breakers.state("alive", 101) is OPEN
    changed = attempt(breakers, "dead", FAILED, 130)
    assert changed is breakers.whole
    breakers.check("alive", 131)


def test_an_endpoint_of_which_nobody_was_answered_since_counts_as_open() -> None:
    """In an outage people are told of the upstream; beside an answer, of the model."""
    breakers = opened()
    assert (breakers.standing(101).state(101), list(breakers.left_alone(101))) == (OPEN, [])
    attempt(breakers, "alive", None, 102)
    assert breakers.standing(103) is breakers.whole
    assert [model for model, _ in breakers.left_alone(103)] == ["dead"]
    assert list(breakers.left_alone(130)) == []


def test_failures_in_a_row_are_told_before_anything_opens() -> None:
    """As they are of the whole endpoint."""
    breakers = Breakers(BreakerOptions())
    attempt(breakers, "dead", FAILED, 0)
    assert breakers.standing(0).failure_count == 1


def test_other_options_hold_for_those_that_are_there() -> None:
    """And for those that come."""
    breakers, options = opened(), BreakerOptions(1, 7.0)
    breakers.use(options)
    attempt(breakers, "dead", FAILED, 130)
    attempt(breakers, "other", FAILED, 130)
    assert [breakers.state(model, 136) for model in ("dead", "other")] == [OPEN, OPEN]
    assert [breakers.state(model, 137) for model in ("dead", "other")] == [HALF_OPEN, HALF_OPEN]


def test_names_that_a_caller_makes_up_do_not_pile_up() -> None:
    """The oldest one goes."""
    breakers = Breakers(BreakerOptions(failure_count=1))
    for number in range(MODELS_MAX + 5):
        attempt(breakers, f"model-{number}", FAILED, 0)
    assert repr(breakers).count("model-") == MODELS_MAX
    breakers.check("model-4", 1)
    with pytest.raises(Fault):
        breakers.check("model-5", 1)
