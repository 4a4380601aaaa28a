"""The HTTP server: uvicorn, with what it lacks.

A client that stops reading would hold its connection and 64 KiB of buffer for ever; the protocol
classes here cut it at the write time-out. The app then sees an ordinary disconnect.
"""

from __future__ import annotations

import asyncio
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HAS_HTTPTOOLS = importlib.util.find_spec("httptools") is not None
HAS_UVLOOP = importlib.util.find_spec("uvloop") is not None

if HAS_HTTPTOOLS or TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where to listen, and how long to wait for whom."""

    host: str = "127.0.0.1"
    port: int = 3000
    # A full socket buffer that nobody empties for this long is a client that is gone.
    write_timeout_s: float = 30.0
    # An idle connection may be used again within this time; above most clients' own 60 s.
    idle_connection_s: float = 75.0
    # After a stop signal, streams get this long to end by themselves.
    shutdown_grace_s: float = 30.0
    # 2,048 connections may wait to be accepted; the kernel's own default drops bursts.
    backlog_count: int = 2048
    # Agents send large cookies at most; 64 KiB of headers is what h11 and nginx take together.
    header_bytes_max: int = 65_536


class _WriteTimeout:
    """Starts a clock when the client's buffer is full, and cuts the connection when it runs out."""

    write_timeout_s: float
    transport: Any
    loop: asyncio.AbstractEventLoop
    _cut: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]  # a mixin over uvicorn's protocols
        self._cut = self.loop.call_later(self.write_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().resume_writing()  # type: ignore[misc]  # the same

    def connection_lost(self, exc: Exception | None) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)  # type: ignore[misc]  # the same


def _protocol(options: ServerOptions) -> type[asyncio.Protocol]:
    base: type[asyncio.Protocol] = HttpToolsProtocol if HAS_HTTPTOOLS else H11Protocol
    namespace = {"write_timeout_s": options.write_timeout_s}
    return type("GatewayProtocol", (_WriteTimeout, base), namespace)


def create_server(app: Any, options: ServerOptions) -> uvicorn.Server:
    """A server that is ready to `serve()`."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=options.host,
            port=options.port,
            loop="uvloop" if HAS_UVLOOP else "asyncio",
            http=_protocol(options),
            ws="none",
            lifespan="off",
            interface="asgi3",
            # The request log is the record; a line per request would cost more than the request.
            access_log=False,
            log_level="warning",
            log_config=None,
            server_header=False,
            proxy_headers=False,
            backlog=options.backlog_count,
            timeout_keep_alive=int(options.idle_connection_s),
            timeout_graceful_shutdown=int(options.shutdown_grace_s),
            h11_max_incomplete_event_size=options.header_bytes_max,
        )
    )
