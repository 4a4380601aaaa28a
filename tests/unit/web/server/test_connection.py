"""Limits of one connection: sizes, times, and where a refusal is written."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from typing import Any

import pytest

from cursor_api.installed import DIALECTS
from cursor_api.web.server import connection
from cursor_api.web.server.limits import REFUSED_MAX, WRITE_BUFFER_BYTES, ConnectionLimits
from cursor_api.web.server.protocol import HttpConnection
from cursor_api.web.server.server import ServerOptions
from cursor_api.web.server.serving import Serving
from tests.serving import serve
from tests.unit.web.server.raw_client import GET, POST, QUICK, SMALL, Recorder, refusal, talk
from tests.waiting import until


@pytest.mark.parametrize("piece_bytes", [100, 5000])
async def test_a_large_head_is_refused(piece_bytes: int) -> None:
    """Whether it comes at once or bit by bit, whole or without an end."""
    app = Recorder()
    head = POST + b"Cookie: " + b"c" * 4000 + b"\r\n\r\n"
    pieces = [head[at : at + piece_bytes] for at in range(0, len(head), piece_bytes)]
    async with serve(app, SMALL) as port:
        refusal(await talk(port, *pieces, pause_s=0.001), 431)
        refusal(await talk(port, *pieces[:-1] or [head[:-4]], pause_s=0.001), 431)
    assert app.seen == []


async def test_a_head_within_the_limit_is_taken_with_a_large_body() -> None:
    """The body does not count."""
    app = Recorder()
    head = POST + b"Connection: close\r\nContent-Length: 100000\r\n\r\n"
    async with serve(app, SMALL) as port:
        assert (await talk(port, head + b"x" * 100_000)).endswith(b"done")
    assert app.seen == ["POST / 100000"]


@pytest.mark.parametrize("dripped", [POST, b"X-Slow: and steady\r\n" * 3])
async def test_a_slow_head_is_refused_in_time(dripped: bytes) -> None:
    """Bytes that keep coming do not move the limit."""
    app = Recorder()
    start = b"" if dripped is POST else POST
    pieces = [dripped[at : at + 1] for at in range(len(dripped))]
    async with serve(app, QUICK) as port:
        began_at = time.monotonic()
        refusal(await talk(port, start + pieces[0], *pieces[1:], pause_s=0.02), 408)
        assert 0.2 < time.monotonic() - began_at < 3
    assert app.seen == []


async def test_a_refusal_is_the_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our side's: the time that its client gets to read it is not waited for."""
    monkeypatch.setattr(connection, "REFUSAL_LINGER_S", 60)
    async with serve(Recorder(), SMALL) as port:
        refusal(await talk(port, b"NONSENSE\r\n\r\n"), 400)


async def test_a_head_that_never_ends_has_an_end() -> None:
    """However steadily it comes, and however far it is from too large."""
    async with serve(Recorder(), QUICK) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        reading = asyncio.create_task(reader.read())
        writer.write(POST + b"X-Slow: ")
        for _ in range(200):
            if reading.done():
                break
            writer.write(b"x")
            await asyncio.sleep(0.02)
        assert reading.done()
        refusal(await reading, 408)
        writer.close()


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    """Browsers open some in advance."""
    async with serve(Recorder(), QUICK) as port:
        assert await talk(port) == b""


async def test_a_kept_connection_may_be_idle_longer_than_a_head_may_take() -> None:
    """The limit is for a head that has begun; the second one has it, too."""
    app = Recorder()
    async with serve(app, QUICK) as port:
        raw = await talk(port, GET, GET, GET[:20], pause_s=0.5)
    assert app.seen == ["GET / 0", "GET / 0"]
    assert raw.count(b"HTTP/1.1 200") == 2
    refusal(raw[raw.rindex(b"HTTP/1.1") :], 408)


