"""New connections: TLS, proxies and names, each way to fail by its name."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import FaultKind
from cursor_api.transport import dialing
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.dialing import Names
from cursor_api.transport.errors import NoAddressError
from cursor_api.transport.line import Line
from cursor_api.transport.target import Place
from tests.http_stage import AUTHORITY, TwoAddresses, fault_of, fetch, greet, server_tls
from tests.scripted_server import ScriptedServer


def client(ca_file: Path | None = AUTHORITY, proxy: str | None = None) -> HttpClient:
    """One that trusts the tests' authority."""
    own = Secret(proxy) if proxy else None
    return HttpClient(HttpOptions(ca_file=ca_file, proxy=own, connect_timeout_s=5))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_both_versions_of_tls_that_are_in_use_are_spoken(version: ssl.TLSVersion) -> None:
    """And the connection is kept for the next request."""
    async with ScriptedServer(greet, server_tls("good", version)) as server, client() as http:
        for _ in range(2):
            assert await fetch(http, server.url) == b"hello"
        assert server.connection_count == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("expired", "has expired"),
        ("future", "is not valid yet by this machine's clock"),
        ("other_host", "is for another host"),
    ],
)
async def test_a_certificate_that_does_not_hold_is_refused(name: str, words: str) -> None:
    """The sentence says what is wrong with it; nothing of the request was sent."""
    async with ScriptedServer(greet, server_tls(name)) as server, client() as http:
        fault = await fault_of(fetch(http, server.url))
        assert server.requests == []
    assert fault.kind is FaultKind.UNREACHABLE
    assert words in fault.message


async def test_an_authority_that_nobody_named_is_refused() -> None:
    """The setting that names one is told."""
    async with ScriptedServer(greet, server_tls("good")) as server, client(None) as http:
        fault = await fault_of(fetch(http, server.url))
    assert "signed by nobody whom this machine trusts" in fault.message
    assert "ca_file" in fault.message


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x03\x00"])
async def test_a_cut_in_the_handshake_is_no_connection(said: bytes) -> None:
    """Before the first byte of it and after."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, client() as http:
        fault = await fault_of(fetch(http, f"https://127.0.0.1:{port}"))
        assert http.open_count == 0
    assert fault.kind is FaultKind.UNREACHABLE


async def test_being_cancelled_in_the_handshake_closes_the_connection() -> None:
    """The server sees the end, and no descriptor is left."""
    arrived, is_over = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        arrived.set()
        with contextlib.suppress(ConnectionError):
            while await reader.read(65_536):
                pass
        is_over.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, client() as http:
        asking = asyncio.create_task(fetch(http, f"https://127.0.0.1:{port}"))
        await arrived.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(is_over.wait(), 5)


def test_a_connection_given_up_at_any_moment_leaves_nothing_to_the_garbage_collector() -> None:
    """Callers leave all the time; uvloop tells no end of what has connected in that moment."""
    uvloop = pytest.importorskip("uvloop")

    async def check() -> None:
        async with ScriptedServer(greet) as server:
            for steps in range(8):
                async with client() as http:
                    asking = asyncio.create_task(fetch(http, server.url))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    asking.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await asking

    gc.collect()
    gc.disable()
    try:
        uvloop.run(check())
        assert [one for one in gc.get_objects() if isinstance(one, Line)] == []
    finally:
        gc.enable()


@asynccontextmanager
async def tunnel(
    answer: bytes = b"HTTP/1.1 200 Fine\r\n\r\n",
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that leads where it is told, and the heads that it was sent."""
    heads: list[bytes] = []
    writers: list[asyncio.StreamWriter] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        writer.write(answer)
        if b" 200 " not in answer:
            writer.close()
            return
        # Whatever the name: a proxy has its own names.
        port = int(head.split()[1].rpartition(b":")[2])
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writers.append(back)
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))

    server = await asyncio.start_server(lead, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    for writer in writers:
        writer.transport.abort()
    # What passed bytes on ends with them.
    await asyncio.sleep(0.01)


async def test_tls_goes_through_a_proxy_that_sees_nothing_of_it() -> None:
    """Its name and password are for it alone; the connection is kept."""
    async with tunnel() as (proxy, heads), ScriptedServer(greet, server_tls("good")) as server:
        async with client(proxy=f"http://me:pw@{proxy}") as http:
            for _ in range(2):
                assert await fetch(http, server.url) == b"hello"
        where = server.url.removeprefix("https://").encode()
        assert heads == [
            b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n"
            b"Proxy-Authorization: Basic bWU6cHc=\r\n\r\n" % (where, where)
        ]
        assert "proxy-authorization" not in server.requests[0].headers


async def test_a_certificate_is_verified_behind_a_proxy_too() -> None:
    """The proxy might be anybody."""
    async with (
        tunnel() as (proxy, _),
        ScriptedServer(greet, server_tls("other_host")) as server,
        client(proxy=f"http://{proxy}") as http,
    ):
        fault = await fault_of(fetch(http, server.url))
    assert "is for another host" in fault.message


async def test_a_certificate_behind_a_proxy_is_for_the_upstream() -> None:
    """By its name, which the proxy has not."""
    async with (
        tunnel() as (proxy, _),
        ScriptedServer(greet, server_tls("other_host")) as server,
        client(proxy=f"http://{proxy}") as http,
    ):
        assert await fetch(http, f"https://other.example:{server.port}") == b"hello"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 There\r\nLocation: https://other.invalid\r\n\r\n",
        b"HTTP/1.1 502 No\r\n\r\n",
        b"",
        b"SSH",
    ],
)
async def test_a_proxy_that_refuses_is_told_as_such(answer: bytes) -> None:
    """The upstream is not blamed for it, and the proxy's password is not told."""
    async with tunnel(answer) as (proxy, _), client(proxy=f"http://me:secret@{proxy}") as http:
        fault = await fault_of(fetch(http, "https://upstream.invalid/v1"))
    assert fault.kind is FaultKind.UNREACHABLE
    assert fault.message == "The proxy on the way to upstream.invalid refused the connection."


