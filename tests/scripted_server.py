"""A raw HTTP/1.1 server on a loopback socket that does what a test tells it, right or wrong."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

CONNECT_STREAM = "application/connect+proto"


@dataclass(slots=True)
class Turn:
    """One request as it came, and the means to answer it. Header names are lower case."""

    line: str
    headers: Mapping[str, str]
    names: tuple[str, ...]  # in the order and the case in which they came
    body: bytes
    connection: int  # counts from 1
    reader: asyncio.StreamReader = field(repr=False)
    writer: asyncio.StreamWriter = field(repr=False)
    is_over: bool = False  # no further request is read from this connection

    async def write(self, data: bytes) -> None:
        """Bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: int = 200, **headers: str) -> None:
        """A status line and headers; underscores in names become hyphens."""
        fields = {"content-type": CONNECT_STREAM, "transfer-encoding": "chunked"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        await self.write(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode())

    async def chunk(self, data: bytes) -> None:
        """One HTTP chunk."""
        await self.write(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        """The end of a chunked body."""
        await self.write(b"0\r\n\r\n")

    async def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        """A whole answer, its length stated."""
        headers = {"transfer_encoding": "", "content_length": str(len(body)), **headers}
        await self.head(status, **headers)
        await self.write(body)

    async def gone(self) -> None:
        """Say nothing more until the other side has closed the connection."""
        while await self.reader.read(65536):
            pass
        self.close()

    def close(self) -> None:
        """An orderly end of the connection."""
        self.is_over = True
        self.writer.close()

    def reset(self) -> None:
        """An end without goodbye: the other side gets ECONNRESET."""
        self.is_over = True
        made: socket.socket = self.writer.get_extra_info("socket")
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Handler = Callable[[Turn], Awaitable[None]]


class ScriptedServer:
    """Gives every request to a handler. An async context manager; `url` has no trailing slash."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.requests: list[Turn] = []
        self.connection_count = 0
        self.closed_by_peer = asyncio.Event()
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connection_count += 1
        connection = self.connection_count
        try:
            while turn := await _read_turn(reader, writer, connection):
                self.requests.append(turn)
                await self.handler(turn)
                if turn.is_over:
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client left, which is what some tests are about
        except asyncio.CancelledError:
            pass  # the end of the test; asyncio would report it as a failure of this task
        finally:
            self.closed_by_peer.set()
            self._tasks.discard(task)
            writer.close()


async def _read_turn(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
) -> Turn | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, *fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    pairs = [field.split(":", 1) for field in fields]
    headers = {name.lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Turn(line, headers, tuple(name for name, _ in pairs), body, connection, reader, writer)
