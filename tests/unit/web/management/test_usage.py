"""`/api/usage`: sums by the viewer's hours and days."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Status
from tests.fakes import StillClock
from tests.house import BEARER, House
from tests.records import BEGAN_AT, failed_of, record_of
from tests.serving import Answer, ask, serve

HOUR = 3600


def house_of(*records: Any) -> House:
    """A gateway with these, some time later."""
    clock = StillClock()
    clock.seconds = BEGAN_AT + 1000
    house = House(clock=clock)
    for record in records:
        house.records.add(record)
    return house


async def get(house: House, query: str = "") -> Answer:
    """One look."""
    async with serve(house.app) as port:
        return await ask(port, "GET", f"/api/usage{query}", headers=BEARER)


async def test_what_was_used_is_told_by_hour_and_in_total() -> None:
    """Reported and estimated apart; what has no price is not 0."""
    estimated = Usage(4, 3, UsageSource.ESTIMATED)
    house = house_of(
        record_of(1),
        record_of(2, first_delta_ms=350.0, duration_ms=2000.0),
        record_of(3, status=Status.CANCELLED, usage=estimated),
        failed_of(4),
        failed_of(5, status=Status.REFUSED, error_kind=FaultKind.CONTEXT_TOO_LONG),
    )
    house.records.add_refusal(BEGAN_AT, FaultKind.UNAUTHENTICATED)
    body = (await get(house)).json()
    [row] = body["rows"]
    sums = {
        "answered": 2,
        "failed": 1,
        "refused": 1,
        "cancelled": 1,
        "input": 20,
        "output": 18,
        "cached": 0,
        "reasoning": 0,
        "input_estimated": 4,
        "output_estimated": 3,
        "cost_nano": None,
        "unpriced": 3,
        "first_ms_mean": 283.333,
        "total_ms_mean": 1500.0,
    }
    assert row == sums | {
        "at": "2025-10-25T02:00:00Z",
        "model": "gpt-4o",
        "credential": "work",
        "caller": "operator",
    }
    assert body["totals"] == sums
    assert body["refusals"] == [
        {"at": "2025-10-25T02:00:00Z", "fault": "unauthenticated", "count": 1}
    ]
    assert (body["by"], body["zone"]) == ("hour", "UTC")
    assert (body["since"], body["until"]) == ("2025-10-24T02:00:00Z", "2025-10-25T03:00:00Z")


async def test_what_has_a_price_is_summed() -> None:
    """A few without one are told beside it; nothing used costs nothing."""
    body = (await get(house_of(record_of(1, cost_nano=500), record_of(2)))).json()
    assert (body["totals"]["cost_nano"], body["totals"]["unpriced"]) == (500, 1)
    body = (await get(house_of(failed_of(1)))).json()
    assert (body["totals"]["cost_nano"], body["totals"]["unpriced"]) == (0, 0)
    assert body["totals"]["total_ms_mean"] is None


@pytest.mark.parametrize(
    ("date", "hours"), [("2025-10-26", 25), ("2025-10-25", 24), ("2026-03-29", 23)]
)
async def test_a_day_has_as_many_hours_as_it_has_there(date: str, hours: int) -> None:
    """One request in each hour, and one just outside on either side."""
    zone = "Europe/Berlin"
    begins = datetime.fromisoformat(date).replace(tzinfo=ZoneInfo(zone)).timestamp()
    house = house_of(
        *(
            record_of(int(begins + hour * HOUR - BEGAN_AT), started_at=begins + hour * HOUR)
            for hour in range(-1, hours + 1)
        )
    )
    query = f"?by=day&zone={zone}&since={begins}&until={begins + 1}"
    body = (await get(house, query)).json()
    [row] = body["rows"]
    assert row["answered"] == hours
    assert datetime.fromisoformat(row["at"]) == datetime.fromtimestamp(begins, UTC)
    assert body["zone"] == zone


async def test_only_what_is_asked_for_is_told_apart_and_counted() -> None:
    """A chart needs no rows by caller."""
    house = house_of(record_of(1), record_of(2, caller="anna"), record_of(3, model="o"))
    rows = (await get(house, "?group=caller")).json()["rows"]
    assert [(row["caller"], row["model"], row["answered"]) for row in rows] == [
        ("anna", "", 1),
        ("operator", "", 2),
    ]
    assert len((await get(house, "?group=none")).json()["rows"]) == 1
    assert len((await get(house, "?group=model,caller,credential")).json()["rows"]) == 3
    for query, count in (("?caller=anna", 1), ("?model=o", 1), ("?credential=work", 3)):
        assert (await get(house, query)).json()["totals"]["answered"] == count


@pytest.mark.parametrize(
    ("query", "param"),
    [
        *(("by=week", "by"), ("zone=Mars/Olympus", "zone"), ("zone=..%2Fetc%2Fpasswd", "zone")),
        *(("zone=%00", "zone"), ("group=hour", "group"), ("group=model,", "group")),
        *(("since=2025-10-25&until=2025-10-24", "since"), ("since=x", "since")),
        *(("since=2020-01-01", "since"), ("by=day&since=2020-01-01", "since")),
        ("since=9999-12-31T00:00:00Z&until=9999-12-31T10:00:00Z&by=day", "since"),
        *(("model=a&model=b", "model"), ("status=failed", "status")),
    ],
)
async def test_a_wrong_parameter_is_named(query: str, param: str) -> None:
    """And nothing is guessed."""
    answer = await get(house_of(), f"?{query}")
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)
