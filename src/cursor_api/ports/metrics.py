"""What a scraper of metrics is given."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class MetricsPage(Struct, frozen=True):
    """All metrics as text, and which form of it that is."""

    body: bytes
    content_type: str


class MetricsSource(Protocol):
    """Where the metrics come from."""

    async def page(self, accept: str) -> MetricsPage:
        """All of them as they stand, in the form that an `Accept` header asks for."""
        ...
