"""One connection: what is bounded, what is kept, and what ends it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from cursor_api.domain.errors import FaultKind
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.line import (
    FIELDS_MAX,
    HEAD_BYTES_MAX,
    PIECE_BYTES,
    READ_BUFFER_BYTES,
    Line,
)
from tests.http_stage import fault_of, fetch, greet, reach
from tests.scripted_server import Turn


@pytest.mark.parametrize(
    "fields",
    [b"a1:b\r\n" * (FIELDS_MAX + 2), b"a: %b\r\n" % (b"b" * HEAD_BYTES_MAX)],
    ids=["number", "bytes"],
)
async def test_a_head_is_bounded_in_number_and_in_bytes(fields: bytes) -> None:
    """A server that sends more is no upstream."""

    async def large(turn: Turn) -> None:
        await turn.write(b"HTTP/1.1 200 Fine\r\n" + fields)
        await turn.gone()

    async with reach(large) as (client, server):
        fault = await fault_of(fetch(client, server.url))
    assert fault.kind is FaultKind.PROTOCOL_ERROR


async def test_the_bytes_of_interim_answers_are_bounded_together() -> None:
    """Few as they may be."""
    interim = b"HTTP/1.1 103 Early Hints\r\na: %b\r\n\r\n" % (b"b" * (HEAD_BYTES_MAX // 4))

    async def chatty(turn: Turn) -> None:
        for _ in range(5):
            await turn.write(interim)
            await asyncio.sleep(0.01)
        await turn.answer(b"hello")

    async with reach(chatty) as (client, server):
        fault = await fault_of(fetch(client, server.url))
    assert fault.kind is FaultKind.PROTOCOL_ERROR


async def test_the_fields_of_an_interim_answer_are_not_the_answers() -> None:
    """A hint is no part of what it hints at."""

    async def hint(turn: Turn) -> None:
        await turn.write(b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n")
        await turn.answer(b"hello")

    async with reach(hint) as (client, server), client.open_post(server.url, {}, b"") as answer:
        assert (answer.status, "retry-after" in answer.headers) == (200, False)
        assert await answer.read() == b"hello"


async def test_the_bounds_of_a_head_are_for_one_answer() -> None:
    """A connection that is kept has no more of them with each."""

    async def full(turn: Turn) -> None:
        fields = b"a1:b\r\n" * (FIELDS_MAX - 1) + b"a: %b\r\n" % (b"b" * (HEAD_BYTES_MAX // 2))
        await turn.write(b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n" + fields[6:] + b"\r\nhello")

    async with reach(full) as (client, server):
        for _ in range(3):
            assert await fetch(client, server.url) == b"hello"
        assert server.connection_count == 1


async def test_trailers_are_dropped() -> None:
    """They are no headers, however many there are."""

    async def trailing(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"hello")
        await turn.write(b"0\r\n" + b"a1: b\r\n" * 1000 + b"\r\n")

    async with reach(trailing) as (client, server):
        for _ in range(2):
            async with client.open_post(server.url, {}, b"") as answer:
                assert await answer.read() == b"hello"
                assert await answer.read() == b""
                assert "a1" not in answer.headers
        assert server.connection_count == 1


async def test_a_field_that_comes_twice_is_one() -> None:
    """Its values in a row, as HTTP has it."""

    async def twice(turn: Turn) -> None:
        await turn.write(b"HTTP/1.1 200 X\r\nA: 1\r\na: 2\r\nContent-Length: 0\r\n\r\n")

    async with reach(twice) as (client, server), client.open_post(server.url, {}, b"") as answer:
        assert answer.headers["a"] == "1, 2"


async def test_a_body_may_end_with_its_connection() -> None:
    """Where the head states no other end; such a connection serves once."""

    async def open_end(turn: Turn) -> None:
        await turn.write(b"HTTP/1.1 200 X\r\n\r\nhello")
        turn.close()

    async with reach(open_end) as (client, server):
        for _ in range(2):
            assert await fetch(client, server.url) == b"hello"
        assert server.connection_count == 2


async def test_a_reset_is_no_end_of_a_body() -> None:
    """Whoever breaks a connection has not said all."""

    async def broken(turn: Turn) -> None:
        await turn.write(b"HTTP/1.1 200 X\r\n\r\nhello")
        await asyncio.sleep(0.05)
        turn.reset()

    async with reach(broken) as (client, server):
        fault = await fault_of(fetch(client, server.url))
    assert fault.kind is FaultKind.INCOMPLETE


@pytest.mark.parametrize("late", [False, True])
async def test_an_answer_that_nobody_asked_for_ends_its_connection(late: bool) -> None:  # noqa: FBT001
    """With the answer before it or after: what follows might be meant for somebody else."""

    async def twice(turn: Turn) -> None:
        await turn.write(b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nhello")
        if late:
            await asyncio.sleep(0.05)
        await turn.write(b"HTTP/1.1 200 X\r\nContent-Length: 4\r\n\r\nevil")

    async with reach(twice) as (client, server):
        for _ in range(2):
            assert await fetch(client, server.url) == b"hello"
            async with asyncio.timeout(5):
                await server.closed_by_peer.wait()
            server.closed_by_peer.clear()
        assert server.connection_count == 2


async def test_the_beginning_of_another_answer_ends_an_idle_connection() -> None:
    """Its rest would be read as the answer to the next request."""

    async def begin_another(turn: Turn) -> None:
        await turn.answer(b"hello")
        await asyncio.sleep(0.05)
        await turn.write(b"HTTP/1.1 200 X\r\nContent-Length: 4\r\n")

    async with reach(begin_another) as (client, server):
        assert await fetch(client, server.url) == b"hello"
        async with asyncio.timeout(5):
            await server.closed_by_peer.wait()
        assert await fetch(client, server.url) == b"hello"
        assert server.connection_count == 2


async def test_a_stream_that_nobody_reads_is_not_taken_in() -> None:
    """The sender is held back, and what was held comes when it is wanted."""
    chunk, count = b"x" * 65_536, 400
    sent = 0

    async def fast(turn: Turn) -> None:
        nonlocal sent
        await turn.head()
        for _ in range(count):
            await turn.chunk(chunk)
            sent += 1
        await turn.end()

    async with reach(fast) as (client, server), client.open_post(server.url, {}, b"") as answer:
        await answer.read()
        seen = -1
        while sent != seen:
            seen = sent
            await asyncio.sleep(0.1)
        assert sent < count
        line = answer._line
        assert line is not None
        # One read of the transport may come on top.
        assert line._held_bytes < READ_BUFFER_BYTES + (256 << 10)
        rest_count = 0
        while data := await answer.read():
            rest_count += len(data)
        assert rest_count > (count - 1) * len(chunk)


async def test_what_nobody_wants_of_a_finished_answer_is_read_to_its_end() -> None:
    """Though reading had been stopped; the connection is kept."""
    body = b"x" * 4_000_000

    async def long(turn: Turn) -> None:
        await turn.answer(body)

    async with reach(long) as (client, server):
        for _ in range(2):
            async with client.open_post(server.url, {}, b"") as answer:
                assert await answer.read()
                line = answer._line
                async with asyncio.timeout(5):
                    while line is not None and line._is_reading:
                        await asyncio.sleep(0.01)
                answer.mark_finished()
            async with asyncio.timeout(5):
                while line is not None and not line.is_whole and not line.is_closed:
                    await asyncio.sleep(0.01)
        assert server.connection_count == 1


async def test_a_large_question_waits_until_it_is_taken() -> None:
    """What the server does not read is not copied for it."""
    may_read = asyncio.Event()
    pieces = [b"q" * PIECE_BYTES] * 200

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await may_read.wait()
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            assert await reader.readexactly(len(piece)) == piece
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nhello")
        writer.close()

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, HttpClient(HttpOptions()) as client:
        asking = asyncio.create_task(fetch(client, url, pieces))
        async with asyncio.timeout(5):
            while not client._connections._ways:
                await asyncio.sleep(0.01)
        [line] = client._connections._ways
        sizes = []
        for _ in range(10):
            await asyncio.sleep(0.02)
            sizes.append(line.transport.get_write_buffer_size())
        assert 0 < max(sizes) <= 2 * PIECE_BYTES
        may_read.set()
        assert await asyncio.wait_for(asking, 10) == b"hello"


async def test_an_early_answer_spares_the_rest_of_the_question() -> None:
    """A refusal of what is too large; the connection is not used again."""
    body = b"q" * (32 << 20)

    async with reach(greet) as (client, _):
        is_over = asyncio.Event()

        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno")
            with contextlib.suppress(ConnectionError):
                while await reader.read(65_536):
                    pass
            writer.transport.abort()
            is_over.set()

        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, client.open_post(url, {}, body) as answer:
            assert answer.status == 413
            assert await answer.read() == b"no"
        await asyncio.wait_for(is_over.wait(), 5)
        await asyncio.sleep(0)


def test_the_repr_tells_the_state() -> None:
    """Tests read it."""

    class Nobody:
        def take_back(self, line: Line) -> None:
            """Never called."""

        def forget(self, line: Line) -> None:
            """Never called."""

    loop = asyncio.new_event_loop()
    assert repr(Line(loop, Nobody())) == "Line(idle, 0 bytes held)"
    loop.close()
