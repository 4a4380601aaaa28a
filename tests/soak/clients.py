"""Clients that cost little: HTTP/1.1 by hand on an asyncio protocol.

A client is one kept-alive connection that asks one thing after another. It reads as fast as it can;
how to read slowly is `Drip`'s business.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tests.soak.stand import BEARER

LAST_CHUNK = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"
HEAD_END = b"\r\n\r\n"
# A stream that takes longer than this has hung.
PATIENCE_S = 60.0
RECEIVE_BYTES = 4096
SEGMENT_BYTES = 1460


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response. `body` keeps its chunk lines.

    `duration_s` counts from the request's last byte, by the system's finest clock: uvloop's own
    has milliseconds.
    """

    status: int
    head: bytes
    body: bytes
    duration_s: float

    def find(self, header: bytes) -> bytes | None:
        """That header's value; its name in lower case, and the value too."""
        _, found, rest = self.head.lower().partition(b"\r\n" + header + b": ")
        return rest.partition(b"\r\n")[0] if found else None

    @property
    def retry_after_s(self) -> float:
        """When to come again; 0 where nothing is said."""
        return float(self.find(b"retry-after") or 0)

    @property
    def is_whole_stream(self) -> bool:
        """Whether the answer was streamed to its end, and says so."""
        return self.status == 200 and DONE in self.body[-64:]


class BrokenError(Exception):
    """The connection ended before the response did."""


class Client(asyncio.Protocol):
    """One connection. `await client.ask(request)`, one at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # uvloop's transports are no subclass of asyncio's.
        self._transport: Any = None
        self._data = bytearray()
        self._head_end = -1
        self._body_end = -1
        self._waiter: asyncio.Future[Reply] | None = None
        self._asked_at = 0.0
        self.is_closed = False

    @classmethod
    async def connect(cls, port: int) -> Self:
        """A new connection to the loopback; raises OSError."""
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(cls, "127.0.0.1", port)
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        self._transport = transport
        made: socket.socket = transport.get_extra_info("socket")
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self.is_closed = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(BrokenError(str(exc or "closed")))

    def data_received(self, data: bytes) -> None:
        """More of the response."""
        self._data += data
        if self._head_end < 0 and not self._read_head():
            return
        is_chunked = self._body_end < 0
        if is_chunked and not self._data.endswith(LAST_CHUNK):
            return
        if len(self._data) >= self._body_end and self._waiter and not self._waiter.done():
            self._waiter.set_result(self._reply())

    @property
    def received(self) -> bytes:
        """What has come of the current response."""
        return bytes(self._data)

    async def ask(self, request: bytes, patience_s: float = PATIENCE_S) -> Reply:
        """Send a request and wait for its response; raises BrokenError and TimeoutError."""
        if self.is_closed or self._transport is None:
            raise BrokenError("closed before the request")
        self._data = bytearray()
        self._head_end = self._body_end = -1
        self._waiter = self._loop.create_future()
        self._transport.write(request)
        self._asked_at = time.perf_counter()
        async with asyncio.timeout(patience_s):
            return await self._waiter

    def send(self, data: bytes) -> None:
        """Send and wait for nothing."""
        self._transport.write(data)

    def leave(self, *, is_rude: bool = False) -> None:
        """Close the connection, or reset it."""
        if self._transport is not None:
            if is_rude:
                self._transport.abort()
            else:
                self._transport.close()

    def _read_head(self) -> bool:
        end = self._data.find(HEAD_END)
        if end < 0:
            return False
        self._head_end = end + len(HEAD_END)
        head = bytes(self._data[:end]).lower()
        _, found, rest = head.partition(b"\r\ncontent-length: ")
        if found:
            self._body_end = self._head_end + int(rest.split(b"\r\n", 1)[0])
        return True

    def _reply(self) -> Reply:
        now = time.perf_counter()
        head = bytes(self._data[: self._head_end])
        return Reply(
            status=int(head[9:12]),
            head=head,
            body=bytes(self._data[self._head_end :]),
            duration_s=now - self._asked_at,
        )


def post(body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """A chat request as it goes over the wire, with the key unless `headers` bring another."""
    fields = {"Host": "127.0.0.1", "Content-Type": "application/json"} | BEARER
    fields |= {"Content-Length": str(len(body))} | dict(headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n".encode() + body


def get(path: str) -> bytes:
    """A request of that address with the key."""
    head = "".join(f"{name}: {value}\r\n" for name, value in BEARER.items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode()


class Sink(asyncio.Protocol):
    """A client that reads one answer as fast as it comes and keeps nothing of it."""

    def __init__(self) -> None:
        self._tail = b""
        self._transport: Any = None
        # Its first text has come; the connection or the stream is over.
        self.begun = asyncio.Event()
        self.over = asyncio.Event()

    @classmethod
    async def connect(cls, port: int, request: bytes) -> Self:
        """Connect and ask; raises OSError."""
        loop = asyncio.get_running_loop()
        transport, sink = await loop.create_connection(cls, "127.0.0.1", port)
        sink._transport = transport
        transport.write(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        return sink

    def data_received(self, data: bytes) -> None:
        """Look only for the first text."""
        if not self.begun.is_set():
            self._tail = (self._tail + data)[-4096:]
            if self._tail.count(b'"content":') > 1 or b"content-length" in self._tail:
                self._tail = b""
                self.begun.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        """It is over."""
        self.begun.set()
        self.over.set()

    def leave(self) -> None:
        """Close."""
        self._transport.abort()


class Drip:
    """A client that reads a stream a few bytes at a time, or not at all, through a small window."""

    def __init__(self, made: socket.socket) -> None:
        self._socket = made
        self.received_bytes = 0
        # True once the other side has ended the connection.
        self.is_cut = False

    @classmethod
    async def connect(cls, port: int, request: bytes) -> Self:
        """Connect with a receive buffer as small as the system allows, and ask."""
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        # As on an Ethernet. With the loopback's segments of 64 KB the kernel takes megabytes for a
        # reader before its sender notices anything.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
        made.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(made, ("127.0.0.1", port))
        await loop.sock_sendall(made, request)
        return cls(made)

    def look(self) -> None:
        """Set `is_cut` if the other side has reset the connection; takes nothing."""
        self.is_cut |= self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0

    def sip(self, size_bytes: int) -> None:
        """Take what is there, up to so much; sets `is_cut` at the connection's end."""
        try:
            taken = self._socket.recv(size_bytes)
        except BlockingIOError:
            return
        except OSError:
            self.is_cut = True
            return
        self.received_bytes += len(taken)
        self.is_cut |= not taken

    def close(self) -> None:
        """Leave."""
        self._socket.close()
