"""What is let in, and how it is counted. The contract suite holds every store to the same."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.periods import Moment, Period, Span, Unit
from cursor_api.domain.price import Price
from cursor_api.domain.quota import (
    NO_LIMITS,
    NOTHING,
    Admitted,
    Bucket,
    Budget,
    Claim,
    Counters,
    Held,
    Limit,
    Limits,
    Refused,
    Spent,
    decide,
    reserve,
    settle,
)

DAY, MONTH = Span("2025-06-01", 0.0, 1000.0), Span("2025-06", 0.0, 5000.0)
NOW = Moment(400.0, DAY, MONTH)
FRESH = Counters()
PRICE = Price("m", dt.date(2025, 1, 1), 1_000_000, 2_000_000, "one and two nano a token")


def _claim(limits: Limits, tokens: int = 10, cost: int = 0) -> Claim:
    return Claim("key", "r", limits, Spent(tokens, cost), NOW)


def _moment(day: str, period: str) -> Moment:
    return Moment(0.0, Span(day, 0.0, 1.0), Span(period, 0.0, 1.0))


def _budget(amount: int, unit: Unit = Unit.TOKENS) -> Limits:
    return Limits(budget=Budget(amount, unit, Period.MONTH))


@pytest.mark.parametrize(
    ("limits", "limit", "wait_s"),
    [
        (Limits(requests_per_minute=3), Limit.REQUESTS_PER_MINUTE, 20.0),
        (Limits(tokens_per_minute=30), Limit.TOKENS_PER_MINUTE, 20.0),
        (Limits(requests_per_day=3), Limit.REQUESTS_PER_DAY, 600.0),
        (Limits(tokens_per_day=39), Limit.TOKENS_PER_DAY, 600.0),
        (_budget(39), Limit.BUDGET, 4600.0),
        (_budget(20, Unit.NANO_DOLLARS), Limit.BUDGET, 4600.0),
    ],
)
def test_up_to_the_limit_and_no_further(limits: Limits, limit: Limit, wait_s: float) -> None:
    """Three requests fit, the fourth is told which limit is in its way and for how long."""
    counters, claim = FRESH, _claim(limits, 10, 6)
    for _ in range(3):
        decision = decide(claim, counters, 0, 5000)
        assert isinstance(decision, Admitted)
        counters = decision.counters
    assert decide(claim, counters, 0, 5000) == Refused(limit, wait_s)


@pytest.mark.parametrize(
    ("limits", "limit"),
    [
        (Limits(tokens_per_minute=9), Limit.TOKENS_PER_MINUTE),
        (Limits(tokens_per_day=9), Limit.TOKENS_PER_DAY),
        (_budget(9), Limit.BUDGET),
        (_budget(5, Unit.NANO_DOLLARS), Limit.BUDGET),
    ],
)
def test_what_is_larger_than_the_limit_is_not_told_to_wait(limits: Limits, limit: Limit) -> None:
    """No wait would help it."""
    assert decide(_claim(limits, 10, 6), FRESH, 0, 5000) == Refused(limit, None)


def test_so_many_at_once() -> None:
    """A place among them comes free with an answer that ends."""
    claim = _claim(Limits(concurrent_max=2))
    assert isinstance(decide(claim, FRESH, 1, 0), Admitted)
    assert decide(claim, FRESH, 2, 0) == Refused(Limit.CONCURRENT, 1.0)


def test_of_several_limits_the_one_that_lasts_is_named() -> None:
    """Whoever comes back after a second would meet the next one; a budget is no matter of time."""
    both = Limits(requests_per_day=1, concurrent_max=1)
    used = FRESH.on(_moment("2025-06-01", "2025-06")).add(NOTHING, 1)
    assert decide(_claim(both), used, 1, 0) == Refused(Limit.REQUESTS_PER_DAY, 600.0)
    too_large = Limits(requests_per_day=1, tokens_per_minute=1)
    assert decide(_claim(too_large), used, 1, 0) == Refused(Limit.TOKENS_PER_MINUTE, None)
    budget = Limits(tokens_per_minute=1, budget=Budget(10, Unit.TOKENS, Period.MONTH))
    spent = used.add(Spent(5, 0))
    assert decide(_claim(budget), spent, 0, 0) == Refused(Limit.BUDGET, 4600.0)


def test_a_bucket_fills_again_evenly() -> None:
    """60 a minute are one a second, however long nobody came."""
    full = Bucket().filled(60, 0).take(60)
    assert (full.left(60), full.wait_ms(60)) == (0, 0)
    assert full.take(1).wait_ms(60) == 1000
    assert full.filled(60, 1500).left(60) == 1
    assert full.filled(60, 10**9).left(60) == 60
    # A clock that goes back fills nothing and takes nothing.
    assert full.filled(60, -5) == full


@given(st.integers(1, 10**6), st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 5))))
def test_no_minute_gives_more_than_two_buckets(limit: int, taken: list[tuple[int, int]]) -> None:
    """One that was full and one that filled meanwhile; what is told to wait fits after the wait."""
    bucket, now, given_count, first = Bucket(), 0, 0, None
    for pause_ms, count in taken:
        now += pause_ms % 500
        wanted = bucket.filled(limit, now).take(count)
        if wanted.wait_ms(limit) == 0:
            bucket, given_count = wanted, given_count + count
            first = now if first is None else first
        elif count <= limit:
            after = bucket.filled(limit, now + wanted.wait_ms(limit)).take(count)
            assert after.wait_ms(limit) == 0
    allowed = limit * 60_000 + limit * (now - (first or 0))
    assert given_count * 60_000 <= allowed


def test_a_new_day_and_a_new_month_begin_at_nothing() -> None:
    """An earlier one, by a clock that was set back, does not begin again."""
    used = FRESH.on(_moment("2025-06-30", "2025-06")).add(Spent(7, 8), 2)
    tomorrow = used.on(_moment("2025-07-01", "2025-07"))
    assert (tomorrow.day_request_count, tomorrow.day_token_count) == (0, 0)
    assert (tomorrow.period_token_count, tomorrow.period_cost_nano) == (0, 0)
    assert used.on(_moment("2025-06-29", "2025-05")) == used
    assert used.on(_moment("2025-06-30", "2025-W27")).period_token_count == 0


def test_what_was_spent_takes_the_place_of_what_was_reserved() -> None:
    """More or less of it, in the day, in the period and in the bucket."""
    limits = Limits(tokens_per_minute=1000)
    decision = decide(_claim(limits, 100, 50), FRESH, 0, 0)
    assert isinstance(decision, Admitted)
    held = _claim(limits, 100, 50).held_in(decision.counters)
    for spent in (Spent(30, 10), Spent(300, 90)):
        counters = settle(decision.counters, held, spent, 1000, 0)
        assert (counters.day_request_count, counters.day_token_count) == (1, spent.tokens_count)
        assert (counters.period_token_count, counters.period_cost_nano) == spent
        assert counters.tokens.left(1000) == 1000 - spent.tokens_count


def test_it_is_settled_where_it_was_reserved() -> None:
    """A stream over midnight: yesterday pays for it, and today is not told."""
    today = FRESH.on(_moment("2025-06-02", "2025-06")).add(Spent(500, 40))
    counters = settle(today, Held(Spent(100, 50), "2025-06-01", "2025-06"), Spent(30, 10), None, 0)
    assert counters.day_token_count == 500
    assert (counters.period_token_count, counters.period_cost_nano) == (430, 0)
    july = FRESH.on(_moment("2025-07-01", "2025-07")).add(Spent(500, 40))
    assert settle(july, Held(Spent(100, 50), "2025-06-30", "2025-06"), NOTHING, None, 0) == july


def test_what_a_request_may_use_is_reserved() -> None:
    """Its input and the bound that it states of its answer; else the key's own guess."""
    assert reserve(NO_LIMITS, 100, 50, PRICE) == Spent(150, 200)
    assert reserve(Limits(output_reserve_count=10), 100, None, PRICE) == Spent(110, 120)
    assert reserve(NO_LIMITS, 100, 50, None) == Spent(150, 0)
    assert reserve(NO_LIMITS, 100, 50, PRICE, 3) == Spent(250, 400)
    assert reserve(Limits(output_reserve_count=10), 100, None, PRICE, 3) == Spent(130, 160)


