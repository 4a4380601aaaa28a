"""How an API key stands: what is left of each of its limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cursor_api.domain.periods import Moment, Unit
from cursor_api.domain.quota import Bucket, Counters, Limit, Limits
from cursor_api.domain.value import Value


class Left(Value, frozen=True):
    """One limit. `unit` is what it counts: requests, tokens or nano_dollars.

    `left_count` is 0 where more than all is used. `reset_s` is how long until all is there again.
    """

    limit: Limit
    unit: str
    amount: int
    left_count: int
    reset_s: float


class Standing(Value, frozen=True):
    """All limits of a key, as they were at this instant, in unix seconds."""

    lefts: tuple[Left, ...]
    at: float

    @property
    def requests(self) -> Left | None:
        """The limit of requests of which the least is left."""
        return _nearest(one for one in self.lefts if one.unit == "requests")

    @property
    def tokens(self) -> Left | None:
        """The limit of tokens of which the least is left."""
        return _nearest(one for one in self.lefts if one.unit == "tokens")


def find_standing(limits: Limits, counters: Counters, moment: Moment) -> Standing:
    """What is left now. The buckets of the counters are those of now (`Counters.filled`)."""
    counters = counters.on(moment)
    lefts = (*_lasting(limits, counters, moment), *_of_minute(limits, counters))
    return Standing(lefts, moment.at)


def _of_minute(limits: Limits, counters: Counters) -> Iterator[Left]:
    if limits.requests_per_minute is not None:
        yield _bucket(
            Limit.REQUESTS_PER_MINUTE, "requests", limits.requests_per_minute, counters.requests
        )
    if limits.tokens_per_minute is not None:
        yield _bucket(Limit.TOKENS_PER_MINUTE, "tokens", limits.tokens_per_minute, counters.tokens)


def _bucket(limit: Limit, unit: str, amount: int, bucket: Bucket) -> Left:
    return Left(limit, unit, amount, bucket.left(amount), bucket.taken / amount / 1000)


def _lasting(limits: Limits, counters: Counters, moment: Moment) -> Iterator[Left]:
    day_s = moment.day.ends_at - moment.at
    if (amount := limits.requests_per_day) is not None:
        left_count = max(0, amount - counters.day_request_count)
        yield Left(Limit.REQUESTS_PER_DAY, "requests", amount, left_count, day_s)
    if (amount := limits.tokens_per_day) is not None:
        left_count = max(0, amount - counters.day_token_count)
        yield Left(Limit.TOKENS_PER_DAY, "tokens", amount, left_count, day_s)
    budget, period = limits.budget, moment.period
    if budget is not None and period is not None:
        is_money = budget.unit is Unit.NANO_DOLLARS
        used = counters.period_cost_nano if is_money else counters.period_token_count
        left_count = max(0, budget.amount - used)
        wait_s = period.ends_at - moment.at
        yield Left(Limit.BUDGET, budget.unit.value, budget.amount, left_count, wait_s)


def _nearest(lefts: Iterable[Left]) -> Left | None:
    return min(lefts, key=lambda one: one.left_count, default=None)
