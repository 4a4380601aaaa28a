"""What nodes tell each other of API keys."""

from __future__ import annotations

import os

import pytest
from msgspec.structs import replace

from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.errors import StoreAwayError
from cursor_api.ports.facts import Fact
from cursor_api.service.access import key_news
from cursor_api.service.access.key_news import KeyNews
from cursor_api.service.access.keys import ApiKeys, KeyParts
from tests.fakes import StillClock
from tests.unit.service.access.test_keys import House
from tests.unit.service.credentials.test_shared_health import Wire


def test_who_listens_hears_of_a_change_and_when_it_was() -> None:
    """Also who comes later, from what is kept; what others tell is nothing to it."""
    wire, clock = Wire(), StillClock()
    one, other = (KeyNews(Wire.End(wire), clock) for _ in range(2))
    clock.seconds = 100.0
    one.tell("alice")
    assert (other.has_changed_since("alice", 99.0), other.has_changed_since("alice", 100.0)) == (
        True,
        False,
    )
    assert not other.has_changed_since("bob", 0.0)
    late = KeyNews(None, clock)
    late.begin([Fact("key@bob", b"changed", 30.0), Fact("node@one", b"1"), Fact("d|m", b"x")])
    assert (late.has_changed_since("bob", 69.0), late.has_changed_since("bob", 70.0)) == (
        True,
        False,
    )
    assert repr(late) == "KeyNews(1)"


async def test_a_key_that_was_changed_elsewhere_is_in_doubt_while_the_store_cannot_tell_how() -> (
    None
):
    """It and no other, from the moment on in which the store is away; what is read is known."""
    wire, house = Wire(), House()
    there, here = (KeyNews(Wire.End(wire), house.clock) for _ in range(2))
    parts = KeyParts(house.store, house.limits, house.clock, os.urandom, lambda: True, here)
    keys = ApiKeys(parts)
    await keys.load()
    house.clock.seconds += 1
    there.tell("alice")
    assert not keys.is_in_doubt("alice")
    house.store.is_away = True
    with pytest.raises(StoreAwayError):
        await keys.has_changed()
    assert (keys.is_in_doubt("alice"), keys.is_in_doubt("bob")) == (True, False)
    house.clock.seconds += 1
    house.store.is_away = False
    await keys.load()
    house.store.is_away = True
    with pytest.raises(StoreAwayError):
        await keys.has_changed()
    assert not keys.is_in_doubt("alice")


async def test_what_others_have_changed_is_told_on() -> None:
    """A command works with the store alone; new keys are nobody's news."""
    wire, house = Wire(), House()
    KeyNews(Wire.End(wire), house.clock)
    here = KeyNews(Wire.End(wire), house.clock)
    keys = ApiKeys(KeyParts(house.store, house.limits, house.clock, os.urandom, lambda: True, here))
    await keys.load()
    made = await house.create()
    await keys.load()
    assert list(wire.told) == []
    await house.store.put(replace(made.key, revoked_at=1.0, version=2))
    await keys.load()
    assert list(wire.told) == ["key@alice"]
    wire.told.clear()
    await keys.delete("alice")
    bob = await keys.create(KeyTerms("Bob"))
    assert list(wire.told) == ["key@alice"]
    await keys.change("bob", bob.key.terms._replace(name="B."))
    assert list(wire.told) == ["key@alice", "key@bob"]


def test_who_is_alone_tells_nobody() -> None:
    """There is no channel."""
    news = KeyNews(None, StillClock())
    news.tell("alice")
    assert not news.has_changed_since("alice", 0.0)


def test_the_oldest_news_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of them costs no more room."""
    monkeypatch.setattr(key_news, "NEWS_MAX", 2)
    news = KeyNews(None, StillClock())
    for name in ("a", "b", "a", "c"):
        news.hear(Fact(f"key@{name}", b"changed"))
    assert [news.has_changed_since(name, -1.0) for name in "abc"] == [True, False, True]
