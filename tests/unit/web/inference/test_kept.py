"""Answers that are kept, over HTTP: read again, listed, forgotten, each by who asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.house import BEARER, CLIENT_KEY, House
from tests.serving import Answer, ask, serve

RESPONSES = "/v1/responses"
OTHER = {"Authorization": f"Bearer {CLIENT_KEY}"}


async def create(port: int, **fields: Any) -> Answer:
    """One answer of the operator's."""
    body = json.dumps({"model": "gpt-4o", "input": "hi", **fields}).encode()
    return await ask(port, "POST", RESPONSES, headers=BEARER, body=body)


async def test_an_answer_is_read_again_and_forgotten() -> None:
    """The very same; what was asked is listed; to others there is none."""
    async with serve(House().app) as port:
        answer = await create(port)
        path = f"{RESPONSES}/{answer.json()['id']}"
        again = await ask(port, "GET", path, headers=BEARER)
        assert (again.status, again.json()) == (200, answer.json())
        items = await ask(port, "GET", f"{path}/input_items?order=asc", headers=BEARER)
        assert items.json()["data"][0]["content"] == [{"type": "input_text", "text": "hi"}]
        for method in ("GET", "DELETE"):
            foreign = await ask(port, method, path, headers=OTHER)
            assert foreign.json()["error"]["code"] == "previous_response_not_found"
            assert (await ask(port, method, path)).status == 401
        gone = await ask(port, "DELETE", path, headers=BEARER)
        assert gone.json()["deleted"]
        assert (await ask(port, "GET", path, headers=BEARER)).status == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/resp_1/input_items?limit=0", 400, "limit"),
        ("GET", "/resp_1/input_items?limit=x", 400, "limit"),
        ("GET", "/resp_1/input_items?order=up", 400, "order"),
        ("GET", "/resp_1?stream=true", 400, "stream"),
        ("POST", "/resp_1/cancel", 400, "background"),
        ("POST", "/compact", 400, "compact"),
        ("PUT", "/resp_1", 405, "PUT"),
        ("GET", "", 405, "POST"),
    ],
)
async def test_what_is_not_done_is_said(method: str, path: str, status: int, word: str) -> None:
    """In OpenAI's error object."""
    async with serve(House().app) as port:
        answer = await ask(port, method, f"{RESPONSES}{path}", headers=BEARER)
    assert answer.status == status
    assert word in answer.json()["error"]["message"]


async def test_a_websocket_is_declined() -> None:
    """With the status after which Codex goes on by HTTP at once."""
    wanted = {**BEARER, "Connection": "Upgrade", "Upgrade": "websocket"}
    async with serve(House().app) as port:
        answer = await ask(port, "GET", RESPONSES, headers=wanted)
    assert answer.status == 426
