"""What people are told about keys of OpenAI-compatible endpoints."""

from __future__ import annotations

from cursor_api.transport.words import key_words

WORDS = key_words("OpenAI's chat completions", ("gpt-4o-mini", "gpt-5-nano", "deepseek-chat"))
