"""Trying keys over one kept-alive connection from an address of one's own."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Self

from tests.serving import Answer

CHAT_PATH = "/v1/chat/completions"
CHAT = json.dumps(
    {"model": "gpt-4o-128k", "messages": [{"role": "user", "content": "Hello!"}]}
).encode()
ANSWER_S_MAX = 20.0


class Knocker:
    """A connection to the gateway from `source`; an async context manager.

    With `forwarded_for` it is a proxy's.

    All of 127.0.0.0/8 is this machine on Linux, so that one machine can be many callers.
    """

    def __init__(self, port: int, source: str, forwarded_for: str = "") -> None:
        self._port = port
        self._source = source
        self._more = f"X-Forwarded-For: {forwarded_for}\r\n" if forwarded_for else ""

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, local_addr=(self._source, 0)
        )
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._writer.close()

    async def knock(
        self, key: str | None, method: str = "POST", path: str = CHAT_PATH, body: bytes = CHAT
    ) -> Answer:
        """One request with a key, or with none; raises TimeoutError."""
        fields = self._more + (f"Authorization: Bearer {key}\r\n" if key is not None else "")
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {len(body)}"
        self._writer.write(f"{head}\r\n\r\n".encode() + body)
        async with asyncio.timeout(ANSWER_S_MAX):
            raw = await self._reader.readuntil(b"\r\n\r\n")
            line, *lines = raw.decode("latin-1").rstrip().split("\r\n")
            headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}
            size_bytes = int(headers.get("content-length", "0"))
            text = b"" if method == "HEAD" else await self._reader.readexactly(size_bytes)
        return Answer(int(line.split()[1]), headers, text)
