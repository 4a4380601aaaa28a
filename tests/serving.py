"""Serving an ASGI app on a real socket inside a test, and speaking raw HTTP to it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from cursor_api.installed import DIALECTS
from cursor_api.web.server.server import ServerOptions, create_server


@asynccontextmanager
async def serve(app: Any, options: ServerOptions | None = None) -> AsyncIterator[int]:
    """Serve an app on a free loopback port, with the gateway's own server; gives the port."""
    options = options or ServerOptions(shutdown_grace_s=1)
    server = create_server(app, options, DIALECTS[0].fault)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            await asyncio.sleep(0.005)
        yield listener.getsockname()[1]
    finally:
        server.stop()
        await task


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it stood on the wire. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def ask(
    port: int,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """One request on a connection of its own, nothing normalised on the way.

    Raises ConnectionError where the server hangs up without a word.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    fields = {"Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(body))}
    fields |= headers or {}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    await writer.drain()
    try:
        raw = await reader.read()
        if not raw:
            raise ConnectionResetError("the server hung up without a word")
        return parse_answer(raw)
    finally:
        writer.close()


class Line:
    """One connection for many requests, opened anew where the server has ended it.

    An async context manager. Quicker than `ask`, where thousands are asked.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._leave()

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """As `ask` does."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        fields = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        answer = _parse_head((await self._reader.readuntil(b"\r\n\r\n"))[:-4])
        if method != "HEAD":
            answer = replace(answer, body=await self._read_body(answer.headers))
        if answer.headers.get("connection") == "close":
            self._leave()
        return answer

    async def _read_body(self, headers: Mapping[str, str]) -> bytes:
        if "transfer-encoding" not in headers:
            return await self._reader.readexactly(int(headers["content-length"]))
        pieces = [b""]
        while pieces[-1] != b"0\r\n\r\n":
            size = await self._reader.readuntil(b"\r\n")
            pieces.append(size + await self._reader.readexactly(int(size, 16) + 2))
        return _dechunk(b"".join(pieces))

    def _leave(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None


def parse_answer(raw: bytes) -> Answer:
    """Split a whole HTTP/1.1 response; undoes chunked transfer coding."""
    head, _, body = raw.partition(b"\r\n\r\n")
    answer = _parse_head(head)
    if answer.headers.get("transfer-encoding") == "chunked":
        body = _dechunk(body)
    return replace(answer, body=body)


def _parse_head(head: bytes) -> Answer:
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return Answer(int(status_line.split()[1]), headers, b"")


def _dechunk(body: bytes) -> bytes:
    pieces: list[bytes] = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return b"".join(pieces)
        pieces.append(rest[:length])
        body = rest[length + 2 :]
    raise AssertionError("the chunked body was cut short")
