"""An answer that comes before its request is whole reaches its client."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

import pytest

from cursor_api.web.server import connection
from cursor_api.web.server.lingering import LingeringTransport
from cursor_api.web.server.server import ServerOptions
from tests.serving import parse_answer, serve

# More than both sides' socket buffers hold, so that the client is still sending.
BODY = b"x" * 8_000_000
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n"


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


async def test_a_body_that_nobody_took_does_not_stand_in_the_way() -> None:
    """Reading had stopped for it; what still comes is dropped, and the answer read."""

    async def late(_scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.sleep(0.2)
        headers = [(b"content-length", b"4"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": b"much"})

    async with serve(late) as port, asyncio.timeout(10):
        answer = parse_answer(await send_all(port, HEAD % (b"", len(BODY)), BODY))
        assert (answer.status, answer.body) == (413, b"much")


async def test_the_rest_of_an_answered_body_is_dropped_and_the_connection_goes_on() -> None:
    """However much of it still comes: the next request is behind it."""
    async with serve(Hasty([])) as port, asyncio.timeout(10):
        last = HEAD % (b"Connection: close\r\n", 0)
        raw = await send_all(port, HEAD % (b"", len(BODY)), BODY + last)
    assert raw.count(b"HTTP/1.1 413") == 2


async def test_a_client_that_never_ends_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have said that it would send for ever."""
    monkeypatch.setattr(connection, "BODY_LINGER_S", 0.2)
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


async def test_a_connection_that_was_answered_early_is_idle_when_its_body_is_whole() -> None:
    """And has the time that an idle one has."""
    options = ServerOptions(idle_connection_s=0.1, shutdown_grace_s=1)
    async with serve(Hasty([]), options) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD % (b"", 10) + b"half")
        await reader.readuntil(b"much")
        writer.write(b"wholly")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


class Written:
    """A transport that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes]] = []
        self.is_over = False

    def write(self, data: bytes) -> None:
        """One piece."""
        self.told.append(("write", data))

    def write_eof(self) -> None:
        """Our side is done."""
        self.told.append(("eof", b""))

    def close(self) -> None:
        """The connection is done."""
        self.told.append(("close", b""))

    def is_closing(self) -> bool:
        """Whether it was lost."""
        return self.is_over


def holding() -> tuple[Written, LingeringTransport]:
    """A transport that holds a head."""
    inner = Written()
    transport = LingeringTransport(inner, lambda: False, asyncio.get_running_loop())
    transport.write_head(b"head")
    return inner, transport


async def test_a_head_leaves_with_its_body() -> None:
    """In one write, and what follows in its own."""
    inner, transport = holding()
    assert inner.told == []
    transport.write(b"body")
    transport.write(b"more")
    await asyncio.sleep(0)
    assert inner.told == [("write", b"headbody"), ("write", b"more")]


@pytest.mark.parametrize("body", [b"", b"x" * 1_000_000])
async def test_a_body_of_any_size_follows_its_head(body: bytes) -> None:
    """None at all, and one that is not copied."""
    inner, transport = holding()
    transport.write(body)
    assert b"".join(data for _, data in inner.told) == b"head" + body
    assert (inner.told[-1][1] is body) is bool(body)


async def test_an_empty_answer_leaves_the_server_idle() -> None:
    """On a loop of Python's own, too, whose `writelines` is never done with nothing."""

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async with serve(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD % (b"", 0))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        worked_s = time.process_time()
        await asyncio.sleep(0.3)
        assert time.process_time() - worked_s < 0.2
        writer.close()


async def test_two_heads_in_one_step_leave_in_their_order() -> None:
    """The first one's answer has no body, and the next request waited for it."""
    inner, transport = holding()
    transport.write_head(b"next")
    transport.write(b"body")
    await asyncio.sleep(0)
    assert b"".join(data for _, data in inner.told) == b"headnextbody"


async def test_a_head_waits_for_no_later_step() -> None:
    """Its body may come in a minute."""
    inner, transport = holding()
    await asyncio.sleep(0)
    transport.write(b"body")
    assert inner.told == [("write", b"head"), ("write", b"body")]


async def test_a_head_whose_body_is_sure_to_follow_waits_for_it() -> None:
    """Without a step of the loop's for it; where the end comes first it leaves before that."""
    for end in ("write", "close"):
        inner = Written()
        transport = LingeringTransport(inner, lambda: False, asyncio.get_running_loop())
        transport.write_head(b"head", is_followed=True)
        await asyncio.sleep(0.01)
        assert inner.told == []
        if end == "write":
            transport.write(b"body")
            assert inner.told == [("write", b"headbody")]
        else:
            transport.close()
            assert inner.told == [("write", b"head"), ("close", b"")]


@pytest.mark.parametrize("end", ["write_eof", "close"])
async def test_what_is_held_leaves_before_the_end(end: str) -> None:
    """And once."""
    inner, transport = holding()
    getattr(transport, end)()
    await asyncio.sleep(0)
    assert inner.told == [("write", b"head"), (end.removeprefix("write_"), b"")]


async def test_nothing_is_written_to_a_lost_connection() -> None:
    """Whether or not the loss was told."""
    for is_told in (True, False):
        inner, transport = holding()
        inner.is_over = True
        if is_told:
            transport.forget()
        await asyncio.sleep(0)
        assert inner.told == []


async def test_an_answer_is_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Head and body leave together."""
    calls: list[str] = []

    class Told(LingeringTransport):
        def __init__(self, transport: Any, *rest: Any) -> None:
            super().__init__(Telling(transport, calls), *rest)

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"text"})

    monkeypatch.setattr(connection, "LingeringTransport", Told)
    async with serve(app) as port:
        for _ in range(3):
            answer = parse_answer(await send_all(port, HEAD % (b"Connection: close\r\n", 0), b""))
            assert answer.body == b"text"
    assert len(calls) == 3


class Telling:
    """A real transport, and the names of its calls that write."""

    def __init__(self, transport: Any, calls: list[str]) -> None:
        self._transport = transport
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """One piece."""
        self._calls.append("write")
        self._transport.write(data)

    def writelines(self, pieces: Any) -> None:
        """Several at once."""
        self._calls.append("writelines")
        self._transport.writelines(pieces)


async def test_a_lost_connection_waits_for_no_collector() -> None:
    """Thousands of them an hour are memory, if something of each goes in a circle."""
    async with serve(Hasty([])) as port:

        async def talk() -> None:
            await send_all(port, HEAD % (b"Connection: close\r\n", 0), b"")
            await asyncio.sleep(0.05)

        def transports() -> set[int]:
            return {id(one) for one in gc.get_objects() if isinstance(one, LingeringTransport)}

        await talk()
        gc.collect()
        gc.disable()
        try:
            before = transports()
            await talk()
            assert transports() <= before
        finally:
            gc.enable()