def test_a_guess_alone_refuses_nobody() -> None:
    """4,096 tokens that the request never asked for are no reason; what it states itself is."""
    limits = Limits(tokens_per_day=1000, tokens_per_minute=500)
    assert reserve(limits, 100, None, None).tokens_count == 500
    assert reserve(limits, 600, None, None).tokens_count == 600
    assert reserve(limits, 100, None, None, 3).tokens_count == 500
    assert reserve(limits, 100, 4096, None).tokens_count == 4196
    money = _budget(1000, Unit.NANO_DOLLARS)
    assert reserve(money, 100, None, PRICE) == Spent(4196, 1000)
    assert reserve(money, 2000, None, PRICE).cost_nano == 2000
    assert reserve(_budget(300), 100, None, PRICE).tokens_count == 300


def test_limits_know_themselves() -> None:
    """Whether there are any, and any that outlast a restart."""
    assert not NO_LIMITS.is_any
    assert Limits(concurrent_max=1).is_any
    assert not Limits(concurrent_max=1, tokens_per_minute=5).is_lasting
    assert Limits(tokens_per_day=5).is_lasting
    assert (_budget(5).budget_tokens, _budget(5).budget_nano) == (5, None)
    money = _budget(5, Unit.NANO_DOLLARS)
    assert (money.budget_tokens, money.budget_nano) == (None, 5)
