"""Requests that nobody serves yet: behind an earlier one, or not whole. And what they leave."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from typing import Any

import pytest

from cursor_api.web.server import protocol, serving
from cursor_api.web.server.connection import Connection
from cursor_api.web.server.protocol import BYTES_PER_PIECE, PIECES_FREE, QUEUED_MAX
from cursor_api.web.server.room import Room
from cursor_api.web.server.server import ServerOptions
from cursor_api.web.server.strict import FIELDS_MAX
from tests.serving import serve
from tests.unit.web.server.raw_client import GET, POST, SMALL, Recorder, refusal, talk
from tests.waiting import until

OPTIONS = ServerOptions(shutdown_grace_s=1)
CLOSE = GET[:-2] + b"Connection: close\r\n\r\n"
CHUNKED = POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_a_few_requests_may_wait_behind_one_another() -> None:
    """Each is answered in its turn, and the connection stays."""
    app = Recorder()
    async with serve(app, OPTIONS) as port:
        raw = await talk(port, GET * QUEUED_MAX, CLOSE, pause_s=0.1)
    assert raw.count(b"HTTP/1.1 200") == QUEUED_MAX + 1


async def test_of_many_requests_in_one_read_some_are_answered_and_the_connection_ends() -> None:
    """Its client knows which, and may send the rest again."""
    app = Recorder()
    async with serve(app, OPTIONS) as port:
        raw = await talk(port, GET * 999 + CLOSE)
    answered_count = raw.count(b"HTTP/1.1 200")
    assert answered_count == len(app.seen) == QUEUED_MAX + 1
    assert raw.endswith(b"done")
    assert raw[raw.rindex(b"HTTP/1.1") :].lower().count(b"connection: close") == 1


async def test_requests_go_on_waiting_as_others_are_answered() -> None:
    """The bound is on those that wait at a time."""
    app, half = Recorder(), QUEUED_MAX // 2
    async with serve(app, OPTIONS) as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET * half)
        for _ in range(20):
            # Some wait all the time.
            writer.write(GET * half)
            for _ in range(half):
                await reader.readuntil(b"done")
        writer.write(CLOSE)
        rest = await reader.read()
        writer.close()
    assert rest.count(b"HTTP/1.1 200") == half + 1
    assert len(app.seen) == 21 * half + 1


async def test_where_many_wait_already_the_next_ones_are_not_read_yet() -> None:
    """So that a client which sends them bit by bit has all of them answered."""
    app = Recorder()
    app.may_answer.clear()
    async with serve(app, OPTIONS) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for count in (10, QUEUED_MAX // 2):
            writer.write(GET * count)
            await asyncio.sleep(0.05)
        app.may_answer.set()
        async with asyncio.timeout(5):
            for _ in range(10 + QUEUED_MAX // 2):
                await reader.readuntil(b"done")
        writer.close()


class Stuck:
    """Answers nobody, and sees who leaves."""

    def __init__(self) -> None:
        self.asked_count = 0
        self.left_count = 0

    async def __call__(self, _scope: Any, receive: Any, _send: Any) -> None:
        """Wait for the client to leave."""
        self.asked_count += 1
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left_count += 1


async def test_who_answers_learns_of_the_end_though_others_wait() -> None:
    """An upstream that nobody listens to is left at once; those that wait are never asked."""
    app = Stuck()
    async with serve(app, OPTIONS) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(GET)
            await asyncio.sleep(0.05)
        writer.close()
        await until(lambda: app.left_count)
    assert (app.asked_count, app.left_count) == (1, 1)


@pytest.mark.parametrize("is_whole", [True, False])
async def test_a_head_of_many_fields_is_refused(is_whole: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """Each is an object of thirty times its bytes."""
    app = Recorder()
    end = b"\r\n" if is_whole else b""
    async with serve(app, OPTIONS) as port:
        refusal(await talk(port, GET[:-2] + b"a1:b\r\n" * (FIELDS_MAX + 1) + end), 431)
        refusal(await talk(port, GET[:-2], *[b"a1:b\r\n" * 50] * 5, end, pause_s=0.01), 431)
    assert app.seen == []


async def test_so_many_fields_are_taken() -> None:
    """With the two that stand there already."""
    app = Recorder()
    async with serve(app, OPTIONS) as port:
        raw = await talk(port, CLOSE[:-2] + b"a1:b\r\n" * (FIELDS_MAX - 2) + b"\r\n")
    assert (raw[-4:], len(app.headers)) == (b"done", FIELDS_MAX)


async def test_a_trailer_of_many_fields_is_refused() -> None:
    """It is kept for nobody."""
    async with serve(Recorder(), OPTIONS) as port:
        raw = await talk(port, CHUNKED, b"0\r\n" + b"a1:b\r\n" * (FIELDS_MAX + 2))
    refusal(raw, 431)


async def test_a_body_of_tiny_chunks_is_refused() -> None:
    """Within all limits of size it would keep everybody waiting for seconds."""
    app = Recorder()
    count = PIECES_FREE + PIECES_FREE // BYTES_PER_PIECE
    async with serve(app, OPTIONS) as port:
        raw = await talk(port, CHUNKED + b"1\r\nx\r\n" * (count + 1000))
        refusal(raw, 400)
        raw = await talk(port, CHUNKED + b"1\r\nx\r\n" * PIECES_FREE + b"0\r\n\r\n")
        large = b"64\r\n" + b"x" * 100 + b"\r\n"
        raw += await talk(port, CHUNKED + large * 3 * PIECES_FREE + b"0\r\n\r\n")
    assert raw.count(b"HTTP/1.1 200") == 2
    assert app.seen[-2:] == [f"POST / {PIECES_FREE}", f"POST / {300 * PIECES_FREE}"]


async def test_each_body_has_so_many_small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not all of a connection together."""
    monkeypatch.setattr(protocol, "PIECES_FREE", 10)
    kept = CHUNKED.replace(b"Connection: close\r\n", b"")
    app = Recorder()
    async with serve(app, OPTIONS) as port:
        raw = await talk(port, (kept + b"1\r\nx\r\n" * 9 + b"0\r\n\r\n") * 3, CLOSE)
    assert raw.count(b"HTTP/1.1 200") == 4
    assert app.seen[:3] == ["POST / 9"] * 3


