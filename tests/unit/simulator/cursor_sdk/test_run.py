"""A simulated run calls the adapter's tools over real sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.simulator.cursor_sdk.run import CALL_PATH
from cursor_api.transport.loopback import Call, LoopbackServer, Reply
from tests.unit.simulator.cursor_sdk.test_bridge import Client, serving

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
Json = dict[str, Any]


class Adapter:
    """Serves tools: answers, or fails with what is its `error`."""

    def __init__(self, error: str = "") -> None:
        self.asked: list[Json] = []
        self._error = error

    async def __aenter__(self) -> str:
        self._server = LoopbackServer(self._serve, 1 << 20)
        await self._server.start()
        return f"http://127.0.0.1:{self._server.port}"

    async def __aexit__(self, *_: object) -> None:
        await self._server.close(1)

    async def _serve(self, request: Call) -> Reply:
        assert request.path == CALL_PATH
        assert request.headers["authorization"] == "Bearer theirs"
        assert request.headers["transfer-encoding"] == "chunked"
        self.asked.append(json.loads(await request.read()))
        if self._error:
            return Reply(400, json.dumps({"code": "unknown", "message": self._error}).encode())
        content = [{"type": "text", "text": "sunny"}]
        return Reply(200, json.dumps({"result": {"content": content}}).encode())


async def run(client: Client, url: str, text: str) -> list[Json]:
    """All items of a run of an agent with two tools."""
    body = {"url": url, "authToken": "theirs"}
    await client.call("SdkBridgeControlService/SetToolCallback", body)
    tools = {"get_weather": {"inputSchema": CITY}, "get_time": {"inputSchema": CITY}}
    agent_id = await client.create(local={"customTools": tools}, tools={"names": ["mcp"]})
    return await client.send(agent_id, text)


@pytest.mark.parametrize(
    ("text", "error", "names", "said"),
    [
        ("weather in Rome", "", ["get_weather"], "get_weather (Rome) says: sunny"),
        ("get_weather and get_time", "", ["get_weather", "get_time"], "Here is what I found:"),
        ("weather in Rome", "no", ["get_weather"], "get_weather (Rome) failed: no"),
        ("weather\n/sim repeat call", "", ["get_weather"] * 2, "get_weather (Paris) says: sunny"),
        ("weather\n/sim unknown tool", "", ["nobody_gave_this"], "nobody_gave_this (to see) says"),
    ],
)
async def test_the_adapter_is_called_and_its_answer_told(
    text: str, error: str, names: list[str], said: str
) -> None:
    """With the arguments, in chunks; the frames tell of the call before and after it."""
    adapter = Adapter(error)
    async with adapter as url, serving() as client:
        items = await run(client, url, text)
    assert [one["toolName"] for one in adapter.asked] == names
    result = next(item["result"] for item in items if "result" in item)
    assert result["result"]["result"].startswith(said)
    calls = [
        item["sdkMessage"]["message"]
        for item in items
        if item.get("sdkMessage", {}).get("type") == "tool_call"
    ]
    running = [one for one in calls if one["status"] == "running"]
    assert [one["call_id"] for one in running] == [one["toolCallId"] for one in adapter.asked]
    assert {one["status"] for one in calls} == {"running", "error" if error else "completed"}


async def test_an_agent_without_mcp_has_no_tools() -> None:
    """An empty list of names switches custom tools off as well."""
    adapter = Adapter()
    async with adapter as url, serving() as client:
        body = {"url": url, "authToken": "theirs"}
        await client.call("SdkBridgeControlService/SetToolCallback", body)
        tools = {"get_weather": {"inputSchema": CITY}}
        await client.send(await client.create(local={"customTools": tools}), "weather in Rome")
    assert adapter.asked == []