async def test_a_connection_that_is_reset_is_waited_for_no_more() -> None:
    """The wait for its next request would keep all that belonged to it for more than a minute."""
    async with serve(Recorder(), ServerOptions(shutdown_grace_s=1)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await reader.readuntil(b"done")
        made: socket.socket = writer.get_extra_info("socket")
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert watched_count() == 1
        writer.transport.abort()
        await until(lambda: not watched_count())


def watched_count() -> int:
    """Connections that the server's clock looks at; it has one timer for all of them."""
    loop: Any = asyncio.get_running_loop()
    looks = [one for one in loop._scheduled if "Watch._look" in repr(one) and not one.cancelled()]
    assert len(looks) <= 1
    return sum(len(one._callback.__self__._watched) for one in looks)


async def test_many_connections_have_one_timer() -> None:
    """Whatever each of them waits for."""
    async with serve(Recorder(), ServerOptions(shutdown_grace_s=1)) as port:
        held = [await hold(port) for _ in range(3)]
        begun = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _, writer in begun:
            writer.write(GET[:20])
        await until(lambda: watched_count() == 6)
        for writer in [*held, *(writer for _, writer in begun)]:
            writer.close()


async def test_a_body_that_stops_is_refused_and_the_app_sees_the_client_gone() -> None:
    """One byte now and then is no progress."""
    app = Recorder()
    head = POST + b"Content-Length: 100000\r\n\r\n"
    async with serve(app, QUICK) as port:
        refusal(await talk(port, head, *[b"x"] * 40, pause_s=0.05), 408)
        assert app.seen == ["gone"]


async def test_whoever_waits_for_a_body_that_was_refused_is_told_at_once() -> None:
    """Not when the client has ended its side, which may take it a while."""
    app = Recorder()
    async with serve(app, QUICK) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"Content-Length: 9\r\n\r\nhalf")
        refusal(await asyncio.wait_for(reader.read(), 5), 408)
        assert app.seen == ["gone"]
        writer.close()


async def test_a_client_is_not_blamed_for_what_nobody_reads() -> None:
    """Its body waits for an app that takes its time, longer than a body may take."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.4)
        await Recorder()(scope, receive, send)

    head = POST + b"Connection: close\r\nContent-Length: 3000000\r\n\r\n"
    limits = ConnectionLimits(body_timeout_s=0.1)
    async with serve(app, ServerOptions(limits=limits, shutdown_grace_s=1)) as port:
        assert (await talk(port, head + b"x" * 3_000_000)).endswith(b"done")


async def test_a_slow_body_that_goes_on_is_taken() -> None:
    """Longer than the limit in all, never without progress."""
    app = Recorder()
    head = POST + b"Connection: close\r\nContent-Length: 100000\r\n\r\n"
    async with serve(app, QUICK) as port:
        raw = await talk(port, head, *[b"x" * 20_000] * 5, pause_s=0.25)
    assert (app.seen, raw[-4:]) == (["POST / 100000"], b"done")


@pytest.mark.parametrize("behind", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: y\n\r\n", GET[:9]])
async def test_nothing_is_written_into_an_answer_that_runs(behind: bytes) -> None:
    """What follows it may be anything."""
    app = Recorder()
    app.may_answer.clear()
    async with serve(app, QUICK) as port:
        talking = asyncio.create_task(talk(port, GET, behind, pause_s=0.05))
        await asyncio.sleep(0.6)
        assert not talking.done()
        app.may_answer.set()
        first, answer, rest = (await talking).partition(b"\r\n\r\ndone")
    assert (first.count(b"HTTP/1.1"), bool(answer), rest) == (1, True, b"")


@pytest.mark.parametrize("ahead", [b"", GET])
async def test_a_broken_body_is_refused_in_no_other_answers_place(ahead: bytes) -> None:
    """Neither in its own, which runs already, nor in that of the request before it."""
    may_go = asyncio.Event()

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"4")]
        if not ahead:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"do", "more_body": True})
        while (await receive())["type"] == "http.request" and not may_go.is_set():
            await asyncio.sleep(0.01)

    chunked = ahead + POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
    async with serve(app, QUICK) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(chunked)
        await asyncio.sleep(0.1)
        writer.write(b"ZZ\r\n")
        raw = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                while piece := await reader.read(1000):
                    raw += piece
        may_go.set()
        writer.close()
    assert raw.count(b"HTTP/1.1") == (0 if ahead else 1)
    assert b" 400 " not in raw


async def test_half_a_head_behind_an_answer_has_its_own_time() -> None:
    """That of a head which began when it came, and not what an idle connection has."""
    app = Recorder()
    app.may_answer.clear()
    async with serve(app, QUICK) as port:
        talking = asyncio.create_task(talk(port, GET, GET[:9], pause_s=0.05))
        async with asyncio.timeout(5):
            while not app.seen:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        app.may_answer.set()
        answered, _, rest = (await talking).partition(b"done")
    assert answered.startswith(b"HTTP/1.1 200 ")
    refusal(rest, 408)


FEW = ServerOptions(limits=ConnectionLimits(connections_max=2), shutdown_grace_s=1)


async def hold(port: int) -> asyncio.StreamWriter:
    """A connection that has been answered and stays."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await reader.readuntil(b"done")
    return writer


