"""Whoever waits to be let in is let in at once."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cursor_api.web.server import listener as listener_module
from cursor_api.web.server.listener import ACCEPTED_PER_TURN_MAX, Handshakes, Listener
from cursor_api.web.server.server import HAS_UVLOOP
from tests.log_lines import capture_logs

NOBODY = "127.0.0.1", 0


class Greeter(asyncio.Protocol):
    """Says hello to whoever is let in, and leaves."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say it."""
        assert isinstance(transport, asyncio.Transport) or HAS_UVLOOP
        made: Any = transport
        made.write(b"hello")
        made.close()


class Failing:
    """A listening socket whose next `accept`s fail."""

    def __init__(self, listening: socket.socket, *numbers: int) -> None:
        self._listening = listening
        self.left = [*numbers]
        self.asked_count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listening, name)

    def accept(self) -> tuple[socket.socket, Any]:
        """Fail as planned, or do it."""
        self.asked_count += 1
        if self.left:
            number = self.left.pop(0)
            # OSError picks its own subclass by the number.
            raise OSError(number, errno.errorcode[number])
        return self._listening.accept()


@contextmanager
def waiting(port: int, count: int) -> Iterator[list[socket.socket]]:
    """So many clients whose connections the kernel has and nobody has accepted."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(count)
        ]


def greeted(clients: list[socket.socket]) -> int:
    """How many of them were let in."""
    count = 0
    for client in clients:
        client.setblocking(False)
        try:
            count += client.recv(16) == b"hello"
        except BlockingIOError:
            continue
    return count


async def turns(count: int) -> None:
    """So many of the loop's turns."""
    for _ in range(count):
        await asyncio.sleep(0)


def run(coroutine: Any) -> None:
    """On the loop that serves: uvloop where there is one."""
    if HAS_UVLOOP:
        import uvloop  # noqa: PLC0415 - there is none on Windows

        uvloop.run(coroutine)
    else:
        asyncio.run(coroutine)


def test_all_who_wait_are_let_in_within_a_few_turns() -> None:
    """However long a turn takes, nobody waits for more than a handful of them."""

    async def check() -> None:
        with socket.create_server(NOBODY, backlog=256) as listening:
            count = 3 * ACCEPTED_PER_TURN_MAX
            with waiting(listening.getsockname()[1], count) as clients:
                listener = Listener(listening, Greeter)
                await turns(12)
                assert greeted(clients) == count
            listener.close()

    run(check())


def test_a_client_that_left_while_it_waited_does_not_hold_up_the_next() -> None:
    """Its connection is gone; theirs are not."""

    async def check() -> None:
        with socket.create_server(NOBODY) as listening:
            failing: Any = Failing(listening, errno.ECONNABORTED, errno.ECONNABORTED)
            with waiting(listening.getsockname()[1], 2) as clients, capture_logs() as logs:
                listener = Listener(failing, Greeter)
                await turns(12)
                assert greeted(clients) == 2
            assert logs == []
            listener.close()

    run(check())


def test_without_a_descriptor_they_wait_and_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody is turned away for it, and the loop does not spin."""
    monkeypatch.setattr(listener_module, "RETRY_S", 0.2)

    async def check() -> None:
        with socket.create_server(NOBODY) as listening:
            failing: Any = Failing(listening, errno.EMFILE, errno.EMFILE, errno.ENFILE)
            with waiting(listening.getsockname()[1], 2) as clients, capture_logs() as logs:
                listener = Listener(failing, Greeter)
                await turns(50)
                assert (greeted(clients), failing.asked_count) == (0, 1)
                greeted_count = 0
                async with asyncio.timeout(5):
                    while greeted_count < 2:
                        await asyncio.sleep(0.005)
                        greeted_count += greeted(clients)
                assert [line["level"] for line in logs] == ["error"]
                # It is news again after it had passed.
                failing.left.append(errno.EMFILE)
                with waiting(listening.getsockname()[1], 1):
                    async with asyncio.timeout(5):
                        while len(logs) < 2:
                            await asyncio.sleep(0.005)
            listener.close()

    run(check())


def test_nobody_is_let_in_after_it_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at the next try either."""
    monkeypatch.setattr(listener_module, "RETRY_S", 0.01)

    async def check(*numbers: int) -> None:
        with socket.create_server(NOBODY) as listening:
            failing: Any = Failing(listening, *numbers)
            with waiting(listening.getsockname()[1], 1) as clients:
                listener = Listener(failing, Greeter)
                if numbers:
                    await turns(12)
                listener.close()
                await asyncio.sleep(0.05)
                assert greeted(clients) == 0

    run(check())
    run(check(errno.EMFILE))


