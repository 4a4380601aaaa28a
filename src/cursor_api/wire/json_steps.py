"""Large JSON, written in steps: each message for itself, so that the whole is only put together."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Final

import msgspec
from msgspec import Raw

from cursor_api.wire.json_bounds import SLICE_BYTES

# In one step, written in a few milliseconds; to make an object takes as long as so many bytes.
STEP_BYTES: Final = 1 << 20
OBJECT_BYTES: Final = 4 << 10

_encode = msgspec.json.Encoder().encode


def encode_messages(
    messages: Iterable[dict[str, object]],
) -> Generator[None, None, list[Raw]]:
    """Messages as JSON; the parts of a `content` that is a list one by one.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    written: list[Raw] = []
    step_bytes = 0
    for message in messages:
        content = message.get("content")
        if isinstance(content, list) and len(content) > 1:
            parts = []
            for part in content:
                parts.append(Raw(_encode(part)))
                step_bytes += len(parts[-1]) + OBJECT_BYTES
                if step_bytes > STEP_BYTES:
                    yield
                    step_bytes = 0
            message["content"] = parts
        written.append(Raw(_encode(message)))
        step_bytes += len(written[-1]) + OBJECT_BYTES
        if step_bytes > STEP_BYTES:
            yield
            step_bytes = 0
    if step_bytes > SLICE_BYTES:
        yield
    return written
