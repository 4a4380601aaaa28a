"""What the gateway's own document says of Anthropic's messages."""

from __future__ import annotations

import msgspec

from cursor_api.dialects.anthropic_messages.description import DESCRIPTION, MessageRequest


def test_the_request_in_short_takes_real_ones() -> None:
    """Fields that are not named are skipped."""
    body = b'{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"x"}],"thinking":{}}'
    assert msgspec.json.decode(body, type=MessageRequest).max_tokens == 5
    assert DESCRIPTION.request is MessageRequest
    assert b"request-id" in DESCRIPTION.id_headers
