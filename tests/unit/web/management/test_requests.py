"""`/api/requests`: pages, one request, choices, deletion."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cursor_api.domain.errors import StoreError
from cursor_api.domain.record_query import ALL
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.web.management.requests import DELETED_ROWS_MAX
from tests.fakes import StillClock
from tests.house import BEARER, House
from tests.records import BEGAN_AT, Spoken, failed_of, record_of
from tests.serving import Answer, ask, serve

CHAT = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'


def house_of(count: int = 0) -> House:
    """A gateway that has answered so often."""
    clock = StillClock()
    clock.seconds = BEGAN_AT + 1000
    house = House(clock=clock)
    for number in range(count):
        house.records.add(record_of(number))
    return house


class AwayRecords(MemoryRecords):
    """A store whose database is away."""

    async def _fail(self, *_: Any) -> Any:
        raise StoreError("connection refused")

    find = page = choices = usage = refusals = first_delta_ms = count = delete = _fail  # type: ignore[assignment]


async def get(house: House, path: str, method: str = "GET") -> Answer:
    """One look by the operator."""
    async with serve(house.app) as port:
        return await ask(port, method, path, headers=BEARER)


async def test_pages_go_back_in_time_and_forward() -> None:
    """Each says where the next one begins; nothing of it is for a cache."""
    house = house_of(5)
    async with serve(house.app) as port:

        async def page(query: str) -> dict[str, Any]:
            answer = await ask(port, "GET", f"/api/requests?{query}", headers=BEARER)
            assert answer.headers["cache-control"] == "no-store"
            found: dict[str, Any] = answer.json()
            return found

        first = await page("count=2")
        assert [one["id"] for one in first["requests"]] == [record_of(4).id, record_of(3).id]
        assert (first["continue_from"], first["order"]) == (record_of(3).id, "newest_first")
        last = await page(f"before={first['continue_from']}&count=3")
        assert [one["id"] for one in last["requests"]][-1] == record_of(0).id
        assert last["continue_from"] is None
        newer = await page(f"after={record_of(2).id}")
        assert [one["id"] for one in newer["requests"]] == [record_of(4).id, record_of(3).id]
        late = record_of(0).started_at + 60
        house.records.add(record_of(-5, duration_ms=65_000.0))
        house.records.add(record_of(70))
        ended = await page(f"ended_since={late}")
        assert [one["id"] for one in ended["requests"]] == [record_of(70).id, record_of(-5).id]
        assert (ended["continue_from"], ended["order"]) == (None, "last_ended_first")


async def test_every_filter_narrows() -> None:
    """Together too."""
    house = house_of(3)
    house.records.add(failed_of(3, caller="anna", credential_alias="home", endpoint="mine"))
    async with serve(house.app) as port:
        for query, count in (
            ("status=failed", 1),
            ("status=success", 3),
            ("fault=rate_limited", 1),
            ("caller=anna", 1),
            ("credential=home", 1),
            ("route=mine", 1),
            ("dialect=openai_chat", 4),
            ("model=gpt-4o&caller=operator", 3),
            (f"since={BEGAN_AT + 1}&until={BEGAN_AT + 3}", 2),
            ("since=2025-10-25T02:15:01Z", 3),
            ("text=SLOW%20down", 1),
            ("text=%25", 0),
            ("text=%27%20OR%201=1%20--", 0),
            ("caller=a_na", 0),
        ):
            answer = await ask(port, "GET", f"/api/requests?{query}", headers=BEARER)
            assert len(answer.json()["requests"]) == count, query


@pytest.mark.parametrize(
    ("query", "param"),
    [
        *(("caler=anna", "caler"), ("status=done", "status"), ("status=pending", "status")),
        *(("fault=all", "fault"), ("since=2025-02-30", "since"), ("until=tomorrow", "until")),
        *(("since=20&until=10", "since"), ("since=10&until=10", "since")),
        *(("count=501", "count"), ("count=0", "count"), ("count=9999999999999", "count")),
        *(("text=a%00b", "text"), ("caller=%FF", "caller"), ("model=a&model=b", "model")),
        *(("before=%27", "before"), ("after=..%2F..", "after"), ("before=a&after=b", "after")),
        *((f"text={'x' * 1001}", "text"), ("ended_since=1&before=a", "ended_since")),
    ],
)
async def test_a_wrong_parameter_is_named(query: str, param: str) -> None:
    """A filter that is passed over would show what was not asked for."""
    answer = await get(house_of(), f"/api/requests?{query}")
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)


async def test_a_request_is_there_while_it_runs_and_afterwards() -> None:
    """Under the id that its answer has."""
    gate = asyncio.Event()
    house = House({"a": [gate]})
    async with serve(house.app) as port:
        path = "/v1/chat/completions"
        asked = asyncio.create_task(ask(port, "POST", path, headers=BEARER, body=CHAT))
        while not house.upstream.asked:
            await asyncio.sleep(0.001)
        [running] = house.relay.under_way()
        answer = await ask(port, "GET", f"/api/requests/{running.id}", headers=BEARER)
        assert answer.json() | {"status": "pending", "credential": "a", "total_ms": None} == (
            answer.json()
        )
        listed = await ask(port, "GET", "/api/requests", headers=BEARER)
        assert listed.json()["requests"] == []
        gate.set()
        refused = await asked
        ended = await ask(port, "GET", f"/api/requests/{running.id}", headers=BEARER)
    assert refused.status == 502
    assert ended.json()["status"] == "failed"
    assert ended.json()["advice"] == "ask the endpoint"
    assert running.id in refused.headers["x-request-id"]


@pytest.mark.parametrize("wanted", ["0" * 32, "%00", "a%2Fb", "%27", "x" * 65, "%E4%B8%AD"])
async def test_a_request_that_is_not_there_is_a_404(wanted: str) -> None:
    """Whatever the id looks like."""
    assert (await get(house_of(), f"/api/requests/{wanted}")).status == 404


async def test_the_choices_are_what_occurred_and_the_closed_sets() -> None:
    """As a form shows them."""
    body = (await get(house_of(1), "/api/requests/choices")).json()
    assert body["models"] == ["gpt-4o"]
    assert (body["credentials"], body["callers"]) == (["work"], ["operator"])
    assert "openai_chat" in body["dialects"]
    assert body["routes"] == ["fake"]
    assert body["statuses"] == ["success", "failed", "refused", "cancelled"]
    assert "rate_limited" in body["faults"]


async def test_deleting_is_seen_first_and_then_confirmed() -> None:
    """By the number; what came meanwhile is not among them."""
    house = house_of(4)
    house.records.add(record_of(5, caller="anna"))
    async with serve(house.app) as port:

        async def delete(query: str) -> Answer:
            return await ask(port, "DELETE", f"/api/requests?{query}", headers=BEARER)

        preview = (await delete("caller=operator")).json()
        assert preview["would_delete"] == 4
        assert "deleted" not in preview
        wrong = await delete("caller=operator&confirm=5")
        assert (wrong.status, wrong.json()["error"]["param"]) == (409, "confirm")
        assert "4 requests" in wrong.json()["error"]["message"]
        house.records.add(record_of(2000))
        gone = await delete(f"caller=operator&until={preview['until']}&confirm=4")
        assert gone.json() | {"deleted": 4} == gone.json()
        left = await ask(port, "GET", "/api/requests", headers=BEARER)
    assert [one["id"] for one in left.json()["requests"]] == [record_of(2000).id, record_of(5).id]


async def test_no_address_deletes_everything() -> None:
    """A filter that was forgotten is no wish."""
    house = house_of(2)
    async with serve(house.app) as port:
        for query in ("", "?confirm=2", "?caller=&confirm=2"):
            answer = await ask(port, "DELETE", f"/api/requests{query}", headers=BEARER)
            assert answer.status == 400
        wrong = await ask(port, "DELETE", "/api/requests?caller=a&confirm=-1", headers=BEARER)
        assert wrong.json()["error"]["param"] == "confirm"
    assert await house.records.count(ALL) == 2


async def test_many_are_deleted_in_steps() -> None:
    """Each short enough that writing goes on."""
    house = house_of(DELETED_ROWS_MAX + 1)
    house.clock.seconds += DELETED_ROWS_MAX  # type: ignore[attr-defined]  # a still clock
    count = DELETED_ROWS_MAX + 1
    answer = await get(house, f"/api/requests?caller=operator&confirm={count}", "DELETE")
    assert answer.json()["deleted"] == count


async def test_one_request_has_what_was_said_where_it_is_kept() -> None:
    """A list of them has not."""
    house = house_of()
    one = record_of(501)
    house.records.add(one)
    house.records.keep(Spoken(one.id))
    async with serve(house.app) as port:
        found = await ask(port, "GET", f"/api/requests/{one.id}", headers=BEARER)
        listed = await ask(port, "GET", "/api/requests", headers=BEARER)
    assert found.json()["content"] == {
        "prompt": [{"role": "user", "kind": "text", "text": "What is it?"}],
        "answer": [{"role": "assistant", "kind": "text", "text": "A cat."}],
        "is_cut": False,
    }
    assert [row["content"] for row in listed.json()["requests"] if row["id"] == one.id] == [None]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/requests"),
        ("GET", f"/api/requests/{'0' * 32}"),
        ("GET", "/api/requests/choices"),
        ("GET", "/api/requests/export"),
        ("DELETE", "/api/requests?caller=anna"),
        ("GET", "/api/usage"),
    ],
)
async def test_a_store_that_is_away_is_a_wait_and_requests_go_on(method: str, path: str) -> None:
    """503 with a code of its own, and when to come back."""
    house = house_of()
    house.records.__class__ = AwayRecords
    async with serve(house.app) as port:
        answer = await ask(port, method, path, headers=BEARER)
        assert answer.status == 503
        assert answer.json()["error"]["code"] == "records_unavailable"
        assert int(answer.headers["retry-after"]) >= 1
        assert b"connection refused" not in answer.body
        chat = await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=CHAT)
        assert json.loads(chat.body)["choices"][0]["message"]["content"] == "Hello"
        now = await ask(port, "GET", "/api/now", headers=BEARER)
        assert (now.status, now.json()["last_24h"]) == (200, None)
