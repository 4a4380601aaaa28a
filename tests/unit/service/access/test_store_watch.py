"""What others change is seen, and a store that is away is told of once."""

from __future__ import annotations

import asyncio

import pytest

from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.service.access.store_watch import StoreWatch
from tests.fakes import ListObserver


class House:
    """A store in hand."""

    def __init__(self) -> None:
        self.error: StoreError | None = None
        self.is_changed = False
        self.loads = 0
        self.observer = ListObserver()
        self.watch = StoreWatch("API keys", self._has_changed, self._load, self.observer)

    async def _has_changed(self) -> bool:
        if self.error is not None:
            raise self.error
        return self.is_changed

    async def _load(self) -> None:
        if self.error is not None:
            raise self.error
        self.loads += 1


async def test_only_what_has_changed_is_loaded() -> None:
    """Again and again, until it is stopped."""
    house = House()
    await house.watch.refresh()
    assert house.loads == 0
    house.is_changed = True
    watching = asyncio.create_task(house.watch.run(0.0))
    while house.loads < 3:
        await asyncio.sleep(0)
    watching.cancel()
    assert house.observer.events == []


async def test_it_begins_without_a_store_that_is_away_and_not_without_a_broken_one() -> None:
    """A full disk passes; a damaged file needs a person."""
    house = House()
    house.error = StoreAwayError("the disk is full")
    await house.watch.begin()
    house.error, house.is_changed = None, True
    await house.watch.refresh()
    assert house.loads == 1
    assert [event for event, _ in house.observer.events] == [
        "the API keys cannot be read",
        "the API keys can be read again",
    ]
    house.error = StoreError("the file is damaged")
    with pytest.raises(StoreError, match="damaged"):
        await house.watch.begin()


async def test_a_store_that_is_away_is_told_of_once() -> None:
    """And once when it is back; what was loaded goes on meanwhile."""
    house = House()
    house.error = StoreError("the disk is away")
    for _ in range(3):
        await house.watch.refresh()
    house.error = None
    for _ in range(2):
        await house.watch.refresh()
    assert house.observer.events == [
        ("the API keys cannot be read", {"detail": "the disk is away"}),
        ("the API keys can be read again", {}),
    ]
