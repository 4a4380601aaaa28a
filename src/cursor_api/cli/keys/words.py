"""What API keys and prices come to, in words: limits, budgets and times."""

from __future__ import annotations

import datetime as dt
from typing import Final

from cursor_api.cli.keys.amounts import NO_LIMIT
from cursor_api.cli.terminal.display import format_instant, plain
from cursor_api.cli.terminal.language import say
from cursor_api.domain.periods import Unit
from cursor_api.domain.quota import Budget, Limit, Limits
from cursor_api.domain.standing import Left, Standing
from cursor_api.web.management.key_shapes import dollars_of

# What a running gateway counts, and nobody else.
_OF_A_MINUTE: Final = frozenset({Limit.REQUESTS_PER_MINUTE, Limit.TOKENS_PER_MINUTE})


def limits_in_words(limits: Limits) -> str:
    """All of them in one line; `none` where there is none."""
    named = (
        (limits.requests_per_minute, "requests/min"),
        (limits.tokens_per_minute, "tokens/min"),
        (limits.requests_per_day, "requests/day"),
        (limits.tokens_per_day, "tokens/day"),
        (limits.concurrent_max, "at once"),
    )
    words = [f"{amount:,} {say(unit)}" for amount, unit in named if amount is not None]
    if limits.budget is not None:
        words.append(budget_in_words(limits.budget))
    return say(", ").join(words) or say(NO_LIMIT)


def budget_in_words(limit: Budget) -> str:
    """`$20 a month`, `5,000,000 tokens a day`."""
    is_money = limit.unit is Unit.NANO_DOLLARS
    amount = money(limit.amount) if is_money else say("{count:,} tokens", count=limit.amount)
    return say("{amount} a {period}", amount=amount, period=say(limit.period.value))


def money(nano: int) -> str:
    """Dollars, in as few digits as it takes."""
    return f"${dollars_of(nano):,f}"


def standing_in_words(standing: Standing) -> dict[str, str]:
    """What is left of each limit that lasts longer than a minute, by its name."""
    lasting = (one for one in standing.lefts if one.limit not in _OF_A_MINUTE)
    return {one.limit.value: _left_in_words(one) for one in lasting}


def _left_in_words(left: Left) -> str:
    is_money = left.limit is Limit.BUDGET and left.unit == Unit.NANO_DOLLARS.value
    amount, rest = (
        (money(left.amount), money(left.left_count))
        if is_money
        else (f"{left.amount:,}", f"{left.left_count:,} {say(left.unit)}")
    )
    return say("{rest} left of {amount}", rest=rest, amount=amount)


def instant_in_words(at: float | None, absent: str) -> str:
    """An instant with its distance from now."""
    if at is None:
        return absent
    return format_instant(dt.datetime.fromtimestamp(at, dt.UTC), dt.datetime.now(dt.UTC))


def text_in_words(text: str) -> str:
    """Somebody's words, safe for a terminal."""
    return plain(text) or "-"
