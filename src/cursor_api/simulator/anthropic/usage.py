"""What a prompt costs: tokens read anew, written to the cache, and read from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from cursor_api.simulator.anthropic.asks import blocks_of
from cursor_api.simulator.json_api import Json
from cursor_api.simulator.model.tokens import PromptCache, count_tokens

# A shorter beginning is not kept, whatever is marked.
CACHED_MIN: Final = 1024
_HOUR: Final = "1h"


def count_prompt(body: Json) -> int:
    """All tokens of a prompt."""
    return sum(count_tokens(part) for part, _ in _parts(body))


def read_usage(account: str, body: Json, cache: PromptCache) -> Json:
    """The usage of a prompt, whose marked beginning is remembered for the next one."""
    parts = list(_parts(body))
    texts = [body["model"].encode(), *(part for part, _ in parts)]
    counts = [count_tokens(part) for part, _ in parts]
    marks = {at: mark for at, (_, mark) in enumerate(parts) if mark}
    marked = max(marks, default=-1) + 1
    read = 0
    if marked:
        # Only whole marked beginnings were kept; the model's name comes before them.
        known = max(0, cache.find(account, texts[: marked + 1]) - 1)
        read = sum(counts[:known])
        if sum(counts[:marked]) < CACHED_MIN:
            marked = read = 0
        else:
            cache.remember(account, texts[: marked + 1])
    written = sum(counts[:marked]) - read
    is_hour = any(mark.get("ttl") == _HOUR for mark in marks.values())
    return {
        "input_tokens": sum(counts) - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0 if is_hour else written,
            "ephemeral_1h_input_tokens": written if is_hour else 0,
        },
        "service_tier": "standard",
    }


def _parts(body: Json) -> Iterator[tuple[bytes, Json]]:
    """Each block of the prompt with its cache mark, in the order in which the cache sees them."""
    blocks = [*(body.get("tools") or ()), *blocks_of(body.get("system"))]
    for message in body["messages"]:
        blocks += [{**one, "role": message["role"]} for one in blocks_of(message["content"])]
    for block in blocks:
        mark = block.get("cache_control") or {}
        bare = {name: value for name, value in block.items() if name != "cache_control"}
        yield msgspec.json.encode(bare), mark
