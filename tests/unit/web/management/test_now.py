"""`/api/now`: how things stand."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cursor_api.domain.errors import StoreAwayError
from cursor_api.domain.record_query import UsageQuery, UsageRow
from cursor_api.installed import SCHEMA
from cursor_api.service.access.admission import AdmissionOptions
from cursor_api.settings import SettingsInUse, load_settings
from cursor_api.web.management import now as now_module
from cursor_api.web.management.now import SHOWN_COUNT_MAX, find_percentile
from tests.fakes import StillClock
from tests.house import BEARER, House
from tests.records import BEGAN_AT, failed_of, record_of
from tests.serving import ask, serve

CHAT = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
PATH = "/v1/chat/completions"


def still_house(**more: Any) -> House:
    """Whose clock a test moves."""
    clock = StillClock()
    clock.seconds = BEGAN_AT + 60
    return House(clock=clock, **more)


async def look(port: int) -> dict[str, Any]:
    """Now."""
    answer = await ask(port, "GET", "/api/now", headers=BEARER)
    assert answer.status == 200, answer.body
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


async def test_an_idle_gateway_is_ready_and_has_a_day_behind_it() -> None:
    """Sums and percentiles of the last 24 hours, with the hour that runs."""
    house = still_house()
    for number in range(20):
        house.records.add(record_of(number, first_delta_ms=10.0 * (number + 1)))
    house.records.add(failed_of(30))
    house.records.add(record_of(-24 * 3600))
    async with serve(house.app) as port:
        body = await look(port)
    assert (body["ready"], body["can_answer"], body["reasons"]) == (True, True, [])
    assert (body["under_way"], body["under_way_count"], body["waiting_count"]) == ([], 0, 0)
    assert body["credentials"] == {"ready": 1, "total": 1, "by_state": {"healthy": 1}}
    assert body["upstreams"] == {"fake": {"kind": "fake", "state": "closed"}}
    day = body["last_24h"]
    assert day["since"] == "2025-10-24T03:00:00Z"
    assert (day["answered"], day["failed"], day["input"], day["output"]) == (20, 1, 200, 180)
    assert (day["first_ms_p50"], day["first_ms_p95"]) == (100.0, 190.0)
    assert body["records"] == {
        "store": "memory",
        "is_writing": True,
        "waiting_rows": 0,
        "dropped_count": 0,
    }


async def test_what_is_under_way_is_there_with_its_age() -> None:
    """Oldest first, with its credential as soon as it has one."""
    gate = asyncio.Event()
    house = still_house(script={"a": [gate]})
    async with serve(house.app) as port:
        headers = BEARER | {"User-Agent": "curl/8.1"}
        asked = asyncio.create_task(ask(port, "POST", PATH, headers=headers, body=CHAT))
        while not house.upstream.asked:
            await asyncio.sleep(0.001)
        house.clock.seconds += 2.5  # type: ignore[attr-defined]  # a still clock
        body = await look(port)
        gate.set()
        await asked
        after = await look(port)
    [one] = body["under_way"]
    assert (
        one
        | {
            "caller": "operator",
            "client": "curl/8.1",
            "model": "gpt-4o",
            "credential": "a",
            "is_stream": False,
            "first_ms": None,
            "age_ms": 2500.0,
        }
        == one
    )
    assert body["under_way_count"] == 1
    assert (after["under_way_count"], after["last_24h"]["failed"]) == (0, 1)


async def test_a_request_that_ends_while_the_sums_are_read_is_not_lost() -> None:
    """It is under way or in the sums; a figure of none in both would be wrong."""
    gate = asyncio.Event()
    house = still_house(script={"a": [gate]})
    read = house.records.usage

    async def read_while_it_ends(query: UsageQuery) -> Sequence[UsageRow]:
        rows = await read(query)
        gate.set()
        await asked
        return rows

    async with serve(house.app) as port:
        asked = asyncio.create_task(ask(port, "POST", PATH, headers=BEARER, body=CHAT))
        while not house.upstream.asked:
            await asyncio.sleep(0.001)
        house.records.usage = read_while_it_ends  # type: ignore[method-assign]
        body = await look(port)
    assert body["under_way_count"] + body["last_24h"]["failed"] == 1


async def test_records_that_do_not_answer_keep_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """How everything else stands is most wanted then."""
    monkeypatch.setattr(now_module, "LAST_DAY_S", 0.01)
    house = still_house()

    read = house.records.usage

    async def hang(query: UsageQuery) -> Sequence[UsageRow]:
        await asyncio.sleep(3600)
        return await read(query)

    house.records.usage = hang  # type: ignore[method-assign]
    async with serve(house.app) as port:
        body = await look(port)
    assert (body["can_answer"], body["last_24h"]) == (True, None)


async def test_a_question_that_takes_too_long_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs its database a connection to break it off; until it ends nobody asks once more."""
    monkeypatch.setattr(now_module, "LAST_DAY_S", 0.05)
    house, gate = still_house(), asyncio.Event()
    house.records.add(record_of(0))
    read, told = house.records.usage, list[str]()

    async def wait(query: UsageQuery) -> Sequence[UsageRow]:
        told.append("asked")
        try:
            await gate.wait()
        except asyncio.CancelledError:
            told.append("broken off")
            raise
        return await read(query)

    house.records.usage = wait  # type: ignore[method-assign]
    async with serve(house.app) as port:
        for _ in range(3):
            assert (await look(port))["last_24h"] is None
        assert told == ["asked"]
        monkeypatch.setattr(now_module, "LAST_DAY_S", 10.0)
        gate.set()
        assert (await look(port))["last_24h"]["answered"] == 1
    assert told == ["asked"] * 2


