"""What an API key may use and what it has used: decided and counted, all limits at once.

Rules of this file:
- All limits are read first; then everything is counted, or nothing.
- A minute is a bucket: as much at once as the limit says, and it fills again evenly. A day, and the
  period of a budget, is one of the calendar in the key's zone.
- All are whole numbers, so that every store counts the same.
- A request reserves what it may use at most, and is settled in the period in which it reserved.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from cursor_api.domain.periods import Moment, Period, Unit
from cursor_api.domain.price import Price
from cursor_api.domain.value import Value

MINUTE_MS = 60_000
# What is reserved for an answer whose request does not bound it.
OUTPUT_RESERVE = 4096
# When to come back for a place among the requests at once: some answers end each second.
CONCURRENT_WAIT_S = 1.0


class Budget(NamedTuple):
    """So much in each period of the calendar. Money is in billionths of a dollar."""

    amount: int
    unit: Unit
    period: Period


class Limits(Value, frozen=True):
    """What one key may use; None where it is not limited. Each is above 0.

    `output_reserve_count` is what is reserved for an answer whose request does not bound it.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None
    concurrent_max: int | None = None
    budget: Budget | None = None
    output_reserve_count: int = OUTPUT_RESERVE

    @property
    def is_any(self) -> bool:
        """Whether there is a limit at all."""
        return not (
            self.requests_per_minute is None
            and self.tokens_per_minute is None
            and self.requests_per_day is None
            and self.tokens_per_day is None
            and self.concurrent_max is None
            and self.budget is None
        )

    @property
    def is_lasting(self) -> bool:
        """Whether one of them counts for longer than a minute, so that a restart has to know."""
        return not (
            self.requests_per_day is None and self.tokens_per_day is None and self.budget is None
        )

    @property
    def budget_nano(self) -> int | None:
        """The budget, where it is one of money."""
        budget = self.budget
        return budget.amount if budget and budget.unit is Unit.NANO_DOLLARS else None

    @property
    def budget_tokens(self) -> int | None:
        """The budget, where it is one of tokens."""
        budget = self.budget
        return budget.amount if budget and budget.unit is Unit.TOKENS else None


NO_LIMITS = Limits()


class Limit(enum.Enum):
    """Which of a key's limits is meant."""

    REQUESTS_PER_MINUTE = "requests_per_minute"
    TOKENS_PER_MINUTE = "tokens_per_minute"
    REQUESTS_PER_DAY = "requests_per_day"
    TOKENS_PER_DAY = "tokens_per_day"
    CONCURRENT = "concurrent_max"
    BUDGET = "budget"


class Spent(NamedTuple):
    """What a request uses, or is expected to use at most. `cost_nano` is 0 without a price."""

    tokens_count: int = 0
    cost_nano: int = 0


NOTHING = Spent()


def reserve(
    limits: Limits,
    input_count: int,
    output_max: int | None,
    price: Price | None,
    answers_count: int = 1,
) -> Spent:
    """What a request may use at most. `output_max` is the request's own bound of each answer.

    Where it has none, what is reserved for the answer is a guess, which alone never goes beyond a
    limit: else our guess would refuse what would have fitted.
    """
    output_count = limits.output_reserve_count if output_max is None else output_max
    output_count *= answers_count
    tokens_count = input_count + output_count
    cost_nano = price.cost_max(input_count, output_count) if price else 0
    if output_max is None:
        bounds = (limits.tokens_per_minute, limits.tokens_per_day, limits.budget_tokens)
        tokens_max = min((one for one in bounds if one is not None), default=tokens_count)
        tokens_count = max(input_count, min(tokens_count, tokens_max))
        if price and limits.budget_nano is not None:
            cost_min = price.cost_max(input_count, 0)
            cost_nano = max(cost_min, min(cost_nano, limits.budget_nano))
    return Spent(tokens_count, cost_nano)


