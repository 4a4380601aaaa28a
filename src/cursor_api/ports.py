"""What the decisions need from the outside, as small protocols owned by their consumers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential
from cursor_api.domain.deltas import Delta
from cursor_api.domain.record import RequestRecord

# One batch per network read: frames that came together leave together. Never empty.
DeltaBatches = AsyncIterator[Sequence[Delta]]


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...


class Upstream(Protocol):
    """Somewhere a chat request can be answered."""

    def models(self) -> Sequence[Model]:
        """The models it serves, in the order callers shall see them."""
        ...

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """Ask, and give the answer's deltas.

        Entering returns once the upstream has accepted. Both entering and iterating raise Fault
        and nothing else (but CancelledError). Iteration ends only after a `Finished` delta.
        Leaving closes the upstream request at once.
        """
        ...


class CredentialStore(Protocol):
    """Where credentials are kept."""

    async def load(self) -> Sequence[Credential]:
        """All of them, in the user's order.

        Raises `StoreError` when they cannot be read whole; nothing is changed then.
        """
        ...


class RequestLog(Protocol):
    """What happened. A record with a known id replaces the earlier one."""

    def record(self, record: RequestRecord) -> None:
        """Keep it; must not block or raise."""
        ...

    def recent(self, count: int) -> Sequence[RequestRecord]:
        """The last `count` requests, oldest first."""
        ...

    @property
    def total_count(self) -> int:
        """Requests ever recorded."""
        ...
