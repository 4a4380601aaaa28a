"""Amounts, budgets and times as they are typed."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from cursor_api.cli.keys import amounts as key_amounts
from cursor_api.cli.keys.amounts import Amount, BudgetAmount, Expiry
from cursor_api.domain.periods import Unit


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (key_amounts.count, "500", Amount(500)),
        (key_amounts.count, "40k", Amount(40_000)),
        (key_amounts.count, "2M", Amount(2_000_000)),
        (key_amounts.count, "none", Amount(None)),
        (key_amounts.budget, "20usd", BudgetAmount(20_000_000_000, Unit.NANO_DOLLARS)),
        (key_amounts.budget, "0.5USD", BudgetAmount(500_000_000, Unit.NANO_DOLLARS)),
        (key_amounts.budget, "1.5Mtokens", BudgetAmount(1_500_000, Unit.TOKENS)),
        (key_amounts.budget, "none", BudgetAmount(None)),
        (key_amounts.span, "12h", 43_200.0),
        (key_amounts.span, "2w", 1_209_600.0),
        (key_amounts.expiry, "never", Expiry()),
        (key_amounts.expiry, "90d", Expiry(span_s=7_776_000.0)),
        (key_amounts.expiry, "2027-01-31T00:00:00+00:00", Expiry(at=1_801_353_600.0)),
        (key_amounts.day, "2027-01-31", dt.date(2027, 1, 31)),
        (key_amounts.price, "2.50", 2_500_000_000),
        (key_amounts.price, "$0.075", 75_000_000),
        (key_amounts.price, "0", 0),
    ],
)
def test_what_is_typed_is_read(read: Callable[[str], Any], text: str, value: Any) -> None:
    """With the endings that people use."""
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (key_amounts.count, "-1"),
        (key_amounts.count, "1.5k"),
        (key_amounts.count, "many"),
        (key_amounts.budget, "20"),
        (key_amounts.budget, "20eur"),
        (key_amounts.budget, "0.5tokens"),
        (key_amounts.span, "24"),
        (key_amounts.span, "1y"),
        (key_amounts.expiry, "soon"),
        (key_amounts.day, "31.1.2027"),
        (key_amounts.price, "-1"),
        (key_amounts.price, "1e9"),
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