@pytest.mark.parametrize("at", [1, 3, 10, 16, 20, 28, len(CLOSE) - 2])
@pytest.mark.parametrize("line_end", [b"", b"\r\n"])
async def test_a_request_that_begins_where_a_large_body_ends_is_not_dropped(
    at: int, line_end: bytes
) -> None:
    """The read that has its first bytes is larger than a head may be, and most of it is no head."""
    app = Recorder()
    body = (b"x" * 98 + (line_end or b"xx")) * 80
    head = POST + b"Content-Length: %d\r\n\r\n" % len(body)
    async with serve(app, SMALL) as port:
        raw = await talk(port, head, body + CLOSE[:at], CLOSE[at:], pause_s=0.1)
    assert app.seen == ["POST / 8000", "GET / 0"]
    assert raw.endswith(b"done")


async def test_a_large_head_behind_a_large_body_is_still_refused() -> None:
    """Whole or not; where it came before the first one's answer, the connection ends with that."""
    app = Recorder()
    body = b"x" * 8000
    head = POST + b"Content-Length: 8000\r\n\r\n"
    async with serve(app, SMALL) as port:
        for rest in (b"X-A: " + b"a" * 3000, b"X-A: b\r\n" * 150 + b"X-A: " + b"a" * 2000):
            raw = await talk(port, head, body + CLOSE[:-2] + rest, pause_s=0.1)
            assert b"HTTP/1.1 431" in raw or b"connection: close\r\n\r\ndone" in raw
    assert app.seen == ["POST / 8000"] * 2


@pytest.mark.parametrize("waits", ["unfinished", "behind"])
async def test_who_keeps_most_goes_where_all_together_keep_too_much(
    monkeypatch: pytest.MonkeyPatch, waits: str
) -> None:
    """The client whose head comes in two packets stays, however many others there are."""
    monkeypatch.setattr(serving, "Room", lambda: Room[Any](100_000))
    app = Recorder()
    if waits == "behind":
        app.may_answer.clear()
    large = GET[:-2] + b"X-Large: " + b"a" * 20_000
    if waits == "behind":
        large = GET + large + b"\r\n\r\n"
    async with serve(app, OPTIONS) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CLOSE[:30])
        flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
        for _, one in flood:
            one.write(large)
        await asyncio.sleep(0.2)
        app.may_answer.set()
        if waits == "unfinished":
            first = await asyncio.wait_for(flood[0][0].read(), 5)
            answer = refusal(first, 503)
            assert answer.headers["retry-after"] == "1"
        writer.write(CLOSE[30:])
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"done")
        await asyncio.sleep(0.1)
        served_count = len(app.seen)
        for _, one in flood:
            one.close()
        writer.close()
    assert served_count < 21 if waits == "behind" else served_count == 1