async def test_a_connection_too_many_is_told_to_come_again() -> None:
    """Those between two requests count; the place of one that ends is free at once."""
    app = Recorder()
    async with serve(app, FEW) as port:
        first, second = await hold(port), await hold(port)
        answer = refusal(await talk(port, GET), 503)
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["error"]["code"] == "overloaded"
        assert "GATEWAY_CONNECTIONS_MAX" in answer.json()["error"]["message"]
        first.close()
        await first.wait_closed()
        assert (await talk(port, GET[:-2] + b"Connection: close\r\n\r\n")).endswith(b"done")
        second.close()
    assert len(app.seen) == 3


async def test_refusals_have_a_limit_of_their_own() -> None:
    """A flood gets so many answers at a time; what comes on top just ends."""
    async with serve(Recorder(), FEW) as port:
        held = [await hold(port), await hold(port)]
        flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(REFUSED_MAX + 40)]
        # Nobody reads or closes, so that the refused ones linger.
        answers = await asyncio.gather(
            *(asyncio.wait_for(reader.read(), 5) for reader, _ in flood), return_exceptions=True
        )
        refused = [raw for raw in answers if isinstance(raw, bytes) and b" 503 " in raw]
        cut = [raw for raw in answers if raw == b"" or isinstance(raw, ConnectionError)]
        assert len(refused) + len(cut) == len(flood)
        assert len(cut) >= 1
        assert len(refused) >= REFUSED_MAX
        for _, writer in flood:
            writer.close()
        for writer in held:
            writer.close()


class Trickle:
    """An app that writes small pieces until it may not, and knows what is kept of them."""

    def __init__(self) -> None:
        self.kept_bytes = 0
        self.wrote_at = 0.0

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Write for ever."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not send.__self__.is_gone:
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            self.wrote_at = time.monotonic()
            self.kept_bytes = send.__self__._owner.transport._transport.get_write_buffer_size()
            await asyncio.sleep(0)


async def test_little_is_kept_for_a_client_that_does_not_read() -> None:
    """Whoever writes to it waits before the memory of many such clients is a concern."""
    app = Trickle()
    async with serve(app, ServerOptions(shutdown_grace_s=0)) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(GET)
            while not app.wrote_at or time.monotonic() < app.wrote_at + 0.3:
                await asyncio.sleep(0.05)
        assert WRITE_BUFFER_BYTES < app.kept_bytes < WRITE_BUFFER_BYTES + 2000


async def test_whoever_writes_to_a_client_that_leaves_waits_no_longer() -> None:
    """He would keep his upstream for a client that is gone."""
    app, ended = Trickle(), asyncio.Event()

    async def write_on(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)
        ended.set()

    async with serve(write_on, ServerOptions(shutdown_grace_s=0)) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(GET)
            while app.kept_bytes <= WRITE_BUFFER_BYTES:
                await asyncio.sleep(0.01)
        await asyncio.wait_for(ended.wait(), 5)


class Deaf:
    """A transport whose client takes the last bytes never; notes how it was ended."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *_arguments: None

    def close(self) -> None:
        """What was written would have to leave first."""
        self.told.append("close")

    def is_closing(self) -> bool:
        """From then on."""
        return bool(self.told)

    def abort(self) -> None:
        """The end."""
        self.told.append("abort")


async def test_an_end_that_its_client_never_takes_has_a_limit() -> None:
    """However little of the answer is left."""
    loop = asyncio.get_running_loop()
    limits = ConnectionLimits(write_timeout_s=0.1)
    serving = Serving(Recorder(), limits, DIALECTS[0].fault, 75.0)
    transport, connection = Deaf(), HttpConnection(serving, loop)
    connection.connection_made(transport)
    connection.data_received(GET[:-2] + b"Connection: close\r\n\r\n")
    await until(lambda: "abort" in transport.told)
    assert transport.told == ["close", "abort"]
    connection.connection_lost(None)
