"""The HTTP client against a raw server that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import gc
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport import client as client_module
from cursor_api.transport.client import LINGER_S, READ_BYTES_MAX, HttpClient, HttpOptions
from cursor_api.transport.sending import ONE_PIECE_BYTES_MAX, Body
from tests.scripted_server import Handler, ScriptedServer, Turn
from tests.simulation.virtual_loop import virtual_time
from tests.simulation.virtual_network import Link, VirtualNetwork

CERTIFICATE = Path(__file__).parents[2] / "vectors" / "localhost.pem"


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
        answer.finish()
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


async def test_only_the_named_headers_are_sent() -> None:
    """Nothing goes out besides what was named, the host and the length."""
    async with reach(greet) as (client, server):
        assert await fetch(client, server.url + "/a/b") == b"hello"
        turn = server.requests[0]
    assert turn.line == "POST /a/b HTTP/1.1"
    named = ["content-length", "content-type", "host", "x-test"]
    assert sorted(name.lower() for name in turn.names) == named
    assert turn.body == b"q"


async def test_one_connection_serves_one_request_after_another() -> None:
    """An answer read to its end leaves its connection to the next request."""
    async with reach(greet) as (client, server):
        for _ in range(5):
            await fetch(client, server.url)
        assert server.connection_count == 1
        assert client.open_count == 0


async def test_a_finished_answer_keeps_its_connection_when_its_end_comes_late() -> None:
    """Leaving does not wait for the end of the HTTP body, and does not throw the line away."""

    async def late_end(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"x")
        await asyncio.sleep(0.05)
        await turn.end()

    async with reach(late_end) as (client, server):
        for _ in range(2):
            async with client.open_post(server.url, {}, b"") as answer:
                assert await answer.read() == b"x"
                answer.finish()
                started = asyncio.get_running_loop().time()
            assert asyncio.get_running_loop().time() - started < 0.04
            await asyncio.sleep(0.1)
        assert server.connection_count == 1


async def test_a_body_that_never_ends_is_given_up_behind_the_callers_back() -> None:
    """A finished answer whose body stays open loses its connection after the linger time."""

    async def no_end(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"x")

    async with reach(no_end) as (client, server):
        async with client.open_post(server.url, {}, b"") as answer:
            await answer.read()
            answer.finish()
        async with asyncio.timeout(LINGER_S + 2):
            await server.closed_by_peer.wait()


async def test_a_client_that_closes_takes_what_lingers_with_it() -> None:
    """Nothing is left for the garbage collector to complain about."""

    async def no_end(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"x")

    async with reach(no_end) as (client, server):
        async with client.open_post(server.url, {}, b"") as answer:
            await answer.read()
            answer.finish()
        del answer
    gc.collect()


async def test_leaving_early_closes_the_connection_at_once() -> None:
    """An answer left in its middle is not drained: the server sees the end within a moment."""

    async def stall(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"x")

    async with reach(stall) as (client, server):
        async with client.open_post(server.url, {}, b"") as answer:
            await answer.read()
        async with asyncio.timeout(0.5):
            await server.closed_by_peer.wait()
        assert client.open_count == 0


async def test_being_cancelled_while_waiting_closes_the_connection() -> None:
    """A caller that leaves before the head frees the socket as well."""
    arrived = asyncio.Event()

    async def silent(turn: Turn) -> None:
        assert turn.line
        arrived.set()
        await turn.gone()

    async with reach(silent) as (client, server):
        task = asyncio.create_task(fetch(client, server.url))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client.open_count == 0
        async with asyncio.timeout(0.5):
            await server.closed_by_peer.wait()


async def test_a_read_gives_no_more_than_its_limit() -> None:
    """What came at once is given in pieces, and none of it is lost to the connection's end."""
    body = bytes(range(256)) * 200
    pieces = []

    async def burst(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(body)
        turn.close()

    async with reach(burst) as (client, server), client.open_post(server.url, {}, b"") as answer:
        pieces.append(await answer.read())
        # By now the rest is here, and the connection's end behind it.
        await server.closed_by_peer.wait()
        await asyncio.sleep(0.05)
        while sum(map(len, pieces)) < len(body):
            pieces.append(await answer.read())
        fault = await fault_of(answer.read())
    assert fault.kind is FaultKind.INCOMPLETE
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) == READ_BYTES_MAX


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    """Where an upstream points elsewhere, nothing goes there."""

    async def elsewhere(turn: Turn) -> None:
        await turn.answer(b"", 302, location="/other")

    async with reach(elsewhere) as (client, server):
        async with client.open_post(server.url, {}, b"") as answer:
            assert answer.status == 302
        assert len(server.requests) == 1


async def test_a_compressed_body_is_left_as_it_is() -> None:
    """Inflating is the business of a decoder with a limit, not of the HTTP client."""

    async def compressed(turn: Turn) -> None:
        await turn.answer(b"not gzip at all", content_encoding="gzip")

    async with reach(compressed) as (client, server):
        assert await fetch(client, server.url) == b"not gzip at all"


