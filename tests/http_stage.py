"""An HTTP client and a raw server that misbehaves on purpose."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cursor_api.domain.errors import Fault
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.dialing import Address, Names
from cursor_api.transport.line import Body
from cursor_api.transport.target import Place
from tests.scripted_server import Handler, ScriptedServer, Turn

CERTIFICATES = Path(__file__).parent / "vectors" / "tls"
AUTHORITY = CERTIFICATES / "authority.pem"


def server_tls(name: str, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """What a server with this certificate speaks, in this version alone."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATES / f"{name}.pem")
    if version is not None:
        tls.minimum_version = tls.maximum_version = version
    return tls


class TwoAddresses(Names):
    """Where any name leads."""

    async def find(self, place: Place) -> Sequence[Address]:
        """Two on this machine."""
        tcp = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*tcp, (host, place.port)) for host in ("127.0.0.2", "127.0.0.1")]


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
