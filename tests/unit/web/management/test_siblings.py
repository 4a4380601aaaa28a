"""What workers tell each other, and what comes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.ports.metrics import MetricsPage
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.web.http.answers import send_whole
from cursor_api.web.management.now import (
    SHOWN_COUNT_MAX,
    WorkerNow,
    all_now,
    worker_now,
)
from cursor_api.web.management.request_report import RequestOut
from cursor_api.web.management.requests import find_here
from cursor_api.web.management.siblings import SiblingApp, WorkerView
from cursor_api.web.management.ui_codes import UiCodes
from cursor_api.web.server.serving import Receive, Scope, Send
from tests.fakes import StillClock
from tests.house import BEARER, KEY, House
from tests.records import BEGAN_AT, Spoken, record_of
from tests.serving import ask, serve


async def find_nothing(_request_id: str) -> RequestOut | None:
    """There is none."""
    return None


NOTHING = WorkerView(lambda: WorkerNow([], 0, 0), find_nothing, lambda _digest: None)
RUNNING = record_of(2, status=Status.PENDING)


class Own:
    """Metrics."""

    async def page(self, accept: str) -> MetricsPage:
        """Of one worker."""
        return MetricsPage(accept.encode(), "text/plain")


async def nobody(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """For clients."""
    raise NotImplementedError


async def say_client(scope: Scope, _receive: Receive, send: Send) -> None:
    """Who asks, and what is left of the headers."""
    names = ",".join(sorted(name.decode() for name, _ in scope["headers"]))
    await send_whole(send, 200, f"{scope['client']} {names}".encode(), [])


class Other:
    """Another worker with one request under way, and one that waits."""

    number = 1

    def __init__(self) -> None:
        self.records = MemoryRecords(StillClock())
        self.codes = UiCodes(StillClock())

    async def ask(self, path: str, accept: str) -> Mapping[int, bytes]:
        """Nobody needs it here."""
        raise NotImplementedError

    async def connect(self, node: str, speak: object) -> None:
        """Nobody needs it here."""

    async def ask_all(self, path: str) -> Sequence[bytes]:
        """As it says it at its socket."""

        async def find(request_id: str) -> RequestOut | None:
            return await find_here(request_id, [RUNNING], self.records, {})

        view = WorkerView(
            lambda: worker_now([record_of(1)], 1, BEGAN_AT + 3), find, self.codes.take
        )
        async with serve(SiblingApp(Own(), view, nobody)) as port:
            answer = await ask(port, "GET", path)
        return [answer.body] if answer.status == 200 else []


async def test_a_worker_tells_what_is_under_way_and_its_metrics() -> None:
    """To whoever reaches its socket."""

    async def find(request_id: str) -> RequestOut | None:
        return await find_here(request_id, [], records, {})

    records = MemoryRecords(StillClock())
    records.add(record_of(5))
    app = SiblingApp(Own(), replace(NOTHING, find=find), say_client)
    async with serve(app) as port:
        now = await ask(port, "GET", "/now")
        assert now.json() == {"under_way": [], "under_way_count": 0, "waiting_count": 0}
        assert (await ask(port, "GET", "/metrics", headers={"Accept": "x"})).body == b"x"
        ended = await ask(port, "GET", f"/requests/{record_of(5).id}")
        assert ended.json()["status"] == "success"
        for path in (f"/requests/{RUNNING.id}", "/requests/", "/other"):
            assert (await ask(port, "GET", path)).status == 404


async def test_what_another_worker_passes_on_is_answered_as_its_clients() -> None:
    """At its address, with the client's; nothing else reaches the gateway that way."""
    async with serve(SiblingApp(Own(), NOTHING, say_client)) as port:
        told = {"x-worker-client": "192.0.2.7", "Accept": "x"}
        answer = await ask(port, "POST", "/v1/chat/completions", headers=told)
        assert answer.body.startswith(b"('192.0.2.7', 0) ")
        assert b"x-worker-client" not in answer.body
        assert (await ask(port, "POST", "/v1/chat/completions")).status != 200


async def test_now_shows_all_workers_together() -> None:
    """Whichever is asked."""
    house = House()
    house.measuring.page.siblings = Other()
    async with serve(house.app) as port:
        shown = (await ask(port, "GET", "/api/now", headers=BEARER)).json()
    assert (shown["under_way_count"], shown["waiting_count"]) == (1, 1)
    assert [one["age_ms"] for one in shown["under_way"]] == [2000.0]


async def test_a_request_is_found_whichever_worker_has_it() -> None:
    """Under way there, ended there and not written yet, or in the records of all."""
    house, other = House(), Other()
    house.measuring.page.siblings = other
    written, unwritten = record_of(5), record_of(6)
    house.records.add(written)
    house.records.keep(Spoken(written.id))
    for record in (written, unwritten):
        other.records.add(record)
    async with serve(house.app) as port:

        async def find(record: RequestRecord) -> Any:
            return await ask(port, "GET", f"/api/requests/{record.id}", headers=BEARER)

        assert (await find(RUNNING)).json()["status"] == "pending"
        assert (await find(unwritten)).json()["status"] == "success"
        assert (await find(written)).json()["content"] is not None
        assert (await find(record_of(7))).status == 404


async def test_a_browser_is_signed_in_whichever_worker_made_its_code() -> None:
    """The command and the page have connections of their own. Once is still once."""
    house, other = House(), Other()
    house.measuring.page.siblings = other
    body = json.dumps({"code": other.codes.make()}).encode()
    async with serve(house.app) as port:
        begun = await ask(port, "POST", "/api/ui-session", body=body)
        assert (begun.status, begun.json()) == (200, {"key": KEY})
        assert (await ask(port, "POST", "/api/ui-session", body=body)).status == 400
        body = json.dumps({"code": other.codes.make(Secret("an-api-key"))}).encode()
        begun = await ask(port, "POST", "/api/ui-session", body=body)
        assert (begun.status, begun.json()) == (200, {"key": "an-api-key"})
    assert repr(other.codes) == "UiCodes(0)"


async def test_the_log_is_of_all_workers() -> None:
    """What another one has answered stands in the records that they share."""
    house = House()
    house.records.add(record_of(5))
    async with serve(house.app) as port:
        assert (await ask(port, "GET", "/logs", headers=BEARER)).json()["total"] == 0
        house.measuring.page.siblings = Other()
        assert (await ask(port, "GET", "/logs", headers=BEARER)).json()["total"] == 1


def test_the_oldest_come_first_and_the_count_is_of_all() -> None:
    """A list that nobody reads to its end is not sent."""
    ages = range(SHOWN_COUNT_MAX)
    one = worker_now([record_of(2 * age) for age in ages], 3, BEGAN_AT)
    other = worker_now([record_of(2 * age + 1) for age in ages], 4, BEGAN_AT)
    both = all_now([one, other])
    assert (both.under_way_count, both.waiting_count) == (2 * SHOWN_COUNT_MAX, 7)
    began = [each.started_at for each in both.under_way]
    assert began == sorted(began)
    assert len(began) == SHOWN_COUNT_MAX
