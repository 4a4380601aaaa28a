"""What is left of an API key's limits, in the headers that Anthropic's clients read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from cursor_api.domain.standing import Standing


def limit_headers(standing: Standing) -> Iterator[tuple[bytes, bytes]]:
    """Of requests and of tokens, the limit of which the least is left."""
    for name, left in (("requests", standing.requests), ("tokens", standing.tokens)):
        if left is not None:
            start = f"anthropic-ratelimit-{name}-"
            yield f"{start}limit".encode(), str(left.amount).encode()
            yield f"{start}remaining".encode(), str(left.left_count).encode()
            yield f"{start}reset".encode(), _instant(standing.at + left.reset_s).encode()


def _instant(at: float) -> str:
    """By RFC 3339, in whole seconds: never before it is there."""
    found = dt.datetime.fromtimestamp(-(-at // 1), dt.UTC)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ")
