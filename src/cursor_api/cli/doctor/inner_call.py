"""One request to a gateway of this process, without a socket: what a client would send and get."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct, field

from cursor_api.domain.credential import Secret

App = Callable[[Any, Any, Any], Awaitable[None]]


class Called(Struct):
    """What came of it. Times are seconds from the call; header names are lower case.

    `ended_after_leaving_s` is how long the gateway went on after the client had left.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    first_after_s: float | None = None
    took_s: float = 0.0
    ended_after_leaving_s: float | None = None


async def call(
    app: App, path: str, key: Secret, body: Mapping[str, Any], *, leaves: bool = False
) -> Called:
    """Post the body as JSON; a client that `leaves` does so at the first bytes of the answer."""
    return await _Call(app, path, key, leaves=leaves).run(json.dumps(body).encode())


class _Call:
    """The client's side of the one request."""

    def __init__(self, app: App, path: str, key: Secret, *, leaves: bool) -> None:
        self._app = app
        self._leaves = leaves
        self._called = Called()
        self._has_left = asyncio.Event()
        self._left_at = 0.0
        self._body: bytes | None = None
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"content-type", b"application/json"),
                (b"authorization", f"Bearer {key.reveal()}".encode()),
            ],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
            "state": {},
        }

    async def run(self, body: bytes) -> Called:
        self._body = body
        self._scope["headers"] = [
            *self._scope["headers"],
            (b"content-length", str(len(body)).encode()),
        ]
        self._started = time.monotonic()
        await self._app(self._scope, self._receive, self._send)
        ended = time.monotonic()
        self._called.took_s = ended - self._started
        if self._left_at:
            self._called.ended_after_leaving_s = ended - self._left_at
        return self._called

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._has_left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        called = self._called
        if message["type"] == "http.response.start":
            called.status = message["status"]
            called.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        body: bytes = message.get("body", b"")
        if body and called.first_after_s is None:
            called.first_after_s = time.monotonic() - self._started
        called.body += body
        if body and self._leaves and not self._has_left.is_set():
            self._left_at = time.monotonic()
            self._has_left.set()
