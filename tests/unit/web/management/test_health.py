"""`GET /`: the earlier program's fields with true values."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.management.health import memory_bytes
from cursor_api.web.parts import WebOptions
from tests.house import BEARER, House
from tests.serving import ask, serve


async def test_the_status_has_the_references_fields() -> None:
    """Scripts and probes read them."""
    async with serve(House().app) as port:
        body = (await ask(port, "GET", "/")).json()
        head = await ask(port, "HEAD", "/")
    assert head.status == 200
    assert (body["status"], body["version"]) == ("healthy", "1.2.3")
    assert isinstance(body["uptime"], int)
    started = datetime.fromisoformat(body["stats"]["started"])
    assert started.tzinfo is not None
    assert set(body["stats"]["memory"]) == {"heapTotal", "heapUsed", "rss"}
    assert body["models"] == ["gpt-4o"]
    assert {"/", "/logs", "/checksum", "/v1/models", "/v1/chat/completions"} <= set(
        body["endpoints"]
    )


async def test_the_counters_are_true_under_concurrency() -> None:
    """The earlier program's are not."""
    gate = asyncio.Event()
    house = House({"a": [gate]})
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}).encode()
    async with serve(house.app) as port:
        path = "/v1/chat/completions"
        requests = [
            asyncio.create_task(ask(port, "POST", path, headers=BEARER, body=body))
            for _ in range(5)
        ]
        while len(house.upstream.asked) < 5:
            await asyncio.sleep(0.01)
        stats = (await ask(port, "GET", "/")).json()["stats"]
        assert (stats["totalRequests"], stats["activeRequests"]) == (5, 5)
        gate.set()
        await asyncio.gather(*requests)
        stats = (await ask(port, "GET", "/")).json()["stats"]
        assert (stats["totalRequests"], stats["activeRequests"]) == (5, 0)


async def test_it_tells_whether_the_upstream_is_asked() -> None:
    """A failing upstream shows at a glance; what failed is for the log."""
    house = House()
    async with serve(house.app) as port:
        assert (await ask(port, "GET", "/")).json()["upstreams"] == {"fake": "closed"}
        outdated = Fault(FaultKind.CLIENT_OUTDATED, "Update.")
        house.endpoints["fake"].breakers.whole.record(outdated, house.clock.now(), is_probe=False)
        assert (await ask(port, "GET", "/")).json()["upstreams"] == {"fake": "open"}


def test_memory_is_measured() -> None:
    """The earlier program always says 0."""
    memory = memory_bytes()
    assert memory["rss"] is not None
    assert memory["heapUsed"] is not None
    assert memory["rss"] > 10_000_000
    assert 0 < memory["heapUsed"] <= memory["rss"]


@pytest.mark.parametrize(
    ("accept", "dest", "is_led"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "document", True),
        # A page of somebody else's in a frame, an image, a script, and programs.
        ("text/html,*/*", "iframe", False),
        ("text/html,*/*", "empty", False),
        ("*/*", "document", False),
        ("text/html", "", False),
        ("", "", False),
    ],
)
async def test_a_browser_that_goes_there_is_led_to_the_console(
    accept: str,
    dest: str,
    *,
    is_led: bool,
) -> None:
    """Everybody else gets the JSON; no cache may mix them up."""
    house = House(options=WebOptions(version="1", route_prefix="/hf"))
    headers = {name: v for name, v in {"Accept": accept, "Sec-Fetch-Dest": dest}.items() if v}
    async with serve(house.app) as port:
        for path in ("/", "/hf/"):
            answer = await ask(port, "GET", path, headers=headers)
            assert answer.headers["vary"] == "Accept, Sec-Fetch-Dest"
            assert answer.status == (302 if is_led else 200)
            if is_led:
                assert answer.headers["location"] == "console"
                assert (await ask(port, "GET", f"{path}console")).status == 200
