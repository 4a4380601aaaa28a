"""Prices as an operator keeps them."""

from __future__ import annotations

import datetime as dt

import pytest

from cursor_api.domain.catalog import Route
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.price import Price
from cursor_api.service.prices import Prices
from cursor_api.stores.memory_keys import MemoryKeyStore

DAY = dt.date(2025, 1, 1)
PRICE = Price("gpt-*", DAY, 1000, 2000, "the maker's page")
ROUTE = Route("work", "gpt-4o")
NOW = dt.datetime(2025, 6, 1, tzinfo=dt.UTC).timestamp()


async def test_a_price_holds_as_soon_as_it_is_entered() -> None:
    """And no longer than it is there."""
    prices = Prices(MemoryKeyStore())
    assert prices.find(ROUTE, NOW) is None
    await prices.put(PRICE)
    assert prices.find(ROUTE, NOW) == PRICE
    assert (list(prices.all), repr(prices)) == ([PRICE], "Prices(1)")
    await prices.delete("gpt-*", DAY)
    assert prices.find(ROUTE, NOW) is None
    with pytest.raises(Fault) as caught:
        await prices.delete("gpt-*", DAY)
    assert caught.value.kind is FaultKind.NOT_FOUND


async def test_what_another_process_entered_is_taken_over() -> None:
    """After a load."""
    store = MemoryKeyStore()
    prices = Prices(store)
    await Prices(store).put(PRICE)
    await prices.load()
    assert prices.find(ROUTE, NOW) == PRICE


async def test_a_price_without_a_source_is_refused() -> None:
    """Nobody could tell where it is from."""
    prices = Prices(MemoryKeyStore())
    with pytest.raises(Fault, match="source"):
        await prices.put(PRICE._replace(source=""))
    assert not prices.all
