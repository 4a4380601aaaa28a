"""Endpoints: what is each one's own, and what lasts."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.breaker import Breaker, BreakerOptions
from cursor_api.pool.pool import Pool
from cursor_api.service.inference.endpoints import (
    ANSWERING_S,
    WARN_AGAIN_S,
    Endpoints,
    TroubleOptions,
)
from cursor_api.service.inference.failover import FailoverOptions
from tests.endpoints import FAKE, WORDS, endpoint_of
from tests.fakes import ListObserver, ScriptedUpstream, TickingClock

DOWN = Fault(FaultKind.UPSTREAM_ERROR, "down")


def pool() -> Pool:
    """An empty one."""
    return Pool(TickingClock(), lambda: 0.5)


def test_an_answer_shows_for_half_a_minute_that_the_endpoint_works() -> None:
    """Before the first one nothing is known."""
    endpoint = endpoint_of(ScriptedUpstream({}), pool())
    assert not endpoint.has_answered_lately(0)
    endpoint.answered_at = 100
    assert endpoint.has_answered_lately(100 + ANSWERING_S)
    assert not endpoint.has_answered_lately(101 + ANSWERING_S)


def test_a_change_of_the_settings_resets_nothing_of_what_was_learnt() -> None:
    """The breaker stays open, the budget stays spent; their options are the new ones."""
    endpoint = endpoint_of(ScriptedUpstream({}), pool())
    for _ in range(5):
        endpoint.breakers.whole.record(DOWN, 100, is_probe=False)
    while endpoint.budget.take():
        pass
    other = ScriptedUpstream({})
    options = TroubleOptions(FailoverOptions(retry_percent=100), BreakerOptions(2, 7.0))
    endpoint.use(other, options)
    assert endpoint.upstream is other
    assert endpoint.failover is options.failover
    assert endpoint.breakers.whole.options is options.breaker
    with pytest.raises(Fault, match="tried again in"):
        endpoint.breakers.check("any", 101)
    assert not endpoint.budget.has_one
    endpoint.budget.pay_in()
    assert endpoint.budget.has_one


def test_the_operator_is_told_of_an_endpoint_by_its_name() -> None:
    """In the words of its kind where it wants a newer client."""
    observer = ListObserver()
    endpoint = endpoint_of(ScriptedUpstream({}), pool())
    endpoints = Endpoints([endpoint], observer)
    whole, one = Breaker(BreakerOptions()), Breaker(BreakerOptions(), "m")
    for breaker, kind in (
        (whole, FaultKind.CLIENT_OUTDATED),
        (whole, FaultKind.UNREACHABLE),
        (one, FaultKind.UPSTREAM_ERROR),
    ):
        breaker.cause = Fault(kind, "why")
        endpoints.report_breaker(endpoint, breaker)
        breaker.cause = None
    endpoints.report_breaker(endpoint, one)
    endpoints.report_breaker(endpoint, whole)
    facts, of_model = {"upstream": FAKE, "detail": "why"}, {"upstream": FAKE, "model": "m"}
    assert observer.events == [
        (WORDS.client_outdated, facts),
        ("the upstream is not asked for a while", facts),
        ("a model of the upstream is not asked for a while", {**of_model, "detail": "why"}),
        ("a model of the upstream answers again", of_model),
        ("the upstream answers again", {"upstream": FAKE}),
    ]


def test_a_shortage_of_the_gateway_s_own_is_reported_once_a_minute() -> None:
    """Not for each of thousands of requests."""
    observer = ListObserver()
    endpoints = Endpoints([], observer)
    shortage = Fault(FaultKind.OVERLOADED, "no descriptor")
    for now in (5.0, 6.0, 5.0 + WARN_AGAIN_S):
        endpoints.report_shortage(shortage, now)
    assert len(observer.warnings) == 2


def test_endpoints_keep_the_operator_s_order() -> None:
    """And one that is gone is gone."""
    one, two = (endpoint_of(ScriptedUpstream({}), pool(), name=name) for name in ("one", "two"))
    endpoints = Endpoints([two, one], ListObserver())
    assert list(endpoints) == ["two", "one"]
    assert endpoints["one"] is one
    endpoints.replace([one])
    assert (list(endpoints), len(endpoints)) == (["one"], 1)
    assert repr(one).startswith("Endpoint(one, Pool(")
