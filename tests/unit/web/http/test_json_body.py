"""JSON bodies of management addresses: what is taken, what is refused, what is answered."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from cursor_api.web.http import json_body
from tests.house import BEARER
from tests.unit.web.operations_app import BODY_MAX, one


async def test_an_answer_is_json_that_nobody_keeps() -> None:
    """Status and headers are the handler's."""
    answer = await one("PATCH", "/closed", BEARER, b'{"count":3}')
    assert (answer.status, answer.json()) == (201, {"count": 3})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-a"] == "b"
    assert (await one("PATCH", "/closed", BEARER)).json() == {"count": 7}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"[]", 400, "invalid_type"),
        (b'{"count":"x"}', 400, "invalid_type"),
        (b'{"cuont":1}', 400, "unknown_parameter"),
        (b" " * (BODY_MAX + 1), 413, "body_too_large"),
        (b"\xff", 400, "invalid_json"),
    ],
)
async def test_a_body_that_does_not_fit_is_refused(body: bytes, status: int, code: str) -> None:
    """In the words of the chat address."""
    answer = await one("PATCH", "/closed", BEARER, body)
    assert answer.status == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert "GATEWAY_BODY_BYTES_MAX" not in error["message"]


async def test_a_body_is_bounded_after_decompression_too() -> None:
    """A gzip bomb is a body that is too large."""
    gzipped = BEARER | {"Content-Encoding": "gzip"}
    answer = await one("PATCH", "/closed", gzipped, gzip.compress(b'{"count":5}'))
    assert answer.json() == {"count": 5}
    bomb = gzip.compress(b" " * 50_000)
    assert len(bomb) < BODY_MAX
    async with asyncio.timeout(5):
        answer = await one("PATCH", "/closed", gzipped, bomb)
    assert answer.status == 413


async def test_who_sends_far_too_much_gets_the_answer_all_the_same() -> None:
    """The rest is taken and dropped, so that a client that is still sending can read it."""
    async with asyncio.timeout(10):
        answer = await one("PATCH", "/closed", BEARER, b" " * 20_000_000)
    assert answer.status == 413


async def test_who_never_sends_the_rest_is_waited_for_no_longer_than_stated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is more than a stated number of bytes taken."""
    monkeypatch.setattr(json_body, "DISCARD_S_MAX", 0.05)
    async with asyncio.timeout(5):
        answer = await one("PATCH", "/closed", BEARER | {"Content-Length": "5000"}, b"x" * 200)
    assert answer.status == 413
