"""Amounts, budgets and times as they are typed and told."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from cursor_api.cli import key_words
from cursor_api.cli.key_words import Amount, BudgetAmount, Expiry
from cursor_api.domain.periods import Period
from cursor_api.domain.quota import Budget, Limit, Limits, Unit
from cursor_api.domain.standing import Left, Standing


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (key_words.count, "500", Amount(500)),
        (key_words.count, "40k", Amount(40_000)),
        (key_words.count, "2M", Amount(2_000_000)),
        (key_words.count, "none", Amount(None)),
        (key_words.budget, "20usd", BudgetAmount(20_000_000_000, Unit.NANO_DOLLARS)),
        (key_words.budget, "0.5USD", BudgetAmount(500_000_000, Unit.NANO_DOLLARS)),
        (key_words.budget, "1.5Mtokens", BudgetAmount(1_500_000, Unit.TOKENS)),
        (key_words.budget, "none", BudgetAmount(None)),
        (key_words.span, "12h", 43_200.0),
        (key_words.span, "2w", 1_209_600.0),
        (key_words.expiry, "never", Expiry()),
        (key_words.expiry, "90d", Expiry(span_s=7_776_000.0)),
        (key_words.expiry, "2027-01-31T00:00:00+00:00", Expiry(at=1_801_353_600.0)),
        (key_words.day, "2027-01-31", dt.date(2027, 1, 31)),
        (key_words.price, "2.50", 2_500_000_000),
        (key_words.price, "$0.075", 75_000_000),
        (key_words.price, "0", 0),
    ],
)
def test_what_is_typed_is_read(read: Callable[[str], Any], text: str, value: Any) -> None:
    """With the endings that people use."""
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (key_words.count, "-1"),
        (key_words.count, "1.5k"),
        (key_words.count, "many"),
        (key_words.budget, "20"),
        (key_words.budget, "20eur"),
        (key_words.budget, "0.5tokens"),
        (key_words.span, "24"),
        (key_words.span, "1y"),
        (key_words.expiry, "soon"),
        (key_words.day, "31.1.2027"),
        (key_words.price, "-1"),
        (key_words.price, "1e9"),
    ],
)
def test_what_is_meant_otherwise_is_refused(read: Callable[[str], Any], text: str) -> None:
    """In words that say what to type."""
    with pytest.raises(argparse.ArgumentTypeError, match=r"^give a"):
        read(text)


def test_an_end_is_found_from_now() -> None:
    """Or is an instant, or none."""
    assert Expiry(span_s=60.0).find(1000.0) == 1060.0
    assert Expiry(at=5.0).find(1000.0) == 5.0
    assert Expiry().find(1000.0) is None


def test_limits_are_told_in_a_line() -> None:
    """Those that there are."""
    assert key_words.limits_in_words(Limits()) == "none"
    limits = Limits(
        60, 200_000, 1000, None, 4, Budget(1_500_000_000, Unit.NANO_DOLLARS, Period.DAY)
    )
    assert key_words.limits_in_words(limits) == (
        "60 requests/min, 200,000 tokens/min, 1,000 requests/day, 4 at once, $1.5 a day"
    )
    tokens = Limits(tokens_per_day=5, budget=Budget(9000, Unit.TOKENS, Period.WEEK))
    assert key_words.limits_in_words(tokens) == "5 tokens/day, 9,000 tokens a week"


def test_what_is_left_is_told_of_what_lasts() -> None:
    """A command cannot know what a running gateway let in within the last minute."""
    standing = Standing(
        (
            Left(Limit.REQUESTS_PER_DAY, "requests", 1000, 7, 5.0),
            Left(Limit.REQUESTS_PER_MINUTE, "requests", 60, 60, 0.0),
            Left(Limit.BUDGET, "nano_dollars", 20_000_000_000, 1_250_000_000, 5.0),
        ),
        0.0,
    )
    assert key_words.standing_in_words(standing) == {
        "requests_per_day": "7 requests left of 1,000",
        "budget": "$1.25 left of $20",
    }


def test_words_of_others_act_on_no_terminal() -> None:
    """And nothing is a dash."""
    assert key_words.text_in_words("a\x1b[31m") == "a?[31m"
    assert key_words.text_in_words("") == "-"
    assert key_words.instant_in_words(None, "never") == "never"
