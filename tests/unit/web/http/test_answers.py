"""Whole responses."""

from __future__ import annotations

from typing import Any

from cursor_api.web.http.answers import send_whole


async def test_a_whole_response_says_its_length() -> None:
    """A keep-alive client knows where it ends."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await send_whole(send, 404, b"{}")
    assert sent == [
        {
            "type": "http.response.start",
            "status": 404,
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
        },
        {"type": "http.response.body", "body": b"{}"},
    ]
