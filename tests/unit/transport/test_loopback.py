"""The small server of programs on this machine, over real sockets and in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest

from cursor_api.transport import loopback
from cursor_api.transport.loopback import (
    BAD_REQUEST,
    BODY_S,
    HEAD_BYTES_MAX,
    IDLE_S,
    BodyTooLargeError,
    BreakOffError,
    Call,
    LoopbackServer,
    Reply,
)
from tests.simulation.virtual_loop import run_virtually

POST = b"POST /a?b HTTP/1.1\r\nHost: x\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def echo(call: Call) -> Reply:
    """What it was given."""
    try:
        return Reply(200, b"%s %s" % (call.path.encode(), await call.read()))
    except BodyTooLargeError:
        return Reply(413, b"too large")


async def early(_call: Call) -> Reply:
    """An answer that needs no body."""
    return Reply(401, b"no")


async def exchange(
    *pieces: bytes, handle: Callable[[Call], Awaitable[Reply]] = echo, is_open: bool = False
) -> bytes:
    """All that comes back for these bytes."""
    server = LoopbackServer(handle, 10)
    await server.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.01)
        if not is_open:
            writer.write_eof()
        found = await reader.read()
        writer.close()
        return found
    finally:
        await server.close(1)


@pytest.mark.parametrize(
    "pieces",
    [
        (POST + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello",),
        (POST + b"Content-Length: 5\r\nConnection: close\r\n\r\nhe", b"llo"),
        (
            *(bytes((one,)) for one in POST[:9]),
            POST[9:] + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            *(b"2\r\nhe\r\n3\r\nllo\r\n", b"0\r\nTrailer: x\r\n\r\n"),
        ),
    ],
)
async def test_a_call_is_read_however_it_is_cut(pieces: tuple[bytes, ...]) -> None:
    """With a length or in chunks; the query is no part of the path."""
    found = await exchange(*pieces, is_open=True)
    assert found == OK + b"Connection: close\r\nContent-Length: 8\r\n\r\n/a hello"


async def test_one_call_follows_another_on_a_connection() -> None:
    """Once the first was answered."""
    call = POST + b"Content-Length: 1\r\n\r\nx"
    answer = OK + b"Content-Length: 4\r\n\r\n/a x"
    assert await exchange(call, call) == answer * 2


async def test_a_call_before_its_turn_ends_the_connection() -> None:
    """In the same packet or a later one, with nothing answered twice."""
    call = POST + b"Content-Length: 1\r\n\r\nx"
    assert await exchange(call + call, is_open=True) == b""
    assert await exchange(call, call, handle=never, is_open=True) == b""


async def never(_call: Call) -> Reply:
    """No answer."""
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize(
    "head",
    [
        b"no HTTP\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        POST + b"X: " + b"x" * HEAD_BYTES_MAX,
    ],
)
async def test_what_is_no_call_is_refused(head: bytes) -> None:
    """And the connection ends, without a word where the call has been handed on already."""
    found = await exchange(head, is_open=True)
    assert found == (b"" if b"Upgrade" in head else BAD_REQUEST)


async def test_a_body_has_a_bound_and_its_sender_gets_the_answer() -> None:
    """Nothing of it is kept; what its length says is believed at once."""
    head = POST + b"Content-Length: 400000\r\n\r\n"
    for handle, status in ((echo, b"413"), (early, b"401")):
        found = await exchange(head, b"x" * 200_000, b"x" * 200_000, handle=handle, is_open=True)
        assert found.startswith(b"HTTP/1.1 " + status)
        assert b"Connection: close" in found


async def test_an_answer_may_come_in_pieces_and_break_off() -> None:
    """In chunks; what breaks off has no last one."""

    async def pieces(*, is_whole: bool) -> AsyncGenerator[bytes, None]:
        for number in (b"one", b"two"):
            yield number
            await asyncio.sleep(0)
        if not is_whole:
            raise BreakOffError

    async def answer(call: Call) -> Reply:
        is_whole = call.headers["x"] == "whole, whole"
        return Reply(200, pieces(is_whole=is_whole), "text/plain")

    call = POST + b"X: whole\r\nx: %b\r\nContent-Length: 0\r\n\r\n"
    whole = await exchange(call % b"whole", handle=answer)
    assert whole.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in whole
    assert (await exchange(call % b"", handle=answer, is_open=True)).endswith(b"two\r\n")


async def test_at_the_end_answers_under_way_have_their_time() -> None:
    """Those that are nearly done come through; the others are ended, and so are idle callers."""
    is_close, ended = asyncio.Event(), asyncio.Event()

    async def answer(call: Call) -> Reply:
        if call.path == "/soon":
            await is_close.wait()
            return Reply(200, b"done")
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    server = LoopbackServer(answer, 10)
    await server.start()
    callers = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
    for (_, writer), path in zip(callers, (b"/soon", b"/never"), strict=False):
        writer.write(b"GET %b HTTP/1.1\r\n\r\n" % path)
    while sum(one.task is not None for one in server.connections) < 2:
        await asyncio.sleep(0.01)
    asyncio.get_running_loop().call_soon(is_close.set)
    await server.close(0.05)
    assert ended.is_set()
    assert repr(server) == "LoopbackServer(closed)"
    said = []
    for reader, writer in callers:
        said.append(await reader.read())
        writer.close()
    assert [one[-4:] for one in said] == [b"done", b"", b""]
    with pytest.raises(RuntimeError):
        _ = server.port


def test_time_is_bounded_for_all_that_is_waited_for() -> None:
    """A head, a body and the next call."""

    async def main() -> list[float]:
        found: list[float] = []
        server = LoopbackServer(echo, 10)
        await server.start()
        loop = asyncio.get_running_loop()
        for said in (b"POST", POST + b"Content-Length: 1\r\n\r\n", POST + b"\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            begun_at = loop.time()
            writer.write(said)
            await reader.read()
            found.append(round(loop.time() - begun_at))
            writer.close()
        await server.close(1)
        return found

    assert run_virtually(main()) == [IDLE_S, BODY_S, IDLE_S]


async def test_connections_are_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is ended at once."""
    monkeypatch.setattr(loopback, "CONNECTIONS_MAX", 1)
    server = LoopbackServer(echo, 10)
    await server.start()
    first, second = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    assert await second[0].read() == b""
    first[1].write(POST + b"\r\n")
    assert await first[0].readexactly(len(OK)) == OK
    for _, writer in (first, second):
        writer.close()
    await server.close(1)
