"""Counting tokens where the upstream does not."""

from __future__ import annotations

from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Text, ToolResult
from cursor_api.domain.deltas import ESTIMATED, Usage

# English prose runs at about four UTF-8 bytes a token; Chinese, at three bytes a character, comes
# out at three quarters of a token a character, which is near what current tokenizers do.
BYTES_PER_TOKEN = 4
# What a chat template adds around each message.
TOKENS_PER_MESSAGE = 4
# A longer text is not counted but sampled: to encode ten megabytes of it only to know their number
# would hold the event loop for 10 ms, and this is an estimate anyway.
COUNTED_MAX = 256 * 1024
# Ten times what the largest models take in: beyond it a figure is a mistake.
TOKENS_MAX = 100_000_000
SAMPLE_COUNT, SAMPLE_LENGTH = 64, 1024


def estimate_input(request: ChatRequest) -> int:
    """Tokens of a request, from UTF-8 lengths. Images are not counted."""
    size_bytes = 0
    for message in request.messages:
        for part in message.parts:
            if type(part) is Text:
                size_bytes += _utf8_bytes(part.text)
            elif type(part) is ToolResult:
                for inner in part.parts:
                    if type(inner) is Text:
                        size_bytes += _utf8_bytes(inner.text)
    return _tokens(size_bytes) + TOKENS_PER_MESSAGE * len(request.messages)


def is_possible(usage: Usage) -> bool:
    """Whether an upstream can mean these figures: nobody used less than nothing, or a library."""
    return (
        0 <= usage.input_count <= TOKENS_MAX
        and 0 <= usage.output_count <= TOKENS_MAX
        and 0 <= usage.cache_read_count <= TOKENS_MAX
        and 0 <= usage.cache_written_count <= TOKENS_MAX
        and 0 <= usage.reasoning_count <= TOKENS_MAX
    )


def estimate_usage(input_count: int, output_bytes: int) -> Usage:
    """Usage, marked as an estimate."""
    return Usage(input_count, _tokens(output_bytes), ESTIMATED)


def _utf8_bytes(text: str) -> int:
    """How long it is in UTF-8; of a long text about how long."""
    # Python knows this of every string without looking.
    if text.isascii():
        return len(text)
    if len(text) <= COUNTED_MAX:
        return len(text.encode())
    step = len(text) // SAMPLE_COUNT
    starts = range(0, step * SAMPLE_COUNT, step)
    sample = "".join(text[start : start + SAMPLE_LENGTH] for start in starts)
    return len(text) * len(sample.encode()) // len(sample)


def _tokens(size_bytes: int) -> int:
    return -(-size_bytes // BYTES_PER_TOKEN)
