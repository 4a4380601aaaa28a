"""Rows of keys and prices; the contract suite sends all of them through each database."""

from __future__ import annotations

import datetime as dt

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.price import Price
from cursor_api.stores.key_rows import key_of, key_row, price_of, price_row

KEY = ApiKey("alice", b"d", "sk-ca-abcd", "Alice", 1.0, models=("gpt-*",), previous_digest=b"e")
PRICE = Price("m", dt.date(2025, 1, 31), 1, 2, "s", None, 4)


def test_a_row_is_its_key_again() -> None:
    """Databases may give bytes as a view of them."""
    row = key_row(KEY)
    assert key_of(row) == KEY
    assert key_of([memoryview(one) if isinstance(one, bytes) else one for one in row]) == KEY


def test_a_row_is_its_price_again() -> None:
    """The day is a text that sorts."""
    assert price_row(PRICE)[1] == "2025-01-31"
    assert price_of(price_row(PRICE)) == PRICE
