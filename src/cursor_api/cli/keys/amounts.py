"""What is typed of API keys and prices, read: amounts, budgets and times.

Rule of this file: every start of the command loads it, so it needs nothing but the standard library
and the domain.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
from decimal import Decimal
from typing import Final, NamedTuple

from cursor_api.cli.terminal.language import say
from cursor_api.domain.periods import NANO_PER_DOLLAR, Unit

NO_LIMIT: Final = "none"
NEVER: Final = "never"
_UNITS: Final = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_COUNT: Final = re.compile(r"(\d{1,15})([kmg]?)", re.IGNORECASE)
_BUDGET: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)([kmg]?)(usd|tokens)", re.IGNORECASE)
_SPAN: Final = re.compile(r"(\d{1,6})([smhdw])")
_SPAN_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DECIMAL: Final = re.compile(r"\$?(\d{1,7}(?:\.\d{1,9})?)")


class Amount(NamedTuple):
    """What a limit is set to; None takes it away."""

    value: int | None


class BudgetAmount(NamedTuple):
    """What a budget is set to; None takes it away."""

    amount: int | None
    unit: Unit = Unit.TOKENS


class Expiry(NamedTuple):
    """When a key ends, from now or as an instant; both None: never."""

    span_s: float | None = None
    at: float | None = None

    def find(self, now: float) -> float | None:
        """In unix seconds."""
        return self.at if self.span_s is None else now + self.span_s


def count(text: str) -> Amount:
    """`500`, `40k`, `2M`, or `none`."""
    if text == NO_LIMIT:
        return Amount(None)
    found = _COUNT.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(say("give a number such as 500, 40k or 2M, or none"))
    return Amount(int(found[1]) * _UNITS[found[2].lower()])


def budget(text: str) -> BudgetAmount:
    """`20usd`, `5Mtokens`, or `none`."""
    if text == NO_LIMIT:
        return BudgetAmount(None)
    found = _BUDGET.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(say("give an amount such as 20usd or 5Mtokens, or none"))
    amount = Decimal(found[1]) * _UNITS[found[2].lower()]
    is_money = found[3].lower() == "usd"
    whole = amount * NANO_PER_DOLLAR if is_money else amount
    if whole != whole.to_integral():
        raise argparse.ArgumentTypeError(say("give a whole number of tokens"))
    return BudgetAmount(int(whole), Unit.NANO_DOLLARS if is_money else Unit.TOKENS)


def span(text: str) -> float:
    """`90d`, `12h`, `2w`; gives seconds."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(say("give a time such as 30m, 12h, 90d or 2w"))
    return float(int(found[1]) * _SPAN_S[found[2]])


def expiry(text: str) -> Expiry:
    """A span from now, a date, a date and time, or `never`. Dates are this machine's."""
    if text == NEVER:
        return Expiry()
    if _SPAN.fullmatch(text):
        return Expiry(span_s=span(text))
    try:
        return Expiry(at=dt.datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            say("give a time such as 90d, a date such as 2027-01-31, or never")
        ) from None


def day(text: str) -> dt.date:
    """A date."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(say("give a date such as 2027-01-31")) from None


def price(text: str) -> int:
    """Dollars for a million tokens; gives nano-dollars."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(say("give a price in dollars such as 2.50 or 0.075"))
    return int(Decimal(found[1]) * NANO_PER_DOLLAR)
