"""One answer of an upstream that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.answer import ANSWER_READ_BYTES_MAX
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.dialing import Address, Names
from cursor_api.transport.line import Body
from cursor_api.transport.target import Place
from tests.http_stage import fault_of, fetch, greet, reach
from tests.scripted_server import Turn


async def test_leaving_early_closes_the_connection_at_once() -> None:
    """An answer left in its middle is not drained: the server sees the end within a moment."""

    async def stall(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"x")

    async with reach(stall) as (client, server):
        async with client.open_post(server.url, {}, b"") as answer:
            await answer.read()
        async with asyncio.timeout(10):
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
        async with asyncio.timeout(10):
            await server.closed_by_peer.wait()


async def test_a_caller_that_is_cancelled_at_the_limit_is_cancelled() -> None:
    """What ends the wait at the same moment is not taken for the whole of it."""

    class Silent(Names):
        async def find(self, _place: Place) -> Sequence[Address]:
            await asyncio.sleep(60)
            return ()

    async with HttpClient(HttpOptions(), names=Silent()) as client:
        for is_cancelled in (False, True):
            answer = client.open_post("http://upstream.invalid", {}, b"")
            entering = asyncio.create_task(answer.__aenter__())
            await asyncio.sleep(0.01)
            answer.expire()
            if is_cancelled:
                entering.cancel()
            ended = (await asyncio.gather(entering, return_exceptions=True))[0]
            assert isinstance(ended, asyncio.CancelledError if is_cancelled else Fault)
        assert client.open_count == 0


async def test_what_has_come_is_given_before_the_end_that_came_behind_it() -> None:
    """A caller gets every byte that was for him."""

    async def break_off(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"first")
        await asyncio.sleep(0.05)
        await turn.chunk(b"last")
        turn.close()

    async with (
        reach(break_off) as (client, server),
        client.open_post(server.url, {}, b"") as answer,
    ):
        assert await answer.read() == b"first"
        await asyncio.wait_for(server.closed_by_peer.wait(), 5)
        await asyncio.sleep(0.05)
        assert await answer.read() == b"last"
        fault = await fault_of(answer.read())
    assert fault.kind is FaultKind.INCOMPLETE


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
    assert max(map(len, pieces)) == ANSWER_READ_BYTES_MAX


@pytest.mark.parametrize("count", [0, 2])
async def test_a_body_that_was_sent_is_not_kept(count: int) -> None:
    """While an answer is read, nothing of the client holds the question."""
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


async def test_a_whole_body_is_bounded() -> None:
    """One byte more than the limit is too much."""

    async def three(turn: Turn) -> None:
        await turn.head()
        for piece in (b"a", b"b", b"c"):
            await turn.chunk(piece)
        await turn.end()

    async with reach(three) as (client, server):
        for bytes_max, body in ((3, b"abc"), (2, None)):
            async with client.open_post(server.url, {}, b"") as answer:
                assert await answer.read_whole(bytes_max) == body


@pytest.mark.parametrize("how", ["close", "reset", "gone"])
async def test_an_error_body_that_breaks_or_stalls_is_what_came_of_it(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status has told the failure already, and it is not hidden behind another one."""
    monkeypatch.setattr("cursor_api.transport.answer.ERROR_BODY_TIMEOUT_S", 0.1)

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
        with pytest.raises(Fault) as caught:
            await client.open_post(server.url, {"x": bad}, b"").__aenter__()
        assert caught.value.kind is FaultKind.INTERNAL
        assert server.connection_count == 0
