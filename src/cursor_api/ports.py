"""What the decisions need from the outside, as small protocols owned by their consumers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential, CredentialChange, FileTexts
from cursor_api.domain.credential_health import CredentialHealth, Preferences
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


class CredentialFiles(CredentialStore, Protocol):
    """A credential store whose owner edits it, as text or one credential at a time.

    Every change raises StoreError with all problems when it cannot be made whole, StaleTextError
    when `if_match` is not the etag of what is there; nothing is changed then.
    """

    @property
    def warnings(self) -> Sequence[str]:
        """What the last good load found worth telling."""
        ...

    async def has_changed(self) -> bool:
        """Whether a load would see something new; cheap enough to ask every second."""
        ...

    async def read_text(self) -> FileTexts:
        """Both texts as they are, valid or not."""
        ...

    async def replace_text(
        self, tokens: str, token_list: str | None = None, *, if_match: str | None = None
    ) -> FileTexts:
        """Put new text in the place of both, or of the tokens alone (None)."""
        ...

    async def add(
        self, text: str, *, checksum: str | None = None, if_match: str | None = None
    ) -> Sequence[Credential]:
        """Append one or more tokens, spelled as in a token file; gives them."""
        ...

    async def check(self, text: str, *, checksum: str | None = None) -> None:
        """Whether `add` would take this now: raises what it would raise, and changes nothing."""
        ...

    async def remove(self, alias: str, *, if_match: str | None = None) -> None:
        """Delete a credential. Raises UnknownCredentialError."""
        ...

    async def update(
        self, alias: str, change: CredentialChange, *, if_match: str | None = None
    ) -> Credential:
        """Rewrite a credential; gives what it is now. Raises UnknownCredentialError."""
        ...


# By credential: the digest of its secret, so that the state holds no secret.
PoolState = Mapping[str, tuple[Preferences, CredentialHealth]]


class PoolStateStore(Protocol):
    """Where the pool's memory outlives a restart."""

    async def load(self) -> PoolState:
        """What was saved last; empty when nothing was. Raises StoreError when unreadable."""
        ...

    async def save(self, state: PoolState) -> None:
        """Replace it whole. Raises StoreError; the earlier state is still there then."""
        ...


class Observer(Protocol):
    """Tells the operator what happened beside requests."""

    def notice(self, event: str, /, **facts: object) -> None:
        """Something went as it should."""
        ...

    def warn(self, event: str, /, **facts: object) -> None:
        """Something a person should look at."""
        ...


class RequestLog(Protocol):
    """What happened. A record with a known id replaces the earlier one, which was pending.

    What has ended is not recorded again.
    """

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
