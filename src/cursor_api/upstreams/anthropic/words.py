"""What people are told about keys of Anthropic-compatible endpoints."""

from __future__ import annotations

from cursor_api.transport.words import key_words

WORDS = key_words("Anthropic's messages", ("claude-haiku-5-5", "claude-haiku-4-5"))
