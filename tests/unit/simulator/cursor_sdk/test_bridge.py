"""The simulated bridge answers as the genuine one was seen to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from cursor_api.simulator.cursor_sdk.bridge import VERSION, BridgeSimulator
from cursor_api.simulator.cursor_sdk.options import BridgeFaults, BridgeOptions, Refusal
from cursor_api.wire.connect import EnvelopeDecoder, encode_envelope
from tests.sdk_vectors import frames_of

Json = dict[str, Any]
REFUSALS = {"limited": Refusal(429, "resource_exhausted", "Too many")}


class Client:
    """Calls of a bridge over real sockets."""

    def __init__(self, session: httpx.AsyncClient, bridge: BridgeSimulator) -> None:
        self._session = session
        self.bridge = bridge

    async def call(self, method: str, body: Json, token: str | None = None) -> tuple[int, Json]:
        """A unary call."""
        headers = {"Authorization": f"Bearer {token or self.bridge.token}"}
        url = f"{self.bridge.url}/sdk.v1.{method}"
        answer = await self._session.post(url, json=body, headers=headers)
        return answer.status_code, answer.json()

    async def send(self, agent_id: str, text: str) -> list[Json]:
        """All items of a run, the end's JSON last."""
        body = encode_envelope(
            json.dumps({"agentId": agent_id, "message": {"text": text}}).encode()
        )
        headers = {
            "Authorization": f"Bearer {self.bridge.token}",
            "Content-Type": "application/connect+json",
        }
        url = f"{self.bridge.url}/sdk.v1.SdkAgentService/Send"
        answer = await self._session.post(url, content=body, headers=headers)
        assert answer.status_code == 200
        frames = EnvelopeDecoder(1 << 20, 1 << 20).feed(answer.content)
        return [json.loads(frame.payload) for frame in frames]

    async def create(self, **options: Any) -> str:
        """A new agent's id."""
        options = {"model": {"id": "composer-2.5"}, "apiKey": "k", "tools": {"names": []}} | options
        status, answer = await self.call("SdkAgentService/CreateAgent", {"options": options})
        assert status == 200, answer
        found: str = answer["agentId"]
        return found


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Client]:
    """A bridge and its client."""
    async with (
        BridgeSimulator(BridgeOptions(**options)) as bridge,
        httpx.AsyncClient() as session,
    ):
        yield Client(session, bridge)


def kinds(items: list[Json]) -> list[str]:
    """What each item is, repeated ones once."""
    found: list[str] = []
    for item in items:
        message = item.get("sdkMessage")
        kind = message["type"] if message else next((k for k in item if k != "offset"), "end")
        if not found or found[-1] != kind:
            found.append(kind)
    return found


async def test_its_unary_calls_are_the_genuine_ones() -> None:
    """Ping, version, catalogue; no token, no key, an unknown model, a limited key."""
    async with serving(refusals=REFUSALS) as client:
        assert await client.call("SdkBridgeControlService/Ping", {}) == (200, {"message": "pong"})
        assert await client.call("SdkBridgeControlService/GetVersion", {}) == (200, VERSION)
        status, answer = await client.call("SdkBridgeControlService/Ping", {}, "wrong")
        assert (status, answer) == (401, {"code": "unauthenticated", "message": "Unauthorized"})
        status, _ = await client.call("SdkCursorService/ListModels", {})
        assert status == 401
        options: Json = {"options": {"apiKey": "k", "model": {"id": "gpt-9"}}}
        status, answer = await client.call("SdkAgentService/CreateAgent", options)
        assert (status, answer["message"][:27]) == (400, "Cannot use this model: gpt-")
        options["options"]["apiKey"] = "limited"
        status, _ = await client.call("SdkAgentService/CreateAgent", options)
        assert status == 429


async def test_a_chat_has_the_genuine_order_of_frames() -> None:
    """Status, thinking, text, usage, status, result, done, end."""
    async with serving() as client:
        items = await client.send(await client.create(), "hello")
    genuine = kinds(frames_of("chat, text"))
    assert kinds(items) == [*genuine, "end"]
    said = "".join(
        item["sdkMessage"]["message"]["message"]["content"][0]["text"]
        for item in items
        if item.get("sdkMessage", {}).get("type") == "assistant"
    )
    assert items[-3]["result"]["result"]["result"] == said


async def test_an_unknown_agent_is_the_end_of_a_good_answer() -> None:
    """HTTP 200, one frame, an error in it."""
    async with serving() as client:
        assert await client.send("nope", "hello") == [
            {"error": {"code": "not_found", "message": "Unknown agent: nope"}}
        ]


@pytest.mark.parametrize(
    ("text", "status", "order"),
    [
        ("/sim error Usage limit", "ERROR", ["status", "result", "done", "end"]),
        ("/sim cancelled", "CANCELLED", ["status", "thinking", "assistant", "status", "result"]),
        ("/sim cut", "", ["status", "thinking", "assistant", "end"]),
        ("/sim unknown", "FINISHED", ["status", "holiday", "interactionUpdate", "somethingNew"]),
    ],
)
async def test_a_fault_shows_in_the_frames(text: str, status: str, order: list[str]) -> None:
    """As the genuine bridge ends such runs."""
    async with serving() as client:
        items = await client.send(await client.create(), text)
    assert kinds(items)[: len(order)] == order
    results = [item["result"]["status"] for item in items if "result" in item]
    assert results == ([f"RUN_LIFECYCLE_STATUS_{status}"] if status else [])


async def test_a_dropped_stream_leaves_the_run_spending() -> None:
    """Only CancelRun ends it; CloseAgent does not."""
    async with serving(faults=BridgeFaults(is_silent=True, keepalive_s=0.01)) as client:
        agent_id = await client.create()
        sending = asyncio.create_task(client.send(agent_id, "hello"))
        while not client.bridge.runs:
            await asyncio.sleep(0.01)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await client.call("SdkAgentService/CloseAgent", {"agentId": agent_id})
        assert client.bridge.running_count == 1
        run_id = next(iter(client.bridge.runs))
        await client.call("SdkAgentService/CancelRun", {"agentId": agent_id, "runId": run_id})
        assert client.bridge.running_count == 0
        assert await client.call("SdkAgentService/DeleteAgent", {"agentId": agent_id}) == (200, {})
        client.bridge.forget_agents()
        client.bridge.use_faults(BridgeFaults())
        assert client.bridge.asked("CancelRun")
