"""Keys and prices in JSON: money is exact, and what is absent stays."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.errors import Fault
from cursor_api.domain.periods import Period, Unit
from cursor_api.domain.price import Price
from cursor_api.domain.quota import Budget, Limits
from cursor_api.web.management.key_shapes import (
    KeyIn,
    KeyPatch,
    PriceShape,
    changed_terms,
    dollars_of,
    read_price,
    show_limits,
    show_price,
    terms_of_new,
)

MONEY = Budget(20_000_000_000, Unit.NANO_DOLLARS, Period.MONTH)
TERMS = KeyTerms(
    "Alice", "her", "note", limits=Limits(requests_per_minute=5, budget=MONEY), expires_at=9.0
)


def _patch(**change: Any) -> KeyTerms:
    return changed_terms(TERMS, msgspec.convert(change, KeyPatch))


def test_a_new_key_is_what_is_said_of_it() -> None:
    """A name alone is enough."""
    assert terms_of_new(KeyIn("Bob")) == KeyTerms("Bob")
    given = msgspec.json.decode(
        b'{"name":"Bob","models":["gpt-*"],"role":"admin","time_zone":"Asia/Tokyo",'
        b'"limits":{"tokens_per_day":5,"budget":{"period":"week","dollars":"0.5"}},'
        b'"expires_at":"2030-01-01T00:00:00+09:00"}',
        type=KeyIn,
    )
    terms = terms_of_new(given)
    assert terms.limits == Limits(
        tokens_per_day=5, budget=Budget(500_000_000, Unit.NANO_DOLLARS, Period.WEEK)
    )
    assert (terms.models, terms.zone, terms.role.value) == (("gpt-*",), "Asia/Tokyo", "admin")
    assert terms.expires_at == dt.datetime(2029, 12, 31, 15, tzinfo=dt.UTC).timestamp()


def test_what_is_absent_stays_and_null_takes_away() -> None:
    """In limits too, one by one."""
    assert _patch() == TERMS
    assert _patch(name="A.", expires_at=None) == TERMS._replace(name="A.", expires_at=None)
    assert _patch(limits={"tokens_per_day": 7}).limits == Limits(
        requests_per_minute=5, tokens_per_day=7, budget=MONEY
    )
    nothing = {"requests_per_minute": None, "budget": None}
    assert _patch(limits=nothing).limits == Limits()
    tokens = {"budget": {"period": "day", "tokens": 9}}
    assert _patch(limits=tokens).limits.budget == Budget(9, Unit.TOKENS, Period.DAY)


@pytest.mark.parametrize("budget", [{}, {"tokens": 1, "dollars": "1"}])
def test_a_budget_is_of_one_kind(budget: dict[str, Any]) -> None:
    """Tokens or money."""
    with pytest.raises(Fault) as caught:
        _patch(limits={"budget": {"period": "day", **budget}})
    assert caught.value.param == "limits.budget"


@pytest.mark.parametrize(
    "amount", ["-1", "NaN", "Infinity", "0.0000000001", "9000001", "1e999999", "-1e-999999"]
)
def test_not_every_number_is_money(amount: str) -> None:
    """Neither what is smaller than the smallest part nor what takes minutes to write out."""
    with pytest.raises(Fault) as caught:
        _patch(limits={"budget": {"period": "day", "dollars": amount}})
    assert caught.value.param == "limits.budget.dollars"


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0"),
        (20_000_000_000, "20"),
        (75_000_000, "0.075"),
        (1_000_000, "0.001"),
        (9_000_000_000_000_000, "9000000"),
    ],
)
def test_money_is_shown_in_as_few_digits_as_it_takes(nano: int, text: str) -> None:
    """And is the same when it comes back."""
    assert str(dollars_of(nano)) == text
    assert Decimal(text) * 1_000_000_000 == nano


def test_limits_are_shown_as_they_are_given() -> None:
    """In dollars, whatever counts them."""
    shown = msgspec.json.decode(msgspec.json.encode(show_limits(TERMS.limits)))
    assert shown == {
        "requests_per_minute": 5,
        "tokens_per_minute": None,
        "requests_per_day": None,
        "tokens_per_day": None,
        "concurrent_max": None,
        "budget": {"period": "month", "dollars": "20"},
        "output_reserve_count": 4096,
    }


def test_a_price_comes_back_as_it_was_given() -> None:
    """As a number or as text."""
    given = msgspec.json.decode(
        b'{"model":"gpt-*","valid_from":"2025-01-31","input":2.5,"output":"10","source":"s",'
        b'"cache_read":0}',
        type=PriceShape,
    )
    price = read_price(given)
    assert price == Price("gpt-*", dt.date(2025, 1, 31), 2_500_000_000, 10_000_000_000, "s", 0)
    assert show_price(price) == given
    with pytest.raises(Fault) as caught:
        read_price(msgspec.structs.replace(given, cache_written=Decimal(-1)))
    assert caught.value.param == "cache_written"
