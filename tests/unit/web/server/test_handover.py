"""An address is left to another server, and nobody notices."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from cursor_api.installed import DIALECTS
from cursor_api.web.server import handover
from cursor_api.web.server.lifecycle import Lifecycle
from cursor_api.web.server.server import GatewayServer, ServerOptions, create_server
from cursor_api.web.server.serving import Message, Receive, Send
from tests.serving import ask


class Answering:
    """An application that says who it is, after a while where it is asked to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.go_on = asyncio.Event()
        self.is_asked = asyncio.Event()
        self.lifecycle = Lifecycle()

    async def __call__(self, scope: Message, _receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["path"] == "/slow":
            self.is_asked.set()
            await self.go_on.wait()
        body = self.name.encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(app: Answering, listener: socket.socket) -> AsyncIterator[GatewayServer]:
    """Serve at a copy of the listener, as another process does that inherits it."""
    options = ServerOptions(shutdown_grace_s=5)
    server = create_server(app, options, DIALECTS[0].fault, app.lifecycle)
    task = asyncio.create_task(server.serve(sockets=[listener.dup()]))
    while not server.started:
        await asyncio.sleep(0)
    yield server
    if not server._is_retiring:
        server.stop()
    async with asyncio.timeout(10):
        await task


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """The address of both."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


async def get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> bytes:
    """One answer on an open connection."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    return head.lower() + await reader.readexactly(3)


async def test_who_is_connected_is_served_and_then_told_to_go_elsewhere(
    listener: socket.socket,
) -> None:
    """Neither an answer that runs nor a connection that waits is cut; new ones are the other's."""
    old, new = Answering("old"), Answering("new")
    port = listener.getsockname()[1]
    async with serving(new, listener) as other:
        async with serving(old, listener) as server:
            # Before anybody can come to the new one.
            assert other.started
            # One of the two has each; enough connections that the old one has some.
            opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(16)]
            named = [(await get(*one, "/"), one) for one in opened]
            [kept, busy, *_] = [one for answer, one in named if answer.endswith(b"old")]
            slow = asyncio.create_task(get(*busy, "/slow"))
            await old.is_asked.wait()
            server.retire()
            # It is no longer one that a request can be sent to, and serves those that it has.
            assert (old.lifecycle.is_leaving, old.lifecycle.is_draining) == (True, False)
            await asyncio.sleep(0)
            last = await get(*kept, "/")
            assert last.endswith(b"old")
            assert b"connection: close" in last
            assert await kept[0].read() == b""
            for _ in range(8):
                assert (await ask(port, "GET", "/")).body == b"new"
            old.go_on.set()
            assert (await slow).endswith(b"old")
            assert await busy[0].read() == b""
        for _, writer in opened:
            writer.close()


async def test_an_idle_connection_is_closed_after_a_while(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the old process would stay for as long as it is open."""
    monkeypatch.setattr(handover, "IDLE_S", 0.05)
    async with serving(Answering("old"), listener) as server:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        assert (await get(reader, writer, "/")).endswith(b"old")
        server.retire()
        assert await reader.read() == b""
        writer.close()


async def test_a_stop_signal_ends_it_sooner(listener: socket.socket) -> None:
    """It drains then, as any other does."""
    old = Answering("old")
    async with serving(old, listener) as server:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        slow = asyncio.create_task(get(reader, writer, "/slow"))
        await old.is_asked.wait()
        server.retire()
        await asyncio.sleep(0)
        server.stop()
        old.go_on.set()
        assert (await slow).endswith(b"old")
        writer.close()