async def test_a_large_body_goes_out_whole() -> None:
    """A body above one piece arrives unchanged, with its length stated."""
    body = bytes(range(256)) * (ONE_PIECE_BYTES_MAX // 256 + 1)
    async with reach(greet) as (client, server):
        await fetch(client, server.url, body)
        await fetch(client, server.url, [body[:1], body[1:-3], body[-3:]])
        assert [turn.body for turn in server.requests] == [body, body]
        assert {turn.headers["content-length"] for turn in server.requests} == {str(len(body))}


@pytest.mark.parametrize("count", [0, 2])
async def test_a_body_that_was_sent_is_not_kept(count: int) -> None:
    """While an answer is read, nothing of the client or of aiohttp holds the question."""
    body = b"q" * 100_000

    async def slow(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"x")
        await turn.gone()

    async with reach(slow) as (client, server):
        held_count = sys.getrefcount(body)
        sent: Body = [body] * count if count else body
        async with client.open_post(server.url, {}, sent) as answer:
            del sent
            await answer.read()
            assert sys.getrefcount(body) == held_count


async def test_an_error_body_is_read_up_to_its_limit() -> None:
    """Of an endless error page only the beginning is looked at."""

    async def endless(turn: Turn) -> None:
        await turn.head(500)
        while not turn.writer.is_closing():
            await turn.chunk(b"a" * 1000)

    async with (
        reach(endless) as (client, server),
        client.open_post(server.url, {}, b"") as answer,
    ):
        assert await answer.read_error_body(2500) == b"a" * 2500


@pytest.mark.parametrize("how", ["close", "reset", "gone"])
async def test_an_error_body_that_breaks_or_stalls_is_what_came_of_it(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status has told the failure already, and it is not hidden behind another one."""
    monkeypatch.setattr("cursor_api.transport.client.ERROR_BODY_TIMEOUT_S", 0.1)

    async def broken(turn: Turn) -> None:
        await turn.head(429)
        await turn.chunk(b"half")
        await asyncio.sleep(0.05)
        ending = getattr(turn, how)()
        if ending is not None:
            await ending

    async with (
        reach(broken) as (client, server),
        client.open_post(server.url, {}, b"") as answer,
    ):
        assert await answer.read_error_body(100) == b"half"


@pytest.mark.parametrize("bad", ["a\r\nx: y", "a\nb", "a\0b", "ü"])
async def test_a_header_with_control_characters_is_never_sent(bad: str) -> None:
    """CR, LF, NUL and non-ASCII are refused before a connection is made."""
    async with reach(greet) as (client, server):
        fault = await fault_of(client.open_post(server.url, {"x": bad}, b"").__aenter__())
        assert fault.kind is FaultKind.INTERNAL
        assert server.connection_count == 0


async def test_more_than_the_allowed_number_of_answers_is_refused_at_once() -> None:
    """Above the limit nothing queues: the gateway is overloaded and says so."""
    async with reach(greet, HttpOptions(connections_max=1)) as (client, server):
        async with client.open_post(server.url, {}, b""):
            fault = await fault_of(fetch(client, server.url))
            assert fault.kind is FaultKind.OVERLOADED
        assert await fetch(client, server.url) == b"hello"


async def test_a_client_that_is_not_open_is_a_fault_of_ours() -> None:
    """Asking outside `async with` is a mistake in the gateway, told as one."""
    fault = await fault_of(fetch(HttpClient(HttpOptions()), "http://127.0.0.1:1"))
    assert fault.kind is FaultKind.INTERNAL


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


async def test_a_proxy_is_used_when_one_is_named() -> None:
    """With a proxy the request goes there, in absolute form; without its reach it is a fault."""
    async with reach(greet) as (_, proxy):
        async with HttpClient(HttpOptions(proxy=proxy.url)) as client:
            assert await fetch(client, "http://upstream.invalid/path") == b"hello"
        assert proxy.requests[0].line == "POST http://upstream.invalid/path HTTP/1.1"
    async with HttpClient(HttpOptions(proxy="http://127.0.0.1:1")) as client:
        fault = await fault_of(fetch(client, "http://upstream.invalid/path"))
        assert fault.kind is FaultKind.UNREACHABLE
        assert "proxy" in fault.message


def test_the_repr_tells_how_busy_the_client_is() -> None:
    """Tests and operators read it."""
    assert repr(HttpClient(HttpOptions(connections_max=7))) == "HttpClient(open=0 of 7)"


@pytest.mark.parametrize("silence_s", [0.0, 1.0, 3.0])
def test_a_kept_connection_that_breaks_is_a_fault_however_late(silence_s: float) -> None:
    """Nothing is asked for behind failover's back."""

    async def brood(turn: Turn) -> None:
        if turn.connection == 1 and turn.body == b"again":
            await asyncio.sleep(silence_s)
            turn.reset()
        else:
            await greet(turn)

    async def main() -> int:
        async with reach(brood) as (client, server):
            await fetch(client, server.url)
            fault = await fault_of(fetch(client, server.url, b"again"))
            assert fault.kind is FaultKind.UNREACHABLE
            return len(server.requests)

    with virtual_time(VirtualNetwork(1, lambda _port, _chance: Link())) as runner:
        assert runner.run(main()) == 2


async def test_kept_connections_are_used_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A handshake for each request is the price of a moment, not of a day."""
    monkeypatch.setattr(client_module, "FRESH_S", 0.2)

    async def second(turn: Turn) -> None:
        if len(server.requests) == 2:
            turn.close()
        else:
            await turn.answer(b"fine")

    async with reach(second) as (client, server):
        await fetch(client, server.url)
        await fault_of(fetch(client, server.url))
        await fetch(client, server.url)
        await asyncio.sleep(0.3)
        await fetch(client, server.url)
        await fetch(client, server.url)
        assert [turn.connection for turn in server.requests] == [1, 1, 2, 3, 3]
