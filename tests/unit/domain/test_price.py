"""What tokens cost, and which price holds."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.catalog import Route
from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.domain.price import Price, PriceList, fits

DOLLAR = 1_000_000_000
DAY = dt.date(2025, 1, 1)
NOON = dt.datetime(2025, 6, 1, 12, tzinfo=dt.UTC).timestamp()
PLAIN = Price("m", DAY, 3 * DOLLAR, 15 * DOLLAR, "a price list")


def _usage(given_in: int, out: int, read: int = 0, written: int = 0) -> Usage:
    return Usage(given_in, out, UsageSource.UPSTREAM, read, written)


def test_a_million_tokens_cost_the_price() -> None:
    """Input and output each at its own."""
    assert PLAIN.cost(_usage(1_000_000, 1_000_000)) == 18 * DOLLAR
    assert PLAIN.cost(_usage(0, 0)) == 0


def test_the_cache_has_prices_of_its_own() -> None:
    """Of 1,000,000 tokens half came from the cache and a quarter went into it."""
    cached = PLAIN._replace(cache_read_nano=DOLLAR, cache_written_nano=4 * DOLLAR)
    usage = _usage(1_000_000, 0, 500_000, 250_000)
    assert cached.cost(usage) == (3 * 0.25 + 1 * 0.5 + 4 * 0.25) * DOLLAR
    assert PLAIN.cost(usage) == 3 * DOLLAR


def test_a_part_of_a_nano_dollar_is_a_whole_one() -> None:
    """Whoever counts whole numbers rounds; never to nothing."""
    assert Price("m", DAY, 18_750_000, 0, "x").cost(_usage(1, 0)) == 19
    assert Price("m", DAY, 1, 0, "x").cost(_usage(1, 0)) == 1


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_what_is_reserved_is_enough(fresh: int, read: int, written: int, out: int) -> None:
    """However much of the input the cache takes or gives, it costs no more than the most."""
    price = PLAIN._replace(cache_read_nano=DOLLAR, cache_written_nano=4 * DOLLAR)
    usage = _usage(fresh + read + written, out, read, written)
    assert price.cost(usage) <= price.cost_max(usage.input_count, out)


def test_the_nearest_price_holds() -> None:
    """A name before a pattern, a longer pattern before a shorter one, an upstream's before all."""
    prices = {
        pattern: PLAIN._replace(pattern=pattern)
        for pattern in ("*", "gpt-*", "gpt-4o-*", "gpt-4o-mini", "work/gpt-4o-mini")
    }
    found = PriceList(prices.values())
    for endpoint, model, pattern in (
        ("work", "gpt-4o-mini", "work/gpt-4o-mini"),
        ("home", "gpt-4o-mini", "gpt-4o-mini"),
        ("home", "gpt-4o-nano", "gpt-4o-*"),
        ("home", "gpt-5", "gpt-*"),
        ("home", "claude", "*"),
    ):
        assert found.find(Route(endpoint, model), NOON) == prices[pattern]


def test_what_nobody_priced_is_unknown() -> None:
    """It is never free."""
    assert PriceList([PLAIN]).find(Route("work", "other"), NOON) is None
    assert PriceList().find(Route("work", "m"), NOON) is None


def test_a_price_holds_from_its_day_on() -> None:
    """Before its first day the one before it does, and before that none."""
    later = PLAIN._replace(valid_from=dt.date(2025, 6, 2), input_nano=1)
    prices = PriceList([later, PLAIN])
    route = Route("work", "m")
    assert prices.find(route, NOON) == PLAIN
    assert prices.find(route, NOON + 86_400) == later
    assert prices.find(route, 0.0) is None


@pytest.mark.parametrize(
    ("pattern", "name", "is_fit"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-*", "gpt-4o", True),
        ("gpt-*", "gpt-", True),
        ("*-mini", "gpt-4o-mini", True),
        ("*4*mini*", "gpt-4o-mini", True),
        ("a*a", "a", False),
        ("a*b*c", "acb", False),
        ("*", "", True),
        ("gpt.4", "gpt-4", False),
        ("[ab]*", "a", False),
    ],
)
def test_a_star_stands_for_any_text(pattern: str, name: str, *, is_fit: bool) -> None:
    """And nothing else stands for anything but itself."""
    assert fits(pattern, name) is is_fit


def test_a_hostile_name_costs_no_time() -> None:
    """Twenty stars and a name made for them: steps add up, they do not multiply."""
    assert not fits("*a" * 20 + "*b", "a" * 100_000)
