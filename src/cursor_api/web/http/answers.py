"""Writing whole (not streamed) responses over ASGI."""

from __future__ import annotations

from collections.abc import Iterable

from cursor_api.domain.random_bytes import random_bytes
from cursor_api.ports.dialect import RenderedFault
from cursor_api.web.server.serving import Send

Header = tuple[bytes, bytes]

JSON_HEADER: Header = (b"content-type", b"application/json")
# Beside the 48 bits of the time; 128 together.
RANDOM_BYTES = 10


def new_request_id(now_ms: int) -> str:
    """32 hex digits that sort by the unix time in ms, which is in the first twelve of them.

    The answer's id and x-request-id are made of it, and records are kept in its order.
    """
    return f"{now_ms:012x}{random_bytes(RANDOM_BYTES).hex()}"


async def send_whole(
    send: Send, status: int, body: bytes, headers: Iterable[Header] = (JSON_HEADER,)
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


def encode_headers(headers: Iterable[tuple[str, str]]) -> list[Header]:
    """A dialect's headers as ASGI wants them."""
    return [(name.encode(), value.encode()) for name, value in headers]


async def send_fault(send: Send, rendered: RenderedFault, headers: Iterable[Header]) -> None:
    """Send an error answer: these headers behind the dialect's own."""
    all_headers = [*encode_headers(rendered.headers), *headers]
    await send_whole(send, rendered.status, rendered.body, all_headers)
