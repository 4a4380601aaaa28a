"""An HTTP client and a raw server that misbehaves on purpose."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest

from cursor_api.domain.errors import Fault
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.line import Body
from tests.scripted_server import Handler, ScriptedServer, Turn


@asynccontextmanager
async def reach(
    handler: Handler, options: HttpOptions | None = None
) -> AsyncIterator[tuple[HttpClient, ScriptedServer]]:
    """A client and a server that does what `handler` says."""
    async with (
        ScriptedServer(handler) as server,
        HttpClient(options or HttpOptions()) as client,
    ):
        yield client, server


async def fetch(client: HttpClient, url: str, body: Body = b"q") -> bytes:
    """A whole answer's body."""
    pieces = []
    headers = {"x-test": "1", "Content-Type": "text/plain"}
    async with client.open_post(url, headers, body) as answer:
        while data := await answer.read():
            pieces.append(data)
        answer.mark_finished()
    return b"".join(pieces)


async def fault_of(doing: Awaitable[object]) -> Fault:
    """The fault something ends with."""
    with pytest.raises(Fault) as caught:
        await doing
    return caught.value


async def greet(turn: Turn) -> None:
    """A small chunked answer."""
    await turn.head()
    await turn.chunk(b"hello")
    await turn.end()