async def test_a_proxy_that_refuses_is_left() -> None:
    """Its connection leads nowhere; for an address of IPv6 it is asked in brackets."""
    heads: list[bytes] = []
    is_over = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await reader.read()
        is_over.set()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, client(proxy=proxy) as http:
        await fault_of(fetch(http, "https://[2001:db8::1]/v1"))
        await asyncio.wait_for(is_over.wait(), 5)
    where = b"[2001:db8::1]:443"
    assert heads == [b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (where, where)]


async def test_a_burst_asks_once_what_a_name_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is cancelled meanwhile takes nothing from the others."""
    loop = asyncio.get_running_loop()
    resolve, asked, may_go = loop.getaddrinfo, 0, asyncio.Event()

    async def counted(*where: Any, **more: Any) -> Any:
        nonlocal asked
        asked += 1
        await may_go.wait()
        return await resolve(*where, **more)

    monkeypatch.setattr(loop, "getaddrinfo", counted)
    names = Names()
    place = Place("localhost", 1, False)
    tasks = [asyncio.create_task(names.find(place)) for _ in range(5)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.sleep(0)
    may_go.set()
    for task in tasks[1:]:
        assert {address[4][0] for address in await task} & {"127.0.0.1", "::1"}
    await names.find(place)
    assert asked == 1


async def test_what_a_name_means_is_asked_anew_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An upstream moves; and a name that means nothing may mean something a moment later."""
    monkeypatch.setattr(dialing, "KNOWN_S", 0.01)
    loop = asyncio.get_running_loop()
    resolve, asked = loop.getaddrinfo, []

    async def counted(host: str, *where: Any, **more: Any) -> Any:
        asked.append(host)
        if len(asked) == 3:
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        return await resolve(host, *where, **more)

    monkeypatch.setattr(loop, "getaddrinfo", counted)
    names = Names()
    place = Place("localhost", 1, False)
    for _ in range(2):
        assert await names.find(place)
        await asyncio.sleep(0.05)
    with pytest.raises(NoAddressError):
        await names.find(place)
    assert await names.find(place)
    assert len(asked) == 4


async def test_an_address_that_is_silent_does_not_hold_up_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads to two, of which the first one takes no connection."""
    monkeypatch.setattr(dialing, "NEXT_ADDRESS_S", 0.01)
    loop = asyncio.get_running_loop()
    connect, asked = loop.sock_connect, []

    async def connect_but_one(sock: socket.socket, where: Any) -> None:
        asked.append(where[0])
        if where[0] == "127.0.0.2":
            await asyncio.sleep(60)
        await connect(sock, where)

    monkeypatch.setattr(loop, "sock_connect", connect_but_one)

    async with (
        ScriptedServer(greet) as server,
        HttpClient(HttpOptions(), names=TwoAddresses()) as http,
    ):
        assert await fetch(http, f"http://upstream.invalid:{server.port}") == b"hello"
    assert asked == ["127.0.0.2", "127.0.0.1"]
