"""Estimated usage."""

from __future__ import annotations

from cursor_api.domain.chat import ChatRequest, ImagePart, Message, Role, TextPart
from cursor_api.domain.deltas import UsageSource
from cursor_api.service.usage import estimate_input, estimate_usage


def test_an_estimate_comes_from_utf8_length_and_says_so() -> None:
    """Four bytes a token, rounded up, and four tokens around each message."""
    request = ChatRequest(
        "m",
        (
            Message(Role.SYSTEM, (TextPart("12345678"),)),
            Message(Role.USER, (TextPart("你好吗"), ImagePart(b"x" * 999, "image/png"))),
        ),
    )
    usage = estimate_usage(estimate_input(request), 5)
    assert usage.input_count == 5 + 8
    assert usage.output_count == 2
    assert usage.source is UsageSource.ESTIMATED
