"""`GET /v1/usage`: each key sees its own."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.quota import Limits
from tests.fakes import StillClock
from tests.house import CLIENT_KEY, KEY, House
from tests.records import BEGAN_AT, record_of
from tests.serving import Answer, ask, serve

HOUR = 3600


def house_of(*records: Any, **options: Any) -> House:
    """A gateway with these, some time later."""
    clock = StillClock()
    clock.seconds = BEGAN_AT + 1000
    house = House(clock=clock, **options)
    for record in records:
        house.records.add(record)
    return house


async def get(house: House, key: str, query: str = "") -> Answer:
    """One look with this key."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with serve(house.app) as port:
        return await ask(port, "GET", f"/v1/usage{query}", headers=headers)


async def test_an_api_key_sees_what_it_used_and_has_left() -> None:
    """Nothing of what others used, and no credential of the operator's."""
    house = house_of(
        record_of(1, caller="alice", cost_nano=5),
        record_of(2, caller="alice", model="other"),
        record_of(3, caller="bob"),
    )
    terms = KeyTerms("Alice", note="for the operator alone", limits=Limits(requests_per_day=10))
    new = await house.keys.keys.create(terms)
    answer = await get(house, new.secret.reveal())
    body = answer.json()
    assert body["caller"] == "alice"
    assert body["key"]["left"] == [
        {
            "limit": "requests_per_day",
            "unit": "requests",
            "amount": 10,
            "left": 8,
            "reset_s": pytest.approx(21.5 * HOUR, abs=HOUR),
        }
    ]
    assert [(row["model"], row["answered"], row["cost_nano"]) for row in body["rows"]] == [
        ("gpt-4o", 1, 5),
        ("other", 1, None),
    ]
    totals = (body["totals"]["answered"], body["totals"]["input"], body["totals"]["unpriced"])
    assert totals == (2, 20, 1)
    for text in (b"bob", b"work", b"operator alone", new.secret.reveal().encode()):
        assert text not in answer.body


async def test_keys_of_the_settings_see_their_own_too() -> None:
    """They have no limits of their own to be told."""
    house = house_of(record_of(1), record_of(2, caller="client-1"))
    for key, caller in ((KEY, "operator"), (CLIENT_KEY, "client-1")):
        body = (await get(house, key)).json()
        assert (body["caller"], body["key"], body["totals"]["answered"]) == (caller, None, 1)


async def test_it_is_told_by_hour_or_by_day_of_any_zone() -> None:
    """As the operator sees it."""
    house = house_of(record_of(1), record_of(2 * HOUR))
    house.clock.seconds += 3 * HOUR  # type: ignore[attr-defined]
    hours = (await get(house, KEY)).json()["rows"]
    assert len(hours) == 2
    days = (await get(house, KEY, "?by=day&zone=Europe/Berlin")).json()
    assert [row["at"] for row in days["rows"]] == ["2025-10-24T22:00:00Z"]
    assert (days["by"], days["zone"]) == ("day", "Europe/Berlin")
    for query in ("?caller=bob", "?by=year", "?zone=Mars", "?since=x"):
        assert (await get(house, KEY, query)).status == 400


async def test_without_a_key_nothing_is_shown() -> None:
    """And nothing of a pass-through, where all callers have one name."""
    assert (await get(House(), "")).status == 401
    assert (await get(House(), "wrong")).status == 401
    foreign = await get(House(is_passthrough=True), "crsr_0123456789abcdef0123456789abcdef")
    assert (foreign.status, foreign.json()["error"]["code"]) == (403, "forbidden")
