"""Which program asks."""

from __future__ import annotations

import pytest

from cursor_api.web.inference.client import CLIENT_LENGTH_MAX, read_client


@pytest.mark.parametrize(
    ("user_agent", "client"),
    [
        (b"OpenAI/Python 2.9.0", "OpenAI/Python"),
        (b"claude-cli/2.1.3 (external, cli)", "claude-cli/2.1.3"),
        (b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "Mozilla/5.0"),
        (b"curl/8.1", "curl/8.1"),
        (b"@anthropic-ai/sdk", ""),
        (b"me<script>alert(1)</script>", "me"),
        (b"line\r\nfeed", "line"),
        (b"", ""),
        (b" leading", ""),
        (b"\xff\xfe", ""),
        ("\u4f60\u597d/1".encode(), ""),
    ],
)
def test_the_product_is_kept_and_nothing_else(user_agent: bytes, client: str) -> None:
    """With its version; what is said of machines and people is not, nor what is no plain text."""
    assert read_client(user_agent[:CLIENT_LENGTH_MAX]) == client
