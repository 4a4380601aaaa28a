"""How the server listens, hears signals and ends."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
from contextlib import ExitStack
from typing import Any

import pytest

from cursor_api.installed import DIALECTS
from cursor_api.web.server import server as server_module
from cursor_api.web.server.limits import ConnectionLimits
from cursor_api.web.server.server import ServerOptions, create_server
from tests.log_lines import capture_logs
from tests.serving import ask, parse_answer, serve
from tests.waiting import until


class Flood:
    """Sends until told that the client has left."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.sent_bytes = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Write for ever, watching for a disconnect."""
        assert scope["type"] == "http"
        await receive()
        watcher = asyncio.create_task(self._watch(receive))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not self.left.is_set():
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
            self.sent_bytes += 65536
            await asyncio.sleep(0)
        await watcher

    async def _watch(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left.set()


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """An app with one answer."""
    assert scope
    assert receive
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("behind", [b"", b"GET /half"])
async def test_a_client_that_stops_reading_is_cut(behind: bytes) -> None:
    """Its buffer stays bounded and its connection ends at the write time-out.

    Though another limit, that of the next request's head, was over before.
    """
    app = Flood()
    limits = ConnectionLimits(write_timeout_s=0.4, header_timeout_s=0.1)
    async with serve(app, ServerOptions(limits=limits, shutdown_grace_s=1)) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + behind)
            await asyncio.wait_for(app.left.wait(), 10)
    assert app.sent_bytes < 16 * 1024 * 1024


async def test_a_slow_but_steady_reader_is_not_cut() -> None:
    """The clock starts anew each time the buffer empties."""
    app = Flood()
    async with serve(
        app, ServerOptions(limits=ConnectionLimits(write_timeout_s=0.4), shutdown_grace_s=1)
    ) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        deadline = asyncio.get_running_loop().time() + 1.2
        while asyncio.get_running_loop().time() < deadline:
            assert await reader.read(262_144)
            await asyncio.sleep(0.01)
        assert not app.left.is_set()
        writer.transport.abort()
        await asyncio.wait_for(app.left.wait(), 5)


async def test_a_client_that_reads_again_has_its_time_anew() -> None:
    """The limit that ran while it did not read ends nothing that comes later."""
    size = 8_000_000

    async def flood(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.request"
        length = size if scope["path"] == "/large" else 2
        headers = [(b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * length})

    limits = ConnectionLimits(write_timeout_s=0.5)
    async with serve(flood, ServerOptions(limits=limits, shutdown_grace_s=1)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.1)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        await reader.readexactly(size)
        for _ in range(2):
            await asyncio.sleep(0.6)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"xx")).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_nothing_about_the_server_is_told() -> None:
    """No Server header: it helps only attackers."""
    async with serve(hello) as port:
        answer = await ask(port, "GET", "/")
    assert answer.status == 204
    assert "server" not in answer.headers


