"""The HTTP client against a raw server."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import FaultKind
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.line import PIECE_BYTES
from tests.http_stage import fault_of, fetch, greet, reach
from tests.scripted_server import ScriptedServer

CERTIFICATE = Path(__file__).parents[2] / "vectors" / "localhost.pem"


async def test_only_the_named_headers_are_sent() -> None:
    """Nothing goes out besides what was named, the host and the length."""
    async with reach(greet) as (client, server):
        assert await fetch(client, server.url + "/a/b") == b"hello"
        turn = server.requests[0]
    assert turn.line == "POST /a/b HTTP/1.1"
    named = ["content-length", "content-type", "host", "x-test"]
    assert sorted(name.lower() for name in turn.names) == named
    assert turn.body == b"q"


async def test_a_get_has_no_body_and_the_operators_headers() -> None:
    """Nothing goes out besides what was named; it is counted and freed as any answer is."""
    own = [("x-team", Secret("red")), ("X-Test", Secret("not this one"))]
    async with ScriptedServer(greet) as server, HttpClient(HttpOptions(), own) as client:
        async with client.open_get(server.url + "/list", {"x-test": "1"}) as answer:
            assert (answer.status, await answer.read(), client.open_count) == (200, b"hello", 1)
            assert await answer.read() == b""
        assert client.open_count == 0
        turn = server.requests[0]
    assert turn.line == "GET /list HTTP/1.1"
    assert {name.lower() for name in turn.names} == {"host", "x-test", "x-team"}
    assert (turn.headers["x-test"], turn.headers["x-team"], turn.body) == ("1", "red", b"")


async def test_a_large_body_goes_out_whole() -> None:
    """A body above one piece arrives unchanged, with its length stated."""
    body = bytes(range(256)) * (8 * PIECE_BYTES // 256 + 1)
    async with reach(greet) as (client, server):
        await fetch(client, server.url, body)
        await fetch(client, server.url, [body[:1], body[1:-3], body[-3:]])
        assert [turn.body for turn in server.requests] == [body, body]
        assert {turn.headers["content-length"] for turn in server.requests} == {str(len(body))}


@pytest.mark.parametrize("options", [None, CERTIFICATE], ids=["system", "with ca_file"])
async def test_tls_is_verified(options: Path | None) -> None:
    """A certificate nobody vouches for is refused; with its authority named it is accepted."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE)
    async with (
        ScriptedServer(greet, tls) as server,
        HttpClient(HttpOptions(ca_file=options)) as client,
    ):
        if options is None:
            fault = await fault_of(fetch(client, server.url))
            assert fault.kind is FaultKind.UNREACHABLE
            assert "certificate" in fault.message
        else:
            assert await fetch(client, server.url) == b"hello"


async def test_a_plain_server_behind_https_is_a_tls_failure() -> None:
    """Speaking TLS to a server that does not is told apart from a refused connection."""

    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, HttpClient(HttpOptions()) as client:
        fault = await fault_of(fetch(client, f"https://127.0.0.1:{port}"))
    assert fault.kind is FaultKind.UNREACHABLE
    assert "TLS" in fault.message


def test_the_repr_tells_how_busy_the_client_is() -> None:
    """Tests and operators read it."""
    assert repr(HttpClient(HttpOptions(connections_max=7))) == "HttpClient(open=0 of 7)"
