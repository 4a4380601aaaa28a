"""What all connections of one listener have in common."""

from __future__ import annotations

import asyncio
from typing import Any

from cursor_api.installed import DIALECTS
from cursor_api.web.server.limits import ConnectionLimits
from cursor_api.web.server.protocol import HttpConnection
from cursor_api.web.server.serving import Serving
from tests.unit.web.server.raw_client import GET
from tests.waiting import until


async def test_it_knows_who_is_connected_and_what_runs() -> None:
    """Until each is over."""
    is_over = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await is_over.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    serving = Serving(app, ConnectionLimits(), DIALECTS[0].fault, 75.0)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpConnection(serving, loop), "127.0.0.1", 0)
    async with server:
        assert repr(serving) == "Serving(0 connections, 0 requests)"
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(GET)
        await until(lambda: repr(serving) == "Serving(1 connections, 1 requests)")
        is_over.set()
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 No Content\r\n")
        assert repr(serving) == "Serving(1 connections, 0 requests)"
        writer.close()
        await until(lambda: not serving.connections)
    serving.watch.close()
