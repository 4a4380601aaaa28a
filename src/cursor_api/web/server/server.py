"""The HTTP server: uvicorn, with what it lacks.

A stop signal lets running answers end and keeps the listener open until they have: a request that
comes meanwhile is refused with 503, and a probe sees 503, where uvicorn would refuse connections.
"""

from __future__ import annotations

import asyncio
import importlib.util
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import structlog
import uvicorn

from cursor_api.options.addresses import listen_host
from cursor_api.options.kinds import duration, whole
from cursor_api.options.setting import setting
from cursor_api.web.server import descriptors
from cursor_api.web.server.lifecycle import Lifecycle
from cursor_api.web.server.limits import ConnectionLimits
from cursor_api.web.server.listener import HANDSHAKES_MAX, Handshakes, Listener
from cursor_api.web.server.protocol import guarded_protocol
from cursor_api.web.server.refusals import NEEDS_TLS, RenderRefusal, write_refusal
from cursor_api.web.server.tls import Certificate, ListenerTls, TlsOptions, load_certificate

HAS_UVLOOP = importlib.util.find_spec("uvloop") is not None


log = structlog.get_logger(__name__)

# So many connections may wait to be accepted; the kernel's own default drops bursts.
BACKLOG_COUNT = 2048
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


@dataclass(frozen=True, slots=True)
class ServerOptions:
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


class GatewayServer(uvicorn.Server):
    """Drains at the first SIGTERM or SIGINT, ends at the second, calls `on_hangup` at SIGHUP.

    `serve` returns when all has ended; the caller still closes what is its own.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        grace_s: float,
        lifecycle: Lifecycle,
        on_hangup: Hangup | None,
    ) -> None:
        super().__init__(config)
        self._grace_s = grace_s
        self._lifecycle = lifecycle
        self.on_hangup = on_hangup
        self.tls: ListenerTls | None = None
        # A server beside the first one ends when that one has ended.
        self.hears_signals = True
        self._hangups: set[asyncio.Task[None]] = set()

    def use(self, options: ServerOptions, certificate: Certificate | None = None) -> None:
        """Other times and limits, for open connections as well; the address stays.

        A certificate counts from the next connection on, where the listener speaks TLS.
        """
        if self.tls is not None and certificate is not None:
            self.tls.certificate = certificate
        self._grace_s = options.shutdown_grace_s
        protocol: Any = self.config.http
        protocol.limits = options.limits.within(descriptors.find_limit())

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; by our own hand where the loop would let clients in one by one, and over TLS."""
        # Windows' loop is not told when a socket can be read; its own server has to do.
        is_ours = _is_uvloop(asyncio.get_running_loop()) or (self.tls and sys.platform != "win32")
        if sockets is None or not is_ours:
            self.config.ssl = self.tls.context if self.tls else None
            await super().startup(sockets)
            return

        def make_protocol() -> asyncio.Protocol:
            protocol: Any = self.config.http
            made: asyncio.Protocol = protocol(self.config, self.server_state, self.lifespan.state)
            return made

        handshakes = self._handshakes()
        listeners: list[Any] = [Listener(one, make_protocol, handshakes) for one in sockets]
        self.servers = listeners
        self.started = True

    def _handshakes(self) -> Handshakes | None:
        if self.tls is None:
            return None
        protocol: Any = self.config.http
        answer = write_refusal(protocol.render_refusal(NEEDS_TLS))

        def count_max() -> int:
            left_count: int = protocol.limits.connections_max - len(self.server_state.connections)
            return max(HANDSHAKES_MIN, min(HANDSHAKES_MAX, left_count))

        return Handshakes(
            self.tls.context, lambda: protocol.limits.header_timeout_s, count_max, answer
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear signals while serving.

        uvicorn raises what it heard once more at the end, which would cut short the closing of
        everything around the server.
        """
        if not self.hears_signals or threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers: dict[int, Callable[[int, FrameType | None], None]] = {
            signal.SIGINT: self.handle_exit,
            signal.SIGTERM: self.handle_exit,
        }
        if self.on_hangup is not None and hasattr(signal, "SIGHUP"):
            loop = asyncio.get_running_loop()

            def hear_hangup(_number: int, _frame: FrameType | None) -> None:
                loop.call_soon_threadsafe(self._hang_up)

            handlers[signal.SIGHUP] = hear_hangup
        before = {number: signal.signal(number, handle) for number, handle in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """A stop signal: the first drains, the second ends."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True
        # At once, not at the next tick: a probe shall see it.
        self._lifecycle.drain()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what runs end, within the grace time; then close the listeners and what is left.

        An answer whose time is over ends with an error for its client. Only a client that
        does not read, and one that sent its request not yet whole, is cut without a word.
        """
        self._lifecycle.drain()
        running = self._end_idle()
        if not await self._wait_for(running, self._grace_s):
            cut_count = len(running & self.server_state.connections)
            self._lifecycle.cut()
            log.warning("the grace time is over; answers are broken off", answer_count=cut_count)
            await self._wait_for(running, CUT_S)
        connections: set[Any] = {*self.server_state.connections}
        if any(one.is_leaving for one in connections):
            # They are to read why.
            await asyncio.sleep(CUT_S)
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await self._settle()

    def _end_idle(self) -> set[Any]:
        """Close connections between two requests; gives those with an answer under way.

        One that has not asked anything yet may be about to, and is then refused with 503.
        """
        connections: set[Any] = {*self.server_state.connections}
        asked = {one for one in connections if one.cycle is not None}
        for connection in asked:
            connection.shutdown()
        return asked

    async def _wait_for(self, running: set[Any], limit_s: float) -> bool:
        """Until these connections are gone or a second signal comes; False when time is over.

        Nobody waits for a client that still sends: a request that is not whole by the end of the
        last answer is turned away, and what was answered before it was whole is over.
        """
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        while not self.force_exit:
            left = {one for one in running & self.server_state.connections if not one.is_leaving}
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
        tasks = {*self.server_state.tasks, *self._hangups}
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


def _is_uvloop(loop: asyncio.AbstractEventLoop) -> bool:
    return type(loop).__module__.partition(".")[0] == "uvloop"


def create_server(
    app: Any,
    options: ServerOptions,
    render_refusal: RenderRefusal,
    lifecycle: Lifecycle | None = None,
    on_hangup: Hangup | None = None,
) -> GatewayServer:
    """A server that is ready to `serve()`; `lifecycle` is the one that the app reads.

    `render_refusal` words what never reaches the app. Raises TlsFileError where the files for TLS
    cannot be used.
    """
    certificate = load_certificate(options.tls)
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        loop="uvloop" if HAS_UVLOOP else "asyncio",
        http=guarded_protocol(options.limits.within(descriptors.find_limit()), render_refusal),
        ws="none",
        lifespan="off",
        interface="asgi3",
        # The request log is the record; a line per request would cost more than the request.
        access_log=False,
        log_level="warning",
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG_COUNT,
        timeout_keep_alive=int(options.idle_connection_s),
        timeout_graceful_shutdown=int(options.shutdown_grace_s),
    )
    server = GatewayServer(config, options.shutdown_grace_s, lifecycle or Lifecycle(), on_hangup)
    if certificate is not None:
        server.tls = ListenerTls(certificate)
    return server
