"""What is left of an API key's limits, in the headers that OpenAI's clients read."""

from __future__ import annotations

from collections.abc import Iterator

from cursor_api.domain.standing import Standing


def limit_headers(standing: Standing) -> Iterator[tuple[bytes, bytes]]:
    """Of requests and of tokens, the limit of which the least is left."""
    for name, left in (("requests", standing.requests), ("tokens", standing.tokens)):
        if left is not None:
            yield f"x-ratelimit-limit-{name}".encode(), str(left.amount).encode()
            yield f"x-ratelimit-remaining-{name}".encode(), str(left.left_count).encode()
            yield f"x-ratelimit-reset-{name}".encode(), _duration(left.reset_s).encode()


def _duration(seconds: float) -> str:
    """As OpenAI writes it: 120ms, 1.5s, 6m0s, 23h59m59s."""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f}ms"
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest:.3f}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(int(minutes), 60)
    return (f"{hours}h" if hours else "") + f"{minutes}m{rest:.0f}s"
