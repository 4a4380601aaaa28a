"""The probes, and what every other address says meanwhile."""

from __future__ import annotations

import pytest

from cursor_api.web.parts import WebOptions
from tests.house import BEARER, House
from tests.serving import ask, serve

READY = {"status": "ready", "ready": True, "can_answer": True, "reason": None}
DRAINING = {"status": "draining", "ready": False, "can_answer": False, "reason": "draining"}


async def test_the_probes_ask_for_no_key_and_answer_behind_the_prefix_too() -> None:
    """A platform has no key, and knows only the bare address or only the proxied one."""
    house = House(options=WebOptions(version="1", route_prefix="/hf"))
    async with serve(house.app) as port:
        for base in ("", "/hf"):
            live = await ask(port, "GET", f"{base}/livez")
            ready = await ask(port, "GET", f"{base}/readyz")
            assert (live.status, live.json()) == (200, {"status": "alive"})
            assert (ready.status, ready.json()) == (200, READY)
            assert (await ask(port, "HEAD", f"{base}/readyz")).status == 200
            assert (await ask(port, "POST", f"{base}/readyz")).status == 405


async def test_a_gateway_without_credentials_is_ready() -> None:
    """The first one is added through this listener; until then it says why nobody is answered."""
    async with serve(House(script={}).app) as port:
        ready = await ask(port, "GET", "/readyz")
    assert ready.status == 200
    assert ready.json() == READY | {"can_answer": False, "reason": "no_credentials"}


async def test_a_draining_gateway_lives_and_is_not_ready() -> None:
    """No restart, no new requests."""
    house = House(options=WebOptions(version="1", route_prefix="/hf"))
    async with serve(house.app) as port:
        house.lifecycle.drain()
        for base in ("", "/hf"):
            assert (await ask(port, "GET", f"{base}/livez")).status == 200
            ready = await ask(port, "GET", f"{base}/readyz")
            assert (ready.status, ready.json()) == (503, DRAINING)
            assert ready.headers["retry-after"] == "1"
            assert ready.headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/", "/logs", "/nowhere"])
async def test_a_draining_gateway_tells_everybody_to_come_again(path: str) -> None:
    """In the shape that OpenAI's clients retry at."""
    house = House()
    async with serve(house.app) as port:
        house.lifecycle.drain()
        answer = await ask(port, "POST", path, headers=BEARER, body=b"{}")
    assert answer.status == 503
    assert answer.json()["error"]["code"] == "overloaded"
    assert (answer.headers["retry-after"], answer.headers["connection"]) == ("1", "close")
