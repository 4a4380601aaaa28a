"""One definition of answered, failed, refused and cancelled: every view counts the same.

A mix of requests goes through a served gateway over sockets. Then each address that tells how many
there were, and what they used, is asked.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from cursor_api.bootstrap import build_gateway, file_stores
from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from cursor_api.telemetry.redaction import Redactor
from tests.openai_stage import DONE, chunk, event
from tests.scripted_server import ScriptedServer, Turn
from tests.serving import ask, serve

KEY = "a-key-for-acceptance-tests"
BEARER = {"Authorization": f"Bearer {KEY}"}
USAGE = {"prompt_tokens": 10, "completion_tokens": 9, "total_tokens": 19}
# What the gateway is asked for, and how often.
ANSWERS, FAILURES, REFUSALS, WRONG_KEYS = 35, 4, 5, 6
PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
TOML = """\
[[upstream]]
name = "mine"
kind = "openai"
base_url = "{url}"
api_key = "sk-of-the-upstream-0123456789"
models = ["good", "broken", "slow"]
"""


async def answer(turn: Turn) -> None:
    """As many tokens each time; one model always fails, one stops in the middle of its answer."""
    asked = json.loads(turn.body)
    if asked["model"] == "broken":
        body = json.dumps({"error": {"message": "It broke.", "type": "server_error"}})
        await turn.answer(body.encode(), 400, content_type="application/json")
    elif asked.get("stream"):
        await turn.head(content_type="text/event-stream")
        await turn.chunk(chunk({"role": "assistant", "content": "Hello"}))
        if asked["model"] == "slow":
            await turn.gone()
            return
        await turn.chunk(chunk(finish_reason="stop"))
        await turn.chunk(event({"choices": [], "usage": USAGE}) + DONE)
        await turn.end()
    else:
        message = {"role": "assistant", "content": "Hello"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = {"id": "1", "object": "chat.completion", "choices": [choice], "usage": USAGE}
        await turn.answer(json.dumps(whole).encode(), content_type="application/json")


def body_of(path: str, model: str, *, is_stream: bool) -> bytes:
    """A request in this client API."""
    text: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 50}
    if path == "/v1/responses":
        text = {"input": "hi"}
    return json.dumps({"model": model, "stream": is_stream, **text}).encode()


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[int]:
    """A gateway with files of its own, in front of that upstream; gives its port."""
    async with ScriptedServer(answer) as upstream:
        (folder / "cursor-api.toml").write_text(TOML.format(url=upstream.url))
        environ = {"AUTH_TOKEN": KEY, "GATEWAY_WRONG_KEYS_MAX": "0"}
        loaded = load_settings(SCHEMA, environ, folder)
        async with (
            build_gateway(loaded.settings, file_stores(loaded.settings), Redactor()) as gateway,
            serve(gateway.app) as port,
        ):
            yield port


async def leave_early(port: int) -> None:
    """Ask for a stream and go when it has begun."""
    body = body_of(PATHS[0], "slow", is_stream=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {PATHS[0]} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Authorization: Bearer {KEY}\r\n\r\n".encode() + body)
    await reader.readuntil(b"Hello")
    writer.close()


async def send_the_mix(port: int) -> None:
    """All of it, several at once."""
    gate = asyncio.Semaphore(8)

    async def send(number: int, model: str, headers: dict[str, str], status: int) -> None:
        path = PATHS[number % len(PATHS)]
        body = body_of(path, model, is_stream=number % 2 == 0)
        async with gate:
            got = await ask(port, "POST", path, headers=headers, body=body)
        assert got.status == status, got

    async with asyncio.TaskGroup() as group:
        for number in range(ANSWERS):
            group.create_task(send(number, "good", BEARER, 200))
        for number in range(FAILURES):
            group.create_task(send(number, "broken", BEARER, 400))
        for number in range(REFUSALS):
            group.create_task(send(number, "no-such-model", BEARER, 404))
        for number in range(WRONG_KEYS):
            wrong = {"Authorization": f"Bearer wrong-key-{number}"}
            group.create_task(send(number, "good", wrong, 401))
        group.create_task(leave_early(port))


async def get(port: int, path: str) -> Any:
    """What an address says."""
    got = await ask(port, "GET", path, headers=BEARER)
    assert got.status == 200, got
    return got.json()


async def rows_of(port: int) -> list[dict[str, Any]]:
    """All requests, page by page."""
    rows: list[dict[str, Any]] = []
    page = await get(port, "/api/requests?count=10")
    while True:
        rows += page["requests"]
        if page["continue_from"] is None:
            return rows
        page = await get(port, f"/api/requests?count=10&before={page['continue_from']}")


async def samples_of(port: int) -> dict[str, Counter[str]]:
    """The metrics, each by the label that says what is counted."""
    got = await ask(port, "GET", "/metrics", headers=BEARER)
    found: dict[str, Counter[str]] = {}
    for family in text_string_to_metric_families(got.body.decode()):
        for sample in family.samples:
            what = next(filter(None, map(sample.labels.get, ("outcome", "kind", "fault"))), "")
            found.setdefault(sample.name, Counter())[what] += int(sample.value)
    return found


async def test_every_view_counts_the_same(tmp_path: Path) -> None:
    """35 answers, 350 tokens in, 315 out, wherever one looks; and what was none is no answer."""
    async with served(tmp_path) as port:
        await send_the_mix(port)
        while (now := await get(port, "/api/now"))["under_way_count"]:
            await asyncio.sleep(0.01)
        rows = await rows_of(port)
        usage, usage_by_day = [
            await get(port, f"/api/usage?by={by}&zone=Asia/Kolkata") for by in ("hour", "day")
        ]
        logs = (await get(port, "/logs"))["logs"]
        metrics = await samples_of(port)

    seen = {"answered": 35, "input": 350, "output": 315}
    others = {"refused": FAILURES + REFUSALS, "cancelled": 1, "failed": 0}
    for totals in (now["last_24h"], usage["totals"], usage_by_day["totals"]):
        assert {name: totals[name] for name in (*seen, *others)} == seen | others
    statuses = Counter(row["status"] for row in rows)
    assert statuses == {"success": 35, "refused": others["refused"], "cancelled": 1}
    answered = [row for row in rows if row["status"] == "success"]
    assert sum(row["is_stream"] for row in answered) in {17, 18}
    assert sum(row["usage"]["input"] for row in answered) == 350
    assert sum(row["usage"]["output"] for row in answered) == 315
    assert {row["dialect"] for row in answered} == {
        "openai_chat",
        "openai_responses",
        "anthropic_messages",
    }
    shown = [one for one in logs if one["status"] == "success"]
    assert len(shown) == 35
    assert len(logs) == len(rows)
    assert sum(one["usage"]["prompt_tokens"] for one in shown) == 350
    assert sum(one["usage"]["completion_tokens"] for one in shown) == 315
    assert metrics["cursor_api_requests_total"] == Counter(others | {"answered": 35})
    tokens = metrics["cursor_api_tokens_total"]
    assert (tokens["input"], tokens["output"]) == (350, 315)
    assert tokens["output_estimated"] == usage["totals"]["output_estimated"]
    # A wrong key is no row, and it is counted.
    wrong = {one["fault"]: one["count"] for one in usage["refusals"]}
    assert wrong == {"unauthenticated": WRONG_KEYS}
    assert metrics["cursor_api_refusals_total"]["unauthenticated"] == WRONG_KEYS
    assert KEY not in str(rows) + str(logs)
