"""An answer that comes before its request is whole reaches its client."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

import pytest

from cursor_api.web import connection
from cursor_api.web import server as server_module
from cursor_api.web.parting import PartingTransport
from cursor_api.web.server import ServerOptions
from tests.serving import parse_answer, serve

# More than both sides' socket buffers hold, so that the client is still sending.
BODY = b"x" * 8_000_000
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n"


@pytest.fixture(autouse=True, params=["httptools", "h11"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both, as both are used."""
    monkeypatch.setattr(server_module, "HAS_HTTPTOOLS", request.param == "httptools")
    return str(request.param)


class Hasty:
    """An app that answers without reading."""

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.headers = [(b"content-length", b"4"), *headers]

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        """Say no to the first piece."""
        await receive()
        await send({"type": "http.response.start", "status": 413, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"much"})


async def send_all(port: int, head: bytes, body: bytes) -> bytes:
    """As simple clients do it: all of the request, then all of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head)
        for at in range(0, len(body), 65_536):
            writer.write(body[at : at + 65_536])
            await writer.drain()
            await asyncio.sleep(0)
        return await reader.read()
    finally:
        writer.close()


async def send_for_ever(port: int) -> None:
    """A body that does not end."""
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD % (b"", 10**12))
    try:
        while True:
            writer.write(b"x" * 1000)
            await writer.drain()
            await asyncio.sleep(0.01)
    finally:
        writer.close()


@pytest.mark.parametrize("side", ["client", "server"])
async def test_a_client_that_sends_all_first_reads_its_answer(side: str) -> None:
    """Whoever it was that wanted the connection to end."""
    close = (b"connection", b"close")
    app = Hasty([close] if side == "server" else [])
    head = HEAD % (b"Connection: close\r\n" if side == "client" else b"", len(BODY))
    async with serve(app) as port, asyncio.timeout(10):
        for _ in range(5):
            answer = parse_answer(await send_all(port, head, BODY))
            assert (answer.status, answer.body, answer.headers["connection"]) == (
                413,
                b"much",
                "close",
            )


async def test_a_client_that_never_ends_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have said that it would send for ever."""
    monkeypatch.setattr(connection, "PART_S", 0.2)
    async with serve(Hasty([(b"connection", b"close")]), ServerOptions()) as port:
        began_at = time.monotonic()
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(send_for_ever(port), 10)
        assert time.monotonic() - began_at < 5


async def test_what_follows_an_early_answer_is_no_request() -> None:
    """The rest of a body may look like one."""
    inner = b"POST /second HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    app = Hasty([(b"connection", b"close")])
    async with serve(app) as port:
        raw = await send_all(port, HEAD % (b"", 1000 + len(inner)), b"x" * 500)
        assert raw.count(b"HTTP/1.1 413") == 1
        raw = await send_all(port, HEAD % (b"", 10), b"x" * 10 + inner)
        assert raw.count(b"HTTP/1.1 413") == 1


async def test_a_lost_connection_waits_for_no_collector() -> None:
    """Thousands of them an hour are memory, if something of each goes in a circle."""
    async with serve(Hasty([])) as port:

        async def talk() -> None:
            await send_all(port, HEAD % (b"Connection: close\r\n", 0), b"")
            await asyncio.sleep(0.05)

        def transports() -> set[int]:
            return {id(one) for one in gc.get_objects() if isinstance(one, PartingTransport)}

        await talk()
        gc.collect()
        gc.disable()
        try:
            before = transports()
            await talk()
            assert transports() <= before
        finally:
            gc.enable()
