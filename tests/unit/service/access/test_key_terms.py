"""What may be said of a key, and what is said of what may not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from cursor_api.domain.api_key import ID_FORM, KeyTerms
from cursor_api.domain.errors import Fault
from cursor_api.domain.periods import Period, Unit
from cursor_api.domain.price import Price
from cursor_api.domain.quota import Budget, Limits
from cursor_api.service.access.key_terms import (
    COUNT_MAX,
    check_id,
    check_price,
    check_terms,
    derive_id,
)

NOW = 1000.0
TERMS = KeyTerms("Alice", "alice@example.org", "her laptop", models=("gpt-*",), expires_at=1001.0)
PRICE = Price("gpt-*", dt.date(2025, 1, 1), 0, 1, "the maker's page", 2, 3)


def _limits(**limits: Any) -> dict[str, Any]:
    return {"limits": Limits(**limits)}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"owner": "\u202e"}, "owner"),
        ({"note": "x" * 1001}, "note"),
        ({"models": ("",)}, "models"),
        ({"models": ("a b",)}, "models"),
        ({"models": ("*" * 9,)}, "models"),
        ({"models": ("m",) * 101}, "models"),
        ({"zone": "Mars/Olympus"}, "time_zone"),
        ({"expires_at": 1000.0}, "expires_at"),
        ({"expires_at": float("nan")}, "expires_at"),
        ({"expires_at": 1e11}, "expires_at"),
        (_limits(requests_per_minute=0), "limits.requests_per_minute"),
        (_limits(tokens_per_minute=-5), "limits.tokens_per_minute"),
        (_limits(requests_per_day=COUNT_MAX + 1), "limits.requests_per_day"),
        (_limits(tokens_per_day=0), "limits.tokens_per_day"),
        (_limits(concurrent_max=100_001), "limits.concurrent_max"),
        (_limits(output_reserve_count=0), "limits.output_reserve_count"),
        (_limits(budget=Budget(0, Unit.TOKENS, Period.DAY)), "limits.budget.amount"),
    ],
)
def test_each_wrong_part_is_named(change: dict[str, Any], param: str) -> None:
    """With its field, so that a form can show it there."""
    with pytest.raises(Fault) as caught:
        check_terms(TERMS._replace(**change), NOW)
    assert caught.value.param == param
    assert caught.value.message.startswith(f"'{param}' ")
    assert caught.value.code == "invalid_value"


def test_what_is_right_passes() -> None:
    """The largest counts that every store counts exactly, too."""
    check_terms(TERMS, NOW)
    limits = Limits(COUNT_MAX, COUNT_MAX, COUNT_MAX, COUNT_MAX, 100_000)
    check_terms(TERMS._replace(limits=limits, expires_at=None), NOW)
    assert COUNT_MAX * 60_000 < 2**53


@pytest.mark.parametrize("key_id", ["", "Alice", "a b", "operator", "client-1", "x" * 65])
def test_not_everything_is_an_id(key_id: str) -> None:
    """Plain names that no other caller has."""
    with pytest.raises(Fault) as caught:
        check_id(key_id)
    assert caught.value.param == "id"


@pytest.mark.parametrize(
    ("name", "key_id"),
    [
        ("Alice's laptop", "alice-s-laptop"),
        ("alice", "alice-3"),
        ("笔记本", "key"),
        ("operator", "operator-2"),
        ("client-7", "client-7-2"),
        ("--", "key"),
        ("x" * 99, "x" * 48),
    ],
)
def test_an_id_is_like_the_name(name: str, key_id: str) -> None:
    """And free."""
    found = derive_id(name, {"alice", "alice-2"})
    assert found == key_id
    assert ID_FORM.fullmatch(found)
    check_id(found)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"pattern": "a b"}, "model"),
        ({"source": ""}, "source"),
        ({"source": "a\tb"}, "source"),
        ({"valid_from": dt.date(1999, 12, 31)}, "valid_from"),
        ({"input_nano": -1}, "input_nano"),
        ({"cache_read_nano": 10**16}, "cache_read_nano"),
    ],
)
def test_a_wrong_part_of_a_price_is_named(change: dict[str, Any], param: str) -> None:
    """A price of 0 is one, too: who enters it means it."""
    check_price(PRICE)
    with pytest.raises(Fault) as caught:
        check_price(PRICE._replace(**change))
    assert caught.value.param == param
