"""The HTTP server: it listens, serves any ASGI application, and ends in good order.

A stop signal lets running answers end and keeps the listener open until they have: a request that
comes meanwhile is refused with 503, and a probe sees 503, where connections would be refused.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from msgspec import Struct, field

from cursor_api.options.addresses import listen_host
from cursor_api.options.kinds import duration, whole
from cursor_api.options.setting import setting
from cursor_api.web.server import descriptors
from cursor_api.web.server.handover import hand_over
from cursor_api.web.server.lifecycle import Lifecycle
from cursor_api.web.server.limits import ConnectionLimits
from cursor_api.web.server.listener import HANDSHAKES_MAX, Handshakes, Listener
from cursor_api.web.server.protocol import HttpConnection
from cursor_api.web.server.refusals import NEEDS_TLS, RenderRefusal, write_refusal
from cursor_api.web.server.serving import Application, Serving
from cursor_api.web.server.tls import Certificate, ListenerTls, TlsOptions, load_certificate

HAS_UVLOOP = importlib.util.find_spec("uvloop") is not None

log = logging.getLogger(__name__)

# So many connections may wait to be accepted; the kernel's own default drops bursts.
BACKLOG_COUNT = 2048
# Far more than there are cores where one machine is enough.
WORKERS_MAX = 64
# How often a draining server looks whether its last answer has ended.
DRAIN_POLL_S = 0.05
# What the answers that were broken off get to send their last error.
CUT_S = 0.4
# What a request that is not whole yet gets to become so, where no answer is waited for any more:
# its next packet is under way, or its client takes its time.
ASK_S = 0.5
# So many may shake hands even where connections are at their limit: each is then told that.
HANDSHAKES_MIN = 16
# What the requests that were cut get to settle their leases and their records.
SETTLE_S = 0.4

Hangup = Callable[[], Coroutine[Any, Any, None]]


class ServerOptions(Struct, frozen=True):
    """Where to listen, and how long to wait for whom."""

    host: str = setting(
        "HOST",
        listen_host(),
        "127.0.0.1",
        "Address to listen on. By default only this machine can reach the gateway, because"
        " anyone who can reach it can use your accounts. In a container it has to be `0.0.0.0`.",
        needs_restart=True,
    )
    port: int = setting(
        "PORT",
        whole(0, 65535, 3000),
        "3000",
        "Port to listen on; 0 takes any free one.",
        needs_restart=True,
    )
    workers: int = setting(
        "WORKERS",
        whole(1, WORKERS_MAX, 2),
        "1",
        "How many processes serve the address together (Linux only): one per core"
        " that the gateway may use. Limits of a single process are divided among"
        " them.",
        needs_restart=True,
    )
    tls: TlsOptions = field(default_factory=TlsOptions)
    # An idle connection may be used again within this time; above most clients' own 60 s.
    idle_connection_s: float = 75.0
    shutdown_grace_s: float = setting(
        "GATEWAY_SHUTDOWN_GRACE_S",
        duration(0, 3600, "30s"),
        "30",
        "How long running answers may go on after SIGTERM. Container platforms kill after"
        " 10 (Docker) or 30 seconds (Kubernetes) unless told otherwise.",
    )
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)


class GatewayServer:
    """Drains at the first SIGTERM or SIGINT, ends at the second, calls `on_hangup` at SIGHUP.

    Where it `can_retire`, SIGUSR2 leaves the address to another process that serves it already.

    `serve` returns when all has ended; the caller still closes what is its own.
    """

    def __init__(self, serving: Serving, grace_s: float, lifecycle: Lifecycle) -> None:
        self._serving = serving
        self._grace_s = grace_s
        self._lifecycle = lifecycle
        self.on_hangup: Hangup | None = None
        self.tls: ListenerTls | None = None
        # A server beside the first one ends when that one has ended.
        self.hears_signals = True
        self.can_retire = False
        self._is_retiring = False
        # It accepts connections.
        self.started = False
        # Told of it.
        self.on_started: Callable[[], None] = _nothing
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._is_stopping = False
        self._is_forced = False
        self._hangups: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"GatewayServer({self._serving!r})"

    @property
    def limits(self) -> ConnectionLimits:
        """Those that count now."""
        return self._serving.limits

    async def serve(self, sockets: Sequence[socket.socket]) -> None:
        """Serve on these listening sockets until `stop`, and let answers end then; closes them."""
        self._loop = asyncio.get_running_loop()
        with self._hear_signals():
            listeners = [await self._listen(one) for one in sockets]
            self.started = True
            self.on_started()
            await self._stopping.wait()
            if self._is_retiring and not self._is_stopping:
                await self._retire(listeners)
            await self._shut_down(listeners, sockets)

    def stop(self) -> None:
        """Let what runs end; at the second time, end at once. Also for signal handlers."""
        self._is_forced = self._is_stopping
        self._is_stopping = True
        # At once, not at the loop's next turn: a probe shall see it.
        self._lifecycle.drain()
        if self._loop is None:
            self._stopping.set()
        else:
            self._loop.call_soon_threadsafe(self._stopping.set)

    def retire(self) -> None:
        """Accept no more, and end when the last client has gone; for the loop's thread."""
        self._is_retiring = True
        self._lifecycle.retire()
        self._stopping.set()

    async def _retire(self, listeners: Sequence[Any]) -> None:
        for one in listeners:
            one.leave() if isinstance(one, Listener) else one.close()
        await hand_over(self._serving, lambda: self._is_stopping)
        if not self._is_stopping:
            self.stop()

    def use(self, options: ServerOptions, certificate: Certificate | None = None) -> None:
        """Other times and limits, for open connections as well; the address stays.

        A certificate counts from the next connection on, where the listener speaks TLS.
        """
        if self.tls is not None and certificate is not None:
            self.tls.certificate = certificate
        self._grace_s = options.shutdown_grace_s
        self._serving.limits = options.limits.within(descriptors.find_limit())

    async def _listen(self, listening: socket.socket) -> Any:
        """By our own hand where the loop would let clients in one by one, and over TLS."""
        loop, serving = asyncio.get_running_loop(), self._serving

        def connect() -> HttpConnection:
            return HttpConnection(serving, loop)

        # Windows' loop is not told when a socket can be read; its own server has to do.
        if _is_uvloop(loop) or (self.tls and sys.platform != "win32"):
            return Listener(listening, connect, self._handshakes())
        context = self.tls.context if self.tls else None
        return await loop.create_server(connect, sock=listening, ssl=context, backlog=BACKLOG_COUNT)

    def _handshakes(self) -> Handshakes | None:
        if self.tls is None:
            return None
        serving = self._serving
        answer = write_refusal(serving.render_refusal(NEEDS_TLS))

        def count_max() -> int:
            left_count = serving.limits.connections_max - len(serving.connections)
            return max(HANDSHAKES_MIN, min(HANDSHAKES_MAX, left_count))

        return Handshakes(
            self.tls.context, lambda: serving.limits.header_timeout_s, count_max, answer
        )

    @contextmanager
    def _hear_signals(self) -> Iterator[None]:
        """Hear signals while serving."""
        if not self.hears_signals or threading.current_thread() is not threading.main_thread():
            yield
            return

        call_soon = asyncio.get_running_loop().call_soon_threadsafe
        acts: dict[int, Callable[[], object]] = {
            signal.SIGINT: self.stop,
            signal.SIGTERM: self.stop,
        }
        if self.on_hangup is not None and hasattr(signal, "SIGHUP"):
            acts[signal.SIGHUP] = lambda: call_soon(self._hang_up)
        if self.can_retire and hasattr(signal, "SIGUSR2"):
            acts[signal.SIGUSR2] = lambda: call_soon(self.retire)

        def hear(number: int, _frame: FrameType | None) -> None:
            acts[number]()

        before = {number: signal.signal(number, hear) for number in acts}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def _shut_down(self, listeners: Sequence[Any], sockets: Sequence[socket.socket]) -> None:
        """Let what runs end, within the grace time; then close the listeners and what is left.

        An answer whose time is over ends with an error for its client. Only a client that
        does not read, and one that sent its request not yet whole, is cut without a word.
        """
        connections = self._serving.connections
        running = self._end_idle()
        if not await self._wait_for(running, self._grace_s):
            cut_count = len(running & connections)
            self._lifecycle.cut()
            log.warning(
                "the grace time is over; answers are broken off",
                extra={"facts": {"answer_count": cut_count}},
            )
            await self._wait_for(running, CUT_S)
        if any(one.is_leaving for one in connections):
            # They are to read why.
            await asyncio.sleep(CUT_S)
        for listener in listeners:
            listener.close()
        for one in sockets:
            one.close()
        for connection in list(connections):
            connection.transport.abort()
        await self._settle()
        self._serving.watch.close()

    def _end_idle(self) -> set[Any]:
        """Close connections between two requests; gives those with an answer under way.

        One that has not asked anything yet may be about to, and is then refused with 503.
        """
        asked = {one for one in self._serving.connections if one.has_asked}
        for connection in asked:
            connection.end()
        return asked

    async def _wait_for(self, running: set[Any], limit_s: float) -> bool:
        """Until these connections are gone or a second signal comes; False when time is over.

        Nobody waits for a client that still sends: a request that is not whole by the end of the
        last answer is turned away, and what was answered before it was whole is over.
        """
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        while not self._is_forced:
            left = {one for one in running & self._serving.connections if not one.is_leaving}
            if not left:
                return True
            if loop.time() >= began_at + limit_s:
                return False
            if loop.time() >= began_at + ASK_S and all(one.is_asking for one in left):
                for one in left:
                    one.turn_away()
            await asyncio.sleep(DRAIN_POLL_S)
        return True

    async def _settle(self) -> None:
        """See the requests off whose connections have been cut."""
        tasks = {*self._serving.tasks, *self._hangups}
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=SETTLE_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _hang_up(self) -> None:
        if self.on_hangup is not None:
            task = asyncio.get_running_loop().create_task(self.on_hangup())
            self._hangups.add(task)
            task.add_done_callback(self._end_hangup)

    def _end_hangup(self, task: asyncio.Task[None]) -> None:
        self._hangups.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("SIGHUP: reading again failed; the old state serves on", exc_info=error)


def _nothing() -> None:
    pass


def _is_uvloop(loop: asyncio.AbstractEventLoop) -> bool:
    return type(loop).__module__.partition(".")[0] == "uvloop"


def create_server(
    app: Application,
    options: ServerOptions,
    render_refusal: RenderRefusal,
    lifecycle: Lifecycle | None = None,
) -> GatewayServer:
    """A server that is ready to `serve()`; `lifecycle` is the one that the app reads.

    `render_refusal` words what never reaches the app. Raises TlsFileError where the files for TLS
    cannot be used.
    """
    certificate = load_certificate(options.tls)
    limits = options.limits.within(descriptors.find_limit())
    serving = Serving(app, limits, render_refusal, options.idle_connection_s)
    server = GatewayServer(serving, options.shutdown_grace_s, lifecycle or Lifecycle())
    if certificate is not None:
        server.tls = ListenerTls(certificate)
    return server
