from __future__ import annotations

from typing import Any

from cursor_api.simulator.anthropic.usage import count_prompt, read_usage
from cursor_api.simulator.model.tokens import PromptCache

LONG = {"type": "text", "text": "x" * 6000, "cache_control": {"type": "ephemeral"}}
USER = {"role": "user", "content": "hi"}


def body(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A prompt that begins with these."""
    return {"model": "m", "system": list(blocks), "messages": [USER], **more}


def counts(usage: dict[str, Any]) -> tuple[int, int, int]:
    """Read anew, written to the cache, read from it."""
    return (
        usage["input_tokens"],
        usage["cache_creation_input_tokens"],
        usage["cache_read_input_tokens"],
    )


def test_a_marked_beginning_is_written_once_and_then_read() -> None:
    """By the same account and model; what follows it is read anew."""
    cache = PromptCache()
    anew, written, read = counts(read_usage("me", body(LONG), cache))
    assert (read, written > 1500, 0 < anew < 20) == (0, True, True)
    assert counts(read_usage("me", body(LONG), cache)) == (anew, 0, written)
    assert counts(read_usage("you", body(LONG), cache)) == (anew, written, 0)
    assert counts(read_usage("me", body(LONG, model="n"), cache)) == (anew, written, 0)
    more = {"type": "text", "text": "y" * 400, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    longer = read_usage("me", body(LONG, more), cache)
    assert counts(longer)[2] == written
    assert longer["cache_creation"]["ephemeral_1h_input_tokens"] == counts(longer)[1] > 0


def test_what_is_not_marked_or_too_short_is_not_kept() -> None:
    """Every token is read anew."""
    cache = PromptCache()
    short = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    for block in ({"type": "text", "text": "x" * 6000}, short):
        for _ in range(2):
            usage = read_usage("me", body(block), cache)
            assert counts(usage) == (count_prompt(body(block)), 0, 0)
