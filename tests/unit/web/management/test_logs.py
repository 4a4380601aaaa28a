"""`GET /logs`: the earlier program's shape without its leaks."""

from __future__ import annotations

import asyncio
import json

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.parts import WebOptions
from tests.fakes import Step
from tests.house import BEARER, CLIENT_KEY, HELLO, House
from tests.serving import Answer, ask, serve

PUBLIC = WebOptions(version="1", is_log_public=True)
BODY = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "secret plans"}]})


async def logs_after_one_request(house: House, headers: dict[str, str]) -> Answer:
    """Ask once, then read the log."""
    async with serve(house.app) as port:
        await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=BODY.encode())
        return await ask(port, "GET", "/logs", headers=headers)


async def test_a_public_log_is_masked() -> None:
    """The earlier program's fields, no credential, no error text, no alias."""
    script: dict[str, list[Step]] = {
        "a": [Fault(FaultKind.RATE_LIMITED, "private words of the upstream")]
    }
    answer = await logs_after_one_request(House(script, PUBLIC), {})
    body = answer.json()
    assert set(body) == {"total", "logs", "timestamp", "status"}
    assert (body["total"], body["status"]) == (1, "success")
    (entry,) = body["logs"]
    assert set(entry) == {
        "timestamp",
        "model",
        "checksum",
        "auth_token",
        "stream",
        "status",
        "error",
        "error_kind",
    }
    assert (entry["model"], entry["stream"], entry["status"]) == ("gpt-4o", False, "failed")
    assert (entry["error"], entry["error_kind"]) == (None, "rate_limited")
    for leak in (b"secret-token-of-a", b"private words", b"secret plans", b"0" * 20):
        assert leak not in answer.body


async def test_a_public_log_names_no_model_that_nobody_serves() -> None:
    """It may be a key in the wrong field; the operator sees it."""
    house = House(options=PUBLIC)
    body = BODY.replace("gpt-4o", "my-secret-key").encode()
    async with serve(house.app) as port:
        await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=body)
        public = await ask(port, "GET", "/logs")
        details = await ask(port, "GET", "/logs", headers=BEARER)
    assert [entry["model"] for entry in public.json()["logs"]] == [""]
    assert b"my-secret-key" not in public.body
    assert [entry["model"] for entry in details.json()["logs"]] == ["my-secret-key"]


async def test_with_the_key_the_log_has_the_details() -> None:
    """Alias, error text, usage, timing, attempts; still no whole credential and no prompt."""
    slow_down: list[Step] = [Fault(FaultKind.RATE_LIMITED, "slow down")]
    script = {"a": slow_down, "b": HELLO}
    answer = await logs_after_one_request(House(script), BEARER)
    (entry,) = answer.json()["logs"]
    assert (entry["alias"], entry["status"], entry["outcome"]) == ("b", "success", "success")
    assert entry["usage"]["usage_source"] == "estimated"
    assert entry["duration_ms"] >= entry["first_delta_ms"] > 0
    assert [attempt["fault"] for attempt in entry["attempts"]] == ["rate_limited", None]
    assert (entry["dialect"], entry["route"]) == ("openai_chat", "fake/gpt-4o")
    assert (entry["finish"], entry["client"]) == ("stop", "")
    assert all(attempt["duration_ms"] > 0 for attempt in entry["attempts"])
    for leak in (b"secret-token-of", b"secret plans", b"0" * 20):
        assert leak not in answer.body


async def test_a_log_that_is_not_public_asks_for_the_key() -> None:
    """The default beyond loopback."""
    answer = await logs_after_one_request(House(), {})
    assert answer.status == 401
    answer = await logs_after_one_request(House(), {"Authorization": "Bearer wrong"})
    assert answer.status == 401


async def test_a_pass_through_caller_is_not_the_operator() -> None:
    """Any string passes as a Cursor token; it opens no details."""
    token = {"Authorization": "Bearer any-token"}
    answer = await logs_after_one_request(House(is_passthrough=True), token)
    assert answer.status == 401
    answer = await logs_after_one_request(House(options=PUBLIC, is_passthrough=True), token)
    assert "alias" not in answer.json()["logs"][0]


async def test_a_chat_only_key_opens_no_details() -> None:
    """They are of all callers; where strangers may look, it may look like they do."""
    chat_key = {"Authorization": f"Bearer {CLIENT_KEY}"}
    assert (await logs_after_one_request(House(), chat_key)).status == 403
    answer = await logs_after_one_request(House(options=PUBLIC), chat_key)
    assert "alias" not in answer.json()["logs"][0]


async def test_a_running_request_is_pending() -> None:
    """And becomes what it became, in its own entry, in the order in which they began."""
    goes_on = asyncio.Event()
    house = House({"a": [goes_on, *HELLO]})
    async with serve(house.app) as port:
        path, body = "/v1/chat/completions", BODY.encode()
        slow = asyncio.create_task(ask(port, "POST", path, headers=BEARER, body=body))
        while not house.upstream.asked:
            await asyncio.sleep(0.001)
        await ask(port, "POST", path, headers=BEARER, body=BODY.replace("gpt-4o", "x").encode())
        during = (await ask(port, "GET", "/logs", headers=BEARER)).json()["logs"]
        goes_on.set()
        await slow
        after = (await ask(port, "GET", "/logs", headers=BEARER)).json()["logs"]
    assert [entry["outcome"] for entry in during] == ["pending", "refused"]
    assert [entry["status"] for entry in during] == ["pending", "failed"]
    assert [entry["outcome"] for entry in after] == ["success", "refused"]
    assert [entry["id"] for entry in during] == [entry["id"] for entry in after]


LOCAL = WebOptions(version="1", is_log_public=True, allowed_hosts=())


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"X-Forwarded-For": "192.0.2.7"},
        {"Host": "gateway.example", "X-Forwarded-Proto": "https", "Via": "1.1 caddy"},
    ],
)
async def test_a_log_that_is_this_machines_is_not_shown_to_others(headers: dict[str, str]) -> None:
    """Not through a proxy, nor to a page that has pointed its name here; a key opens it."""
    house = House(options=LOCAL)
    async with serve(house.app) as port:
        assert (await ask(port, "GET", "/logs")).status == 200
        closed = await ask(port, "GET", "/logs", headers=headers)
        assert (closed.status, closed.json()["error"]["code"]) == (401, "unauthorized")
        chat_only = {"Authorization": f"Bearer {CLIENT_KEY}"}
        assert (await ask(port, "GET", "/logs", headers=headers | chat_only)).status == 403
        assert (await ask(port, "GET", "/logs", headers=headers | BEARER)).status == 200


async def test_a_post_gives_the_details_with_the_key_alone() -> None:
    """Later versions of the earlier program asked in that way; what is public is so for GET."""
    async with serve(House(options=PUBLIC).app) as port:
        assert (await ask(port, "POST", "/logs")).status == 401
        answer = await ask(port, "POST", "/logs", headers=BEARER)
        assert (answer.status, answer.json()["status"]) == (200, "success")
