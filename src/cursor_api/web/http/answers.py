"""Writing whole (not streamed) responses over ASGI."""

from __future__ import annotations

from collections.abc import Iterable

from cursor_api.web.http.body import Send

Header = tuple[bytes, bytes]

JSON_TYPE: Header = (b"content-type", b"application/json")


async def send_whole(
    send: Send, status: int, body: bytes, headers: Iterable[Header] = (JSON_TYPE,)
) -> None:
    """Send a response with its length."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", b"%d" % len(body))],
        }
    )
    await send({"type": "http.response.body", "body": body})