async def test_a_question_that_fails_when_nobody_waits_any_more_is_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that hangs is told of by whoever works with it."""
    monkeypatch.setattr(now_module, "LAST_DAY_S", 0.01)
    house, gate = still_house(), asyncio.Event()

    async def fail(query: UsageQuery) -> Sequence[UsageRow]:
        await gate.wait()
        raise StoreAwayError(f"no answer to {query}")

    house.records.usage = fail  # type: ignore[method-assign]
    async with serve(house.app) as port:
        assert (await look(port))["last_24h"] is None
        gate.set()
        await asyncio.sleep(0.05)
        gc.collect()
    assert [one.message for one in caplog.records if one.name == "asyncio"] == []


async def test_of_many_the_oldest_are_shown_and_all_are_counted() -> None:
    """A flood makes no large answer."""
    gate = asyncio.Event()
    count = SHOWN_COUNT_MAX + 5
    house = still_house(script={"a": [gate]}, limits=AdmissionOptions(requests_max=count))
    async with serve(house.app) as port:
        asked = [
            asyncio.create_task(ask(port, "POST", PATH, headers=BEARER, body=CHAT))
            for _ in range(count)
        ]
        while house.relay.active_count < count:
            await asyncio.sleep(0.001)
        body = await look(port)
        gate.set()
        await asyncio.gather(*asked)
    assert (len(body["under_way"]), body["under_way_count"]) == (SHOWN_COUNT_MAX, count)


async def test_what_stands_in_the_way_has_a_code() -> None:
    """The page says it in words."""
    async with serve(still_house(script={}).app) as port:
        body = await look(port)
    assert (body["ready"], body["can_answer"]) == (True, False)
    assert body["reasons"] == [{"code": "no_credentials"}]


@pytest.mark.parametrize(
    ("count", "percent", "found"),
    [(0, 50, None), (1, 50, 1.0), (1, 95, 1.0), (2, 50, 1.0), (100, 95, 95.0), (101, 95, 96.0)],
)
def test_a_percentile_is_one_of_the_values(count: int, percent: int, found: float | None) -> None:
    """None of nothing."""
    assert find_percentile([float(n + 1) for n in range(count)], percent) == found


async def test_a_short_key_of_the_operators_is_told(tmp_path: Path) -> None:
    """Where others reach the listener: the console shows it on its first page."""
    environ = {"AUTH_TOKEN": "twelve-chars", "HOST": "0.0.0.0"}
    loaded = load_settings(SCHEMA, environ, tmp_path)
    house = House(configuration=SettingsInUse(SCHEMA, loaded, lambda: loaded))
    async with serve(house.app) as port:
        found = (await look(port))["settings"]
    assert found["problems"] == []
    (warning,) = (one for one in found["warnings"] if one["name"] == "AUTH_TOKEN")
    assert "fewer than 16 characters" in warning["words"]["en"]
    assert "少于 16 个字符" in warning["words"]["zh"]
    assert "twelve-chars" not in str(found)
