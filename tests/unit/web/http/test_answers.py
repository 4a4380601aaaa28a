"""Whole responses."""

from __future__ import annotations

from typing import Any

from cursor_api.web.http.answers import new_request_id, send_whole


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


def test_request_ids_sort_by_time_and_are_never_the_same() -> None:
    """128 bits, of which the first 48 are the time: records are kept in their order."""
    ids = [new_request_id(now_ms) for now_ms in (0, 1, 255, 1_790_000_000_000, 2**48 - 1)]
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {32}
    assert int(ids[3][:12], 16) == 1_790_000_000_000
    assert len({new_request_id(7) for _ in range(1000)}) == 1000
