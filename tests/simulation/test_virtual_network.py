"""The network without a kernel shows asyncio what the kernel's own does."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

import pytest

from tests.simulation.virtual_loop import StandstillError, virtual_time
from tests.simulation.virtual_network import Link, VirtualNetwork

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

HALF = b"x" * 40_000


@contextmanager
def virtual(link: Link | None = None) -> Iterator[asyncio.Runner]:
    """A runner in a virtual network whose connections are all alike."""
    with virtual_time(VirtualNetwork(1, lambda _port, _chance: link or Link())) as runner:
        yield runner


WORLDS: dict[str, Callable[[], AbstractContextManager[asyncio.Runner]]] = {
    "kernel": asyncio.Runner,
    "virtual": virtual,
    "virtual and far": lambda: virtual(Link(0.05, 5000)),
    "virtual and choppy": lambda: virtual(Link(0.0, 1 << 16, is_choppy=True)),
}


@pytest.fixture(params=WORLDS)
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """One after the other."""
    with WORLDS[request.param]() as made:
        yield made


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[Streams, Streams]]:
    """Both ends of a connection: who connected, and who accepted."""
    accepted: asyncio.Queue[Streams] = asyncio.Queue()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.put_nowait((reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    writers: list[asyncio.StreamWriter] = []
    try:
        async with asyncio.timeout(20):
            mine = await asyncio.open_connection("127.0.0.1", port)
            theirs = await accepted.get()
            writers += [mine[1], theirs[1]]
            yield mine, theirs
    finally:
        for writer in writers:
            if not writer.transport.is_closing():
                writer.transport.abort()
        server.close()


class Diary(asyncio.Protocol):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.is_over = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Bytes."""
        self.told.append(data.decode())

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self.told.append(type(exc).__name__)
        self.is_over.set()


def reset(writer: asyncio.StreamWriter) -> None:
    """End without goodbye."""
    made: socket.socket = writer.get_extra_info("socket")
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def transport_of(writer: asyncio.StreamWriter) -> Any:
    """Both halves of it."""
    return writer.transport


def stop_reading(writer: asyncio.StreamWriter) -> None:
    """Leave in the system's buffers what comes."""
    transport_of(writer).pause_reading()


def test_bytes_arrive_in_order_and_then_the_end(runner: asyncio.Runner) -> None:
    """However they are cut on the way."""

    async def main() -> None:
        async with pair() as ((_, writer), (reader, _)):
            sent = bytes(range(256)) * 100
            for at in range(0, len(sent), 1000):
                writer.write(sent[at : at + 1000])
            writer.close()
            assert await reader.read() == sent

    runner.run(main())


def test_a_half_closed_connection_answers(runner: asyncio.Runner) -> None:
    """The end of the one way leaves the other open."""

    async def main() -> None:
        async with pair() as ((reader, writer), (their_reader, their_writer)):
            writer.write(b"question")
            writer.write_eof()
            assert await their_reader.read() == b"question"
            their_writer.write(HALF)
            their_writer.close()
            assert await reader.read() == HALF

    runner.run(main())


def test_closing_with_unread_bytes_resets(runner: asyncio.Runner) -> None:
    """The other side learns that its bytes were not read."""

    async def main() -> None:
        async with pair() as ((reader, writer), (_, their_writer)):
            writer.write(b"never read")
            await asyncio.sleep(0.2)
            stop_reading(their_writer)
            writer.write(b"and more of it")
            await asyncio.sleep(0.2)
            their_writer.transport.abort()
            with pytest.raises(ConnectionResetError):
                await reader.read()

    runner.run(main())


def test_a_reset_comes_behind_what_has_arrived(runner: asyncio.Runner) -> None:
    """What was there before it can be read."""

    async def main() -> list[str]:
        def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"first")
            asyncio.get_running_loop().call_later(0.2, reset, writer)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        transport, diary = await loop.create_connection(Diary, "127.0.0.1", port)
        transport.pause_reading()
        await asyncio.sleep(0.5)
        transport.resume_reading()
        await diary.is_over.wait()
        server.close()
        return diary.told

    *pieces, end = runner.run(main())
    assert ("".join(pieces), end) == ("first", "ConnectionResetError")


def test_a_writer_waits_for_its_reader(runner: asyncio.Runner) -> None:
    """Full buffers stop it; read, they let it go on, and nothing is lost."""

    async def main() -> None:
        async with pair() as ((reader, mine), (_, writer)):
            stop_reading(mine)
            sent_bytes = 0
            while not writer.transport.get_write_buffer_size():
                writer.write(HALF)
                sent_bytes += len(HALF)
                await asyncio.sleep(0)
            writer.write(HALF * 2)
            writer.close()
            waiting = asyncio.create_task(writer.wait_closed())
            await asyncio.sleep(0.2)
            assert not waiting.done()
            transport_of(mine).resume_reading()
            assert len(await reader.read()) == sent_bytes + 2 * len(HALF)
            await waiting

    runner.run(main())


def test_writing_to_who_is_gone_fails(runner: asyncio.Runner) -> None:
    """Not at once, but soon."""

    async def main() -> None:
        async with pair() as ((_, writer), (_, their_writer)):
            their_writer.transport.abort()
            while True:
                writer.write(b"is there anybody?")
                await writer.drain()
                await asyncio.sleep(0.01)

    with pytest.raises(ConnectionError):
        runner.run(main())


def test_nobody_connects_to_what_is_closed(runner: asyncio.Runner) -> None:
    """Neither before there was a server nor after."""

    async def main() -> None:
        server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    runner.run(main())


def test_an_hour_takes_no_time() -> None:
    """Timers go off in their order, at their moments."""
    began_at = time.monotonic()

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        seen: list[float] = []
        async with asyncio.TaskGroup() as tasks:
            for wait_s in (3600.0, 0.5, 7.25):

                async def wait(seconds: float = wait_s) -> None:
                    await asyncio.sleep(seconds)
                    seen.append(loop.time())

                tasks.create_task(wait())
        return seen

    with virtual() as runner:
        assert runner.run(main()) == [0.5, 7.25, 3600.0]
    assert time.monotonic() - began_at < 30


def test_a_standstill_is_told() -> None:
    """Who waits for nothing would wait for ever."""

    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StandstillError), virtual() as runner:
        runner.run(main())


def test_a_thread_is_refused() -> None:
    """It would run on another clock."""

    async def main() -> None:
        await asyncio.to_thread(time.sleep, 0)

    with pytest.raises(AssertionError, match="thread"), virtual() as runner:
        runner.run(main())


def test_the_way_takes_its_time() -> None:
    """A connection a round trip, a byte half of one."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        async with pair() as ((_, writer), (reader, _)):
            moments = [loop.time()]
            writer.write(b"x")
            await reader.read(1)
            return [*moments, loop.time()]

    with virtual(Link(latency_s=0.25)) as runner:
        assert runner.run(main()) == [0.5, 0.75]