@pytest.mark.skipif(not server_module.HAS_UVLOOP, reason="asyncio's own loop lets all in at once")
def test_clients_that_come_together_are_let_in_together() -> None:
    """The loop that serves would let in one in each of its turns."""
    import uvloop  # noqa: PLC0415 - there is none on Windows

    count = 96

    async def check() -> None:
        async with serve(hello) as port:
            with ExitStack() as stack:
                clients = [
                    stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                    for _ in range(count)
                ]
                for client in clients:
                    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                for _ in range(count // 4):
                    await asyncio.sleep(0)
                answered, _, _ = select.select(clients, [], [], 0)
                assert len(answered) == count, "the others wait for further turns of the loop"
                for client in clients:
                    assert client.recv(100).startswith(b"HTTP/1.1 204 ")

    uvloop.run(check())


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    """Which is an option of the server's."""
    async with serve(hello, ServerOptions(idle_connection_s=0.1, shutdown_grace_s=1)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        raw = await asyncio.wait_for(reader.read(), 10)
        assert raw.startswith(b"HTTP/1.1 204")
        assert b"connection" not in raw
        writer.close()


class Reader:
    """Answers when a request is whole, after a while."""

    def __init__(self, answer_s: float) -> None:
        self.answer_s = answer_s

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        """Read all of it."""
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        await asyncio.sleep(self.answer_s)
        await hello("scope", receive, send)


HALF = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"


async def test_nobody_waits_for_a_request_that_is_not_whole() -> None:
    """Its client is told to come again, long before the grace time for answers is over."""
    loop = asyncio.get_running_loop()
    async with serve(Reader(0), ServerOptions(shutdown_grace_s=30)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HALF)
        await asyncio.sleep(0.1)
        began_at = loop.time()
    assert loop.time() - began_at < 10
    answer = parse_answer(await asyncio.wait_for(reader.read(), 10))
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert "shutting down" in answer.json()["error"]["message"]
    writer.close()


async def test_whoever_is_turned_away_at_the_end_has_time_to_read_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it still sends meanwhile is no reason to throw the answer away."""
    monkeypatch.setattr(server_module, "CUT_S", 1.0)
    async with serve(Reader(0), ServerOptions(shutdown_grace_s=30)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HALF)

        async def send_on() -> bool:
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 503 ")
            for _ in range(3):
                writer.write(b"x")
                await asyncio.sleep(0.05)
            return not writer.transport.is_closing()

        sending = asyncio.create_task(send_on())
        await asyncio.sleep(0.1)
    assert await sending
    writer.close()


async def test_while_an_answer_runs_a_request_may_become_whole() -> None:
    """And is answered then, in the time that there is."""
    async with serve(Reader(1.2), ServerOptions(shutdown_grace_s=30)) as port:
        running = asyncio.create_task(ask(port, "GET", "/"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HALF)
        await asyncio.sleep(0.1)
        rest = asyncio.get_running_loop().call_later(0.8, writer.write, b"wholly")
    assert (await running).status == 204
    assert parse_answer(await asyncio.wait_for(reader.read(), 10)).status == 204
    rest.cancel()
    writer.close()


async def test_while_an_answer_runs_a_client_that_is_connected_may_ask() -> None:
    """It may be about to: the app, which knows that the process ends, tells it so."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.8 if scope["path"] == "/slow" else 0)
        await hello(scope, receive, send)

    async with serve(app, ServerOptions(shutdown_grace_s=30)) as port:
        running = asyncio.create_task(ask(port, "GET", "/slow"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.1)
        asking = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        timer = asyncio.get_running_loop().call_later(0.2, writer.write, asking)
    assert (await running).status == 204
    assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 204 ")
    timer.cancel()
    writer.close()


async def test_nobody_waits_for_the_rest_of_a_body_that_was_answered_already() -> None:
    """It is dropped anyway; the connection was kept so that its client reads the answer."""
    loop = asyncio.get_running_loop()

    async def hasty(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)

    async with serve(hasty, ServerOptions(shutdown_grace_s=30)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HALF.replace(b"Host", b"Connection: close\r\nHost"))
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 204")
        began_at = loop.time()
    assert loop.time() - began_at < 10
    writer.close()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
async def test_a_hangup_that_fails_is_told_and_ends_nothing() -> None:
    """The next one is heard as well."""
    heard: list[str] = []

    async def on_hangup() -> None:
        heard.append("SIGHUP")
        raise ZeroDivisionError("planted")

    server = create_server(Flood(), ServerOptions(shutdown_grace_s=1), DIALECTS[0].fault)
    server.on_hangup = on_hangup
    listener = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    with capture_logs() as logs:
        for count in (1, 2):
            while not server.started:
                await asyncio.sleep(0.005)
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: len(logs) >= count)  # noqa: B023 - awaited at once
    server.stop()
    await task
    assert heard == ["SIGHUP"] * 2
    assert [log["exception"] for log in logs] == ["planted"] * 2
    assert "the old state serves on" in logs[0]["event"]
