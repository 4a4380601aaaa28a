"""What is left, in OpenAI's words."""

from __future__ import annotations

import pytest

from cursor_api.dialects.openai.limit_headers import limit_headers
from cursor_api.domain.quota import Limit
from cursor_api.domain.standing import Left, Standing


def test_requests_and_tokens_each_have_three_headers() -> None:
    """Of several limits that one is told of which the least is left."""
    standing = Standing(
        (
            Left(Limit.REQUESTS_PER_DAY, "requests", 1000, 7, 3600.0),
            Left(Limit.REQUESTS_PER_MINUTE, "requests", 60, 59, 1.0),
            Left(Limit.TOKENS_PER_MINUTE, "tokens", 40_000, 0, 60.0),
            Left(Limit.BUDGET, "nano_dollars", 10, 0, 9.0),
        ),
        0.0,
    )
    assert dict(limit_headers(standing)) == {
        b"x-ratelimit-limit-requests": b"1000",
        b"x-ratelimit-remaining-requests": b"7",
        b"x-ratelimit-reset-requests": b"1h0m0s",
        b"x-ratelimit-limit-tokens": b"40000",
        b"x-ratelimit-remaining-tokens": b"0",
        b"x-ratelimit-reset-tokens": b"1m0s",
    }


def test_a_key_without_such_limits_has_none() -> None:
    """A client would take 0 for an end."""
    assert list(limit_headers(Standing((), 0.0))) == []


@pytest.mark.parametrize(
    ("reset_s", "text"),
    [
        (0.0, b"0ms"),
        (0.12, b"120ms"),
        (1.0, b"1s"),
        (12.345678, b"12.346s"),
        (360.0, b"6m0s"),
        (86_399.0, b"23h59m59s"),
    ],
)
def test_durations_are_written_as_its_clients_read_them(reset_s: float, text: bytes) -> None:
    """Go's way of writing them."""
    left = Left(Limit.TOKENS_PER_DAY, "tokens", 1, 1, reset_s)
    assert dict(limit_headers(Standing((left,), 0.0)))[b"x-ratelimit-reset-tokens"] == text
