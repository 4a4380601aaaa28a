"""Where credentials, the pool's state and the request log are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from cursor_api.domain.credential import (
    Credential,
    CredentialChange,
    FileTexts,
    GivenCredential,
)
from cursor_api.domain.credential_health import CredentialHealth, Preferences
from cursor_api.domain.problems import Notice
from cursor_api.domain.record import RequestRecord


class CredentialStore(Protocol):
    """Where credentials are kept; its owner edits it, one credential at a time.

    Every change raises StoreError with all problems when it cannot be made whole, StaleTextError
    when `if_match` is not the version of what is there; nothing is changed then.
    """

    @property
    def warnings(self) -> Sequence[Notice]:
        """What the last good load found worth telling."""
        ...

    async def load(self) -> Sequence[Credential]:
        """All of them, in the user's order.

        Raises `StoreError` when they cannot be read whole; nothing is changed then.
        """
        ...

    async def has_changed(self) -> bool:
        """Whether a load would see something new; cheap enough to ask every second."""
        ...

    def recognise(self, text: str, binding: str | None = None) -> Iterator[GivenCredential]:
        """What each line of a pasted text is; `binding` is given beside it, for a single line."""
        ...

    def spell(self, given: Sequence[GivenCredential]) -> str:
        """The same lines as `add` and `check` take them, each at its own number."""
        ...

    async def add(
        self, text: str, *, binding: str | None = None, if_match: str | None = None
    ) -> Sequence[Credential]:
        """Append one or more, spelled as the store spells them; gives them."""
        ...

    async def check(self, text: str, *, binding: str | None = None) -> None:
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


class CredentialTexts(Protocol):
    """A credential store that is two text files, edited as text."""

    async def read_text(self) -> FileTexts:
        """Both texts as they are, valid or not."""
        ...

    async def replace_text(
        self, tokens: str, token_list: str | None = None, *, if_match: str | None = None
    ) -> FileTexts:
        """Put new text in the place of both, or of the tokens alone (None).

        Raises StoreError with all problems, StaleTextError when `if_match` is not their etag;
        nothing is changed then.
        """
        ...


class CredentialFiles(CredentialStore, CredentialTexts, Protocol):
    """Both sides of the same files."""


# By credential: the digest of its secret, so that the state holds no secret.
PoolState = Mapping[str, tuple[Preferences, CredentialHealth]]


class PoolStateStore(Protocol):
    """Where the pool's state is kept over a restart."""

    async def load(self) -> PoolState:
        """What was saved last; empty when nothing was. Raises StoreError when unreadable."""
        ...

    async def save(self, state: PoolState) -> None:
        """Replace it whole. Raises StoreError; the earlier state is still there then."""
        ...

    async def merge(self, state: PoolState) -> PoolState:
        """Save what differs from what was loaded, saved or merged last; gives all that is kept.

        What others have saved meanwhile stays. Raises StoreError like `save`.
        """
        ...

    async def has_changed(self) -> bool:
        """Whether others have saved since what was loaded, saved or merged last."""
        ...


class RequestLog(Protocol):
    """What became of requests: one record of each, when it has ended."""

    def record(self, record: RequestRecord) -> None:
        """Keep it; must not block or raise."""
        ...

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """The last `count` requests that ended, in the order in which they ended."""
        ...
