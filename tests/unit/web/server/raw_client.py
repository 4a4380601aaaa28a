"""Bytes to a server and back, and an app that tells what it got, for tests of connections."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from cursor_api.web.server.limits import ConnectionLimits
from cursor_api.web.server.server import ServerOptions
from tests.serving import Answer, parse_answer

QUICK = ServerOptions(
    limits=ConnectionLimits(header_timeout_s=0.3, body_timeout_s=0.8, header_bytes_max=2048),
    shutdown_grace_s=1,
)
SMALL = ServerOptions(limits=ConnectionLimits(header_bytes_max=2048), shutdown_grace_s=1)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


class Recorder:
    """Reads a request whole, waits when asked, and answers with what it got."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        body, has_more = b"", True
        while has_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.seen.append("gone")
                return
            body += message["body"]
            has_more = message["more_body"]
        self.seen.append(f"{scope['method']} {scope['path']} {len(body)}")
        self.headers = scope["headers"]
        headers = [(b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"do", "more_body": True})
        await self.may_answer.wait()
        await send({"type": "http.response.body", "body": b"ne"})


async def talk(port: int, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """Send these and read until the server ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    reading = asyncio.create_task(reader.read())
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(pause_s)
    try:
        return await asyncio.wait_for(reading, 5)
    finally:
        writer.close()


def refusal(raw: bytes, status: int) -> Answer:
    """The only answer in there, which is an OpenAI error and ends the connection."""
    assert raw.count(b"content-length:") == 1, raw
    answer = parse_answer(raw)
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert set(json.loads(answer.body)["error"]) == {"message", "type", "param", "code"}
    return answer