# --- Over TLS

TLS = Path(__file__).parents[3] / "vectors" / "tls"
PLAIN_ANSWER = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"


def handshakes(timeout_s: float = 20.0, count_max: int = 8) -> Handshakes:
    """With one of the test certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "good.pem")
    return Handshakes(context, lambda: timeout_s, lambda: count_max, PLAIN_ANSWER)


def client_tls() -> ssl.SSLContext:
    """Who trusts it, and no other."""
    return ssl.create_default_context(cafile=TLS / "authority.pem")


@pytest.fixture(params=["uvloop", "asyncio"])
def run_on(request: pytest.FixtureRequest) -> Any:
    """Both loops: what they do of TLS is not the same code."""
    if request.param == "asyncio":
        return asyncio.run
    return run if HAS_UVLOOP else pytest.skip("there is no uvloop here")


def test_clients_are_let_in_over_tls_and_others_hold_nobody_up(run_on: Any) -> None:
    """Not those who say nothing, nor who speaks plain HTTP, nor who does not trust us."""

    async def check() -> None:
        with socket.create_server(NOBODY) as listening, capture_logs() as logs:
            port = listening.getsockname()[1]
            listener = Listener(listening, Greeter, handshakes())
            with waiting(port, 3):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
                assert await reader.read() == PLAIN_ANSWER
                writer.close()
                with pytest.raises(ssl.SSLCertVerificationError):
                    await asyncio.open_connection(
                        "127.0.0.1", port, ssl=ssl.create_default_context()
                    )
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", port, ssl=client_tls(), server_hostname="localhost"
                )
                assert await reader.read() == b"hello"
                writer.close()
            listener.close()
            # A minute's failures are one line.
            (line,) = logs
            assert (line["reason"], line["level"]) == ("a client speaks plain HTTP", "warning")

    run_on(check())


def test_a_handshake_has_an_end(run_on: Any) -> None:
    """Whether not a byte of it comes, or its beginning alone."""

    async def check() -> None:
        with socket.create_server(NOBODY) as listening, capture_logs():
            port = listening.getsockname()[1]
            listener = Listener(listening, Greeter, handshakes(timeout_s=0.2))
            for begun in (b"", b"\x16\x03\x01\x02\x00\x01"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(begun)
                async with asyncio.timeout(10):
                    assert await reader.read() == b""
                writer.close()
            listener.close()

    run_on(check())


def test_the_wait_for_the_first_byte_counts_against_the_handshake(run_on: Any) -> None:
    """Both have one limit."""

    class Telling:
        """A loop, and what handshakes were given."""

        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            self.loop = loop
            self.limits: list[float] = []

        def __getattr__(self, name: str) -> Any:
            return getattr(self.loop, name)

        async def connect_accepted_socket(self, *arguments: Any, **more: Any) -> Any:
            """One begins."""
            self.limits.append(more["ssl_handshake_timeout"])
            return await self.loop.connect_accepted_socket(*arguments, **more)

    async def check() -> None:
        with socket.create_server(NOBODY) as listening, capture_logs():
            listener: Any = Listener(listening, Greeter, handshakes(timeout_s=2.0))
            told = listener._loop = Telling(listener._loop)
            _, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
            await asyncio.sleep(0.5)
            writer.write(b"\x16")
            async with asyncio.timeout(5):
                while not told.limits:
                    await asyncio.sleep(0.01)
            assert 0 < told.limits[0] < 1.9
            writer.close()
            listener.close()

    run_on(check())


def test_of_too_many_handshakes_the_oldest_ends(run_on: Any) -> None:
    """Who comes to use the gateway is through in a moment, however many others just stay."""

    async def check() -> None:
        with socket.create_server(NOBODY) as listening, capture_logs():
            port = listening.getsockname()[1]
            listener = Listener(listening, Greeter, handshakes(count_max=4))
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
            for number, (_, writer) in enumerate(silent):
                # Some of them have begun.
                writer.write(b"\x16\x03\x01"[: 3 * (number % 2)])
            await asyncio.sleep(0.05)
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=client_tls(), server_hostname="localhost"
            )
            assert await reader.read() == b"hello"
            writer.close()
            assert await silent[0][0].read() == b""
            assert not silent[1][0].at_eof()
            listener.close()
            # At the end of the listener theirs comes, too.
            for reader, writer in silent[1:]:
                assert await reader.read() == b""
                writer.close()
            silent[0][1].close()

    run_on(check())
