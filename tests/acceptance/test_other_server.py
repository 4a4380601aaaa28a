"""The app under a server that is not ours: it is plain ASGI, whoever serves it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn

from tests.house import BEARER, House
from tests.serving import ask


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where the app is served."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            House().app, interface="asgi3", lifespan="off", log_config=None, ws="none"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.005)
        yield listening.getsockname()[1]
        server.should_exit = True
        await serving


@pytest.mark.parametrize("stream", ["false", "true"])
async def test_it_answers_there_as_well(port: int, stream: str) -> None:
    """A chat, streamed or not, and a refusal."""
    body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"stream":%b}'
    sent = body % stream.encode()
    answer = await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=sent)
    assert answer.status == 200
    assert b"Hel" in answer.body
    assert answer.body.rstrip().endswith(b"[DONE]" if stream == "true" else b"}")
    assert (await ask(port, "POST", "/v1/chat/completions", body=sent)).status == 401
    assert (await ask(port, "GET", "/v1/models")).status == 200
