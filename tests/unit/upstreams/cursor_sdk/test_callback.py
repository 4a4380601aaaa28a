"""Where the bridge runs tools."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from cursor_api.upstreams.cursor_sdk.callback import (
    BODY_BYTES_MAX,
    PATH,
    CustomToolCall,
    ToolServer,
)
from cursor_api.upstreams.cursor_sdk.tool_calls import ToolAnswer

GOOD = b'{"toolName":"f","args":{"n":1e2},"toolCallId":"c","agentId":"a","more":1}'


async def echo(call: CustomToolCall) -> ToolAnswer:
    """What it was given."""
    return ToolAnswer(200, b"%s %s %s" % (call.tool_name.encode(), call.args, b"!"))


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (GOOD, 200, b'f {"n":1e2} !'),
        (b'{"toolName":"f","agentId":"a"}', 200, b"f {} !"),
        (b'{"toolName":"f","agentId":"a","args":[1]}', 400, b"cannot be read"),
        (b'{"agentId":"a"}', 400, b"cannot be read"),
        (b"{", 400, b"cannot be read"),
        (b"", 400, b"cannot be read"),
        (b" " * (BODY_BYTES_MAX + 1), 400, b"too large"),
    ],
)
async def test_a_call_is_answered_by_what_it_says(body: bytes, status: int, said: bytes) -> None:
    """In chunks or in one piece; the arguments stay as they came."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1 << 20):
            yield body[start : start + (1 << 20)]

    async with ToolServer(echo) as server, httpx.AsyncClient() as session:
        there = await server.listen()
        url = there.url + PATH
        headers = {"Authorization": f"Bearer {there.token.reveal()}"}
        for content in (body, pieces()):
            answer = await session.post(url, content=content, headers=headers)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/json"
            assert said in answer.content


async def test_only_who_has_the_token_is_let_in() -> None:
    """On the loopback alone; and nothing is told of the token."""
    async with ToolServer(echo) as server, httpx.AsyncClient() as session:
        assert repr(server) == "ToolServer(closed)"
        there = await server.listen()
        assert there.url.startswith("http://127.0.0.1:")
        assert await server.listen() == there
        for shown in (b"", b"Bearer", b"Bearer wrong", b"Bearer \xff"):
            headers = {b"Authorization": shown} if shown else {}
            answer = await session.post(there.url + PATH, content=GOOD, headers=headers)
            assert answer.status_code == 401
        good = {"Authorization": f"Bearer {there.token.reveal()}"}
        answer = await session.post(f"{there.url}/else", content=GOOD, headers=good)
        assert answer.status_code == 404
        assert there.token.reveal() not in repr(server)
    assert repr(server) == "ToolServer(closed)"


async def test_a_bridge_that_is_gone_waits_for_nothing() -> None:
    """Whoever was to answer is told."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(_call: CustomToolCall) -> ToolAnswer:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    async with ToolServer(wait) as server, httpx.AsyncClient() as session:
        there = await server.listen()
        headers = {"Authorization": f"Bearer {there.token.reveal()}"}
        asking = asyncio.create_task(session.post(there.url + PATH, content=GOOD, headers=headers))
        await asyncio.wait_for(begun.wait(), 10)
        asking.cancel()
        await asyncio.wait_for(ended.wait(), 10)