class Claim(NamedTuple):
    """A request that wants in, at a moment. The id is the request's: it claims once."""

    key_id: str
    request_id: str
    limits: Limits
    reserved: Spent
    moment: Moment

    @property
    def period(self) -> str:
        """The name of the period that it wants to count in; "" where there is none."""
        return self.moment.period.name if self.moment.period else ""

    def held_in(self, counters: Counters) -> Held:
        """What is kept of it until it is settled: in the day and the period that it counts in.

        They may be later than its own, which are by the clock of its node.
        """
        return Held(self.reserved, counters.day, counters.period)


class Held(NamedTuple):
    """What a request has reserved, and in which periods."""

    reserved: Spent
    day: str
    period: str


class Bucket(Value, frozen=True):
    """What was taken within the last minute and has not been filled again.

    `taken` is in 60,000ths: a limit of N a minute fills N of them in each millisecond. `at_ms` is
    by the clock of the store.
    """

    taken: int = 0
    at_ms: int = 0

    def filled(self, limit: int, now_ms: int) -> Bucket:
        """As it is now."""
        elapsed_ms = max(0, now_ms - self.at_ms)
        return Bucket(max(0, self.taken - elapsed_ms * limit), max(now_ms, self.at_ms))

    def take(self, count: int) -> Bucket:
        """With so much more taken, or less where it is negative."""
        return Bucket(max(0, self.taken + count * MINUTE_MS), self.at_ms)

    def wait_ms(self, limit: int) -> int:
        """How long until no more than the limit is taken: 0 when that is so."""
        return max(0, -(-(self.taken - limit * MINUTE_MS) // limit))

    def left(self, limit: int) -> int:
        """How much can be taken at once."""
        return max(0, limit - -(-self.taken // MINUTE_MS))


EMPTY = Bucket()


class Counters(NamedTuple):
    """What one key has used. `day` and `period` are the names of those that are counted."""

    requests: Bucket = EMPTY
    tokens: Bucket = EMPTY
    day: str = ""
    day_request_count: int = 0
    day_token_count: int = 0
    period: str = ""
    period_token_count: int = 0
    period_cost_nano: int = 0

    def on(self, moment: Moment) -> Counters:
        """The same in the day and the period of this moment: a later one begins at 0.

        An earlier one, after a clock was set back, is counted with the one that had begun.
        """
        counters, day = self, moment.day.name
        period = moment.period.name if moment.period else ""
        if day > self.day:
            counters = counters._replace(day=day, day_request_count=0, day_token_count=0)
        # Of another length is another kind of period.
        if len(period) != len(self.period) or period > self.period:
            counters = counters._replace(period=period, period_token_count=0, period_cost_nano=0)
        return counters

    def add(self, spent: Spent, requests_count: int = 0) -> Counters:
        """With so much more in the day and in the period; the buckets stay."""
        return self._replace(
            day_request_count=self.day_request_count + requests_count,
            day_token_count=self.day_token_count + spent.tokens_count,
            period_token_count=self.period_token_count + spent.tokens_count,
            period_cost_nano=self.period_cost_nano + spent.cost_nano,
        )

    def filled(self, limits: Limits, now_ms: int) -> Counters:
        """With both buckets as they are now."""
        requests, tokens = self.requests, self.tokens
        if limits.requests_per_minute is not None:
            requests = requests.filled(limits.requests_per_minute, now_ms)
        if limits.tokens_per_minute is not None:
            tokens = tokens.filled(limits.tokens_per_minute, now_ms)
        return self._replace(requests=requests, tokens=tokens)


class Admitted(NamedTuple):
    """Let in, and counted; `counters` are those with it."""

    counters: Counters


class Refused(NamedTuple):
    """Not let in, and nothing was counted.

    `wait_s` is how long until this limit lets it in; None: it is beyond the limit by itself.
    """

    limit: Limit
    wait_s: float | None


class Unknown(NamedTuple):
    """Nothing is known of what the key has used: the store wants to be told first."""


def decide(claim: Claim, counters: Counters, live_count: int, now_ms: int) -> Admitted | Refused:
    """Whether the request is let in, beside `live_count` others of its key.

    Of several limits that are in its way, the budget is named, else what lasts longest.
    """
    limits, reserved = claim.limits, claim.reserved
    before = counters.on(claim.moment).filled(limits, now_ms)
    after = before.add(reserved, 1)._replace(
        requests=before.requests.take(1 if limits.requests_per_minute is not None else 0),
        tokens=before.tokens.take(
            reserved.tokens_count if limits.tokens_per_minute is not None else 0
        ),
    )
    refusals = [
        *_beyond_minute(limits, after, reserved),
        *_beyond_day(claim, after),
        *_beyond_budget(claim, after),
    ]
    if limits.concurrent_max is not None and live_count >= limits.concurrent_max:
        refusals.append(Refused(Limit.CONCURRENT, CONCURRENT_WAIT_S))
    if not refusals:
        return Admitted(after)
    return max(refusals, key=_weight)


def settle(
    counters: Counters, held: Held, spent: Spent, tokens_per_minute: int | None, now_ms: int
) -> Counters:
    """With what was spent in the place of what was reserved."""
    tokens_count = spent.tokens_count - held.reserved.tokens_count
    cost_nano = spent.cost_nano - held.reserved.cost_nano
    if tokens_per_minute is not None:
        bucket = counters.tokens.filled(tokens_per_minute, now_ms).take(tokens_count)
        counters = counters._replace(tokens=bucket)
    # What a period had that is over is counted with it, and nobody asks for it any more.
    if held.day == counters.day:
        counters = counters._replace(day_token_count=counters.day_token_count + tokens_count)
    if held.period == counters.period:
        counters = counters._replace(
            period_token_count=counters.period_token_count + tokens_count,
            period_cost_nano=counters.period_cost_nano + cost_nano,
        )
    return counters


def _weight(refused: Refused) -> tuple[bool, bool, float]:
    return refused.limit is Limit.BUDGET, refused.wait_s is None, refused.wait_s or 0.0


def _beyond_minute(limits: Limits, after: Counters, reserved: Spent) -> list[Refused]:
    refusals = []
    if limits.requests_per_minute is not None:
        wait_ms = after.requests.wait_ms(limits.requests_per_minute)
        if wait_ms:
            refusals.append(Refused(Limit.REQUESTS_PER_MINUTE, wait_ms / 1000))
    if limits.tokens_per_minute is not None:
        wait_ms = after.tokens.wait_ms(limits.tokens_per_minute)
        if wait_ms:
            is_ever = reserved.tokens_count <= limits.tokens_per_minute
            refusals.append(Refused(Limit.TOKENS_PER_MINUTE, wait_ms / 1000 if is_ever else None))
    return refusals


def _beyond_day(claim: Claim, after: Counters) -> list[Refused]:
    limits, wait_s = claim.limits, claim.moment.day.ends_at - claim.moment.at
    refusals = []
    requests_max, tokens_max = limits.requests_per_day, limits.tokens_per_day
    if requests_max is not None and after.day_request_count > requests_max:
        refusals.append(Refused(Limit.REQUESTS_PER_DAY, wait_s))
    if tokens_max is not None and after.day_token_count > tokens_max:
        is_ever = claim.reserved.tokens_count <= tokens_max
        refusals.append(Refused(Limit.TOKENS_PER_DAY, wait_s if is_ever else None))
    return refusals


def _beyond_budget(claim: Claim, after: Counters) -> list[Refused]:
    budget, period = claim.limits.budget, claim.moment.period
    if budget is None or period is None:
        return []
    if budget.unit is Unit.TOKENS:
        used, alone = after.period_token_count, claim.reserved.tokens_count
    else:
        used, alone = after.period_cost_nano, claim.reserved.cost_nano
    if used <= budget.amount:
        return []
    wait_s = period.ends_at - claim.moment.at
    return [Refused(Limit.BUDGET, wait_s if alone <= budget.amount else None)]
