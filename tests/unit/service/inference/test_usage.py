"""Estimated usage."""

from __future__ import annotations

import pytest

from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Image, Message, Role, Text
from cursor_api.domain.deltas import UsageSource
from cursor_api.service.inference import usage
from cursor_api.service.inference.usage import estimate_input, estimate_usage


def test_an_estimate_comes_from_utf8_length_and_says_so() -> None:
    """Four bytes a token, rounded up, and four tokens around each message."""
    request = ChatRequest(
        "m",
        (
            Message(Role.SYSTEM, (Text("12345678"),)),
            Message(Role.USER, (Text("你好吗"), Image(b"x" * 999, "image/png"))),
        ),
    )
    counted = estimate_usage(estimate_input(request), 5)
    assert counted.input_count == 5 + 8
    assert counted.output_count == 2
    assert counted.source is UsageSource.ESTIMATED


def test_a_long_text_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a few per cent of its length, whatever it is made of and however it is cut."""
    monkeypatch.setattr(usage, "COUNTED_MAX", 10_000)
    texts = ("x" * 300_000 + "你" * 100_000, "a你" * 150_000, "x" * 399_999 + "😀", "😀" * 70_000)
    for text in texts:
        parts = (Text(text[:200_000]), Text(text[200_000:]))
        for request in (
            ChatRequest("m", (Message(Role.USER, (Text(text),)),)),
            ChatRequest("m", (Message(Role.USER, parts),)),
        ):
            exact = len(text.encode()) / 4 + 4
            assert estimate_input(request) == pytest.approx(exact, rel=0.03)
