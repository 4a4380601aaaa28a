"""What is left, in Anthropic's words."""

from __future__ import annotations

from cursor_api.dialects.anthropic_messages.limit_headers import limit_headers
from cursor_api.domain.quota import Limit
from cursor_api.domain.standing import Left, Standing


def test_requests_and_tokens_each_have_three_headers() -> None:
    """An instant in place of a wait, never before it."""
    standing = Standing(
        (
            Left(Limit.REQUESTS_PER_DAY, "requests", 1000, 7, 3600.0),
            Left(Limit.TOKENS_PER_MINUTE, "tokens", 40_000, 0, 0.4),
        ),
        1_748_779_200.0,
    )
    assert dict(limit_headers(standing)) == {
        b"anthropic-ratelimit-requests-limit": b"1000",
        b"anthropic-ratelimit-requests-remaining": b"7",
        b"anthropic-ratelimit-requests-reset": b"2025-06-01T13:00:00Z",
        b"anthropic-ratelimit-tokens-limit": b"40000",
        b"anthropic-ratelimit-tokens-remaining": b"0",
        b"anthropic-ratelimit-tokens-reset": b"2025-06-01T12:00:01Z",
    }


def test_a_key_without_such_limits_has_none() -> None:
    """A client would take 0 for an end."""
    assert list(limit_headers(Standing((), 0.0))) == []