LEFT = {
    "one request": GET,
    "waiting requests": GET * QUEUED_MAX,
    "too many requests": GET * 1000,
    "half a head": GET[:20],
    "half a head behind a request": GET + GET[:20],
    "a large head": GET[:-2] + b"A: " + b"a" * 70_000 + b"\r\n\r\n",
    "many fields": GET[:-2] + b"a1:b\r\n" * 1000,
    "no HTTP": b"NONSENSE\r\n\r\n",
    "a flaw": b"GET /  HTTP/1.1\r\n\r\n",
    "half a body": POST + b"Content-Length: 10\r\n\r\nabc",
    "tiny chunks": CHUNKED + b"1\r\nx\r\n" * 20_000,
    "an upgrade": GET[:-2] + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    "HTTP/1.0": b"GET / HTTP/1.0\r\n\r\n",
}


def connections() -> int:
    """Connections that are still in memory."""
    return sum(isinstance(one, Connection) for one in gc.get_objects())


@pytest.mark.parametrize("is_reset", [False, True])
@pytest.mark.parametrize("sent", LEFT)
async def test_a_dead_connection_leaves_nothing_for_the_collector(
    sent: str,
    is_reset: bool,  # noqa: FBT001 - a pytest parameter
) -> None:
    """It comes by seldom: what goes in a circle meanwhile is memory that a stranger took."""
    async with serve(Recorder(), OPTIONS) as port:
        gc.collect()
        gc.disable()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(LEFT[sent])
            with contextlib.suppress(TimeoutError, ConnectionError):
                await asyncio.wait_for(reader.read(), 0.1)
            if is_reset:
                writer.transport.abort()
            else:
                writer.close()
            await until(lambda: not connections())
        finally:
            gc.enable()


async def test_requests_that_nobody_answered_leave_nothing_either() -> None:
    """Those that waited when their client left."""
    app = Stuck()
    async with serve(app, OPTIONS) as port:
        gc.collect()
        gc.disable()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET * 5)
            await until(lambda: (app.asked_count, connections()) == (1, 1))
            writer.close()
            await until(lambda: not connections())
        finally:
            gc.enable()


async def test_a_client_that_neither_reads_nor_waits_keeps_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its answers fill its buffers, and what it then sends is counted, bodies included."""
    rooms: list[Room[Any]] = []

    def make() -> Room[Any]:
        rooms.append(Room(50_000))
        return rooms[-1]

    monkeypatch.setattr(serving, "Room", make)

    async def flood(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"8000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * 8_000_000})

    async with serve(flood, ServerOptions(shutdown_grace_s=0)) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setblocking(False)
            asking = POST + b"Content-Length: 60000\r\n\r\n" + b"x" * 60_000
            loop = asyncio.get_running_loop()
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(1):
                    while True:
                        await loop.sock_sendall(client, asking)
            assert "(0 of" in repr(rooms[0])


async def test_a_body_that_nobody_reads_counts_while_its_client_does_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Alone, too: with nothing behind it."""
    monkeypatch.setattr(serving, "Room", lambda: Room(50_000))
    size = 8_000_000

    async def flood(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"%d" % size)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * (size - 1), "more_body": True})
        await send({"type": "http.response.body", "body": b"x"})

    async with serve(flood, ServerOptions(shutdown_grace_s=0)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(POST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 30_000)
        await asyncio.sleep(0.2)
        writer.write(b"x" * 30_000)
        read_bytes = 0
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(10):
                await asyncio.sleep(0.2)
                while piece := await reader.read(65_536):
                    read_bytes += len(piece)
        assert 0 < read_bytes < size
        writer.close()


async def test_who_has_been_answered_makes_no_room_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What waited when it was counted last waits no longer."""
    monkeypatch.setattr(serving, "Room", lambda: Room(60_000))
    app, large = Recorder(), GET[:-2] + b"A: " + b"a" * 8000 + b"\r\n\r\n"

    async with serve(app, OPTIONS) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        other_reader, other = await asyncio.open_connection("127.0.0.1", port)
        for kept, count in ((writer, 6), (other, 4)):
            app.may_answer.clear()
            kept.write(large * count)
            await asyncio.sleep(0.05)
            app.may_answer.set()
            for _ in range(count):
                await (reader if kept is writer else other_reader).readuntil(b"done")
        writer.write(CLOSE)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        other.close()
        writer.close()
