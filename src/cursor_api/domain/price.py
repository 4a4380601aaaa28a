"""What tokens cost: data with a date and a source. A price that nobody stated is unknown, not 0."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cursor_api.domain.catalog import ANY, Route
from cursor_api.domain.deltas import Usage

TOKENS_PER_PRICE = 1_000_000


class Price(NamedTuple):
    """Prices of a model's tokens, in whole nano-dollars (billionths) for a million of them.

    `pattern` is a model's name, or `upstream/model` for that way to it alone; a `*` stands for any
    text. They hold from the beginning of the day `valid_from`, in UTC, until a later one holds.
    `source` is where the figures come from. Tokens from the cache and those written into it cost
    what input costs where there is no price of their own.
    """

    pattern: str
    valid_from: dt.date
    input_nano: int
    output_nano: int
    source: str
    cache_read_nano: int | None = None
    cache_written_nano: int | None = None

    def cost(self, usage: Usage) -> int:
        """What they cost together, in nano-dollars, rounded up."""
        read, written = self.cache_read_nano, self.cache_written_nano
        cached_count = usage.cache_read_count + usage.cache_written_count
        fresh_count = max(0, usage.input_count - cached_count)
        total = (
            fresh_count * self.input_nano
            + usage.cache_read_count * (self.input_nano if read is None else read)
            + usage.cache_written_count * (self.input_nano if written is None else written)
            + usage.output_count * self.output_nano
        )
        return _per_token(total)

    def cost_max(self, input_count: int, output_count: int) -> int:
        """What so many tokens cost at most, whichever of the input the cache takes in."""
        input_nano = max(self.input_nano, self.cache_written_nano or 0, self.cache_read_nano or 0)
        return _per_token(input_count * input_nano + output_count * self.output_nano)


class PriceList:
    """All prices there are; finds the one that holds."""

    def __init__(self, prices: Iterable[Price] = ()) -> None:
        # The nearest first: a name before a pattern, what says more before what says less, and
        # the later before the earlier.
        self.prices: Sequence[Price] = sorted(
            prices,
            key=lambda one: (ANY not in one.pattern, len(one.pattern), one.valid_from),
            reverse=True,
        )
        self._find = functools.lru_cache(maxsize=4096)(self._look_for)

    def __repr__(self) -> str:
        return f"PriceList({len(self.prices)})"

    def find(self, route: Route, at: float) -> Price | None:
        """The price of a model at its endpoint, at this instant; None: it is unknown."""
        if not self.prices:
            return None
        return self._find(route, int(at // 86_400))

    def _look_for(self, route: Route, day_number: int) -> Price | None:
        day = dt.date(1970, 1, 1) + dt.timedelta(days=day_number)
        names = (f"{route.endpoint}/{route.model}", route.model)
        for price in self.prices:
            if price.valid_from <= day and any(fits(price.pattern, name) for name in names):
                return price
        return None


def fits(pattern: str, name: str) -> bool:
    """Whether this is the name, each `*` of the pattern standing for any text."""
    if ANY not in pattern:
        return pattern == name
    before, *between, after = pattern.split(ANY)
    end = len(name) - len(after)
    if len(before) > end or not name.startswith(before) or not name.endswith(after):
        return False
    start = len(before)
    # The first place of each is as good as any other.
    for text in between:
        found = name.find(text, start, end)
        if found < 0:
            return False
        start = found + len(text)
    return True


def _per_token(total: int) -> int:
    return -(-total // TOKENS_PER_PRICE)
