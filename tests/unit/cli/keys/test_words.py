"""Amounts, budgets and times in words."""

from __future__ import annotations

from cursor_api.cli.keys import words as key_words
from cursor_api.domain.periods import Period, Unit
from cursor_api.domain.quota import Budget, Limit, Limits
from cursor_api.domain.standing import Left, Standing


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
