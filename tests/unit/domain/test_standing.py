"""What is left of a key's limits."""

from __future__ import annotations

from cursor_api.domain.periods import Moment, Period, Span, Unit
from cursor_api.domain.quota import Bucket, Budget, Counters, Limit, Limits
from cursor_api.domain.standing import Left, find_standing

DAY, MONTH = Span("2025-06-01", 0.0, 1000.0), Span("2025-06", 0.0, 5000.0)
NOW = Moment(400.0, DAY, MONTH)
LIMITS = Limits(
    requests_per_minute=60,
    tokens_per_minute=6000,
    requests_per_day=100,
    tokens_per_day=50_000,
    budget=Budget(9000, Unit.NANO_DOLLARS, Period.MONTH),
)
COUNTERS = Counters(
    requests=Bucket(30 * 60_000),
    tokens=Bucket(6000 * 60_000 + 1),
    day="2025-06-01",
    day_request_count=80,
    day_token_count=51_000,
    period="2025-06",
    period_token_count=70_000,
    period_cost_nano=4000,
)


def test_each_limit_says_what_is_left_and_when_all_is_back() -> None:
    """A bucket fills again evenly; a day and a month end."""
    assert {one.limit: one for one in find_standing(LIMITS, COUNTERS, NOW).lefts} == {
        Limit.REQUESTS_PER_MINUTE: Left(Limit.REQUESTS_PER_MINUTE, "requests", 60, 30, 30.0),
        Limit.TOKENS_PER_MINUTE: Left(
            Limit.TOKENS_PER_MINUTE, "tokens", 6000, 0, (6000 * 60_000 + 1) / 6000 / 1000
        ),
        Limit.REQUESTS_PER_DAY: Left(Limit.REQUESTS_PER_DAY, "requests", 100, 20, 600.0),
        Limit.TOKENS_PER_DAY: Left(Limit.TOKENS_PER_DAY, "tokens", 50_000, 0, 600.0),
        Limit.BUDGET: Left(Limit.BUDGET, "nano_dollars", 9000, 5000, 4600.0),
    }


def test_what_is_nearest_to_its_end_stands_for_all() -> None:
    """Headers have room for one limit of requests and one of tokens."""
    standing = find_standing(LIMITS, COUNTERS, NOW)
    assert standing.requests is not None
    assert standing.requests.limit is Limit.REQUESTS_PER_DAY
    assert standing.tokens is not None
    assert standing.tokens.left_count == 0


def test_without_limits_nothing_is_said() -> None:
    """And a budget of money is no limit of tokens."""
    nothing = find_standing(Limits(), COUNTERS, NOW)
    assert (nothing.lefts, nothing.requests, nothing.tokens) == ((), None, None)
    money = find_standing(Limits(budget=LIMITS.budget), COUNTERS, NOW)
    assert (money.requests, money.tokens) == (None, None)


def test_a_budget_of_tokens_is_one_of_the_limits_of_tokens() -> None:
    """It may be the nearest."""
    limits = Limits(tokens_per_day=200_000, budget=Budget(70_001, Unit.TOKENS, Period.MONTH))
    nearest = find_standing(limits, COUNTERS, NOW).tokens
    assert nearest == Left(Limit.BUDGET, "tokens", 70_001, 1, 4600.0)


def test_a_new_day_begins_with_all_of_it() -> None:
    """Counters of yesterday say nothing of today."""
    today = Moment(1500.0, Span("2025-06-02", 1000.0, 2000.0), MONTH)
    left = find_standing(Limits(requests_per_day=100), COUNTERS, today).lefts[0]
    assert (left.left_count, left.reset_s) == (100, 500.0)
