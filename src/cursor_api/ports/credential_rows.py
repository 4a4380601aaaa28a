"""Credentials as rows of a database that several nodes share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.problems import Notice


class CredentialRow(Struct, frozen=True):
    """One of them. `id` never changes; `name` is None where nobody has named it."""

    id: str
    name: str | None
    secret: Secret
    binding: str = ""
    preferences: Preferences = field(default_factory=Preferences)


PreferenceStep = Callable[[Preferences], Preferences]
FindUnread = Callable[[], Awaitable[Sequence[Notice]]]
Decide = Callable[[Sequence[CredentialRow]], Sequence[CredentialRow]]


class CredentialRows(Protocol):
    """Raises StoreError, and StoreAwayError where a later try is worth it."""

    @property
    def warnings(self) -> Sequence[Notice]:
        """Which rows the last load could not read."""
        ...

    async def load(self) -> Sequence[CredentialRow]:
        """Those that can be read, in the order in which they were added."""
        ...

    async def look(self) -> Sequence[CredentialRow]:
        """The same, for somebody who does not serve them: what is new is still to be loaded."""
        ...

    async def has_changed(self) -> bool:
        """Whether others have changed something since the last load."""
        ...

    async def edit(self, decide: Decide, *, is_long: bool = False) -> Sequence[CredentialRow]:
        """Put what is decided in the place of what can be read; gives it.

        Nobody else changes anything meanwhile. What `decide` raises changes nothing. One that
        `is_long` may take a minute.
        """
        ...

    async def reseal(self) -> int:
        """Seal with the key of today what was sealed with an earlier one; gives how many.

        Raises StoreError, and changes nothing, where one cannot be read.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class Taken(NamedTuple):
    """Aliases of credentials that were taken over, and of those that were there already."""

    added: tuple[str, ...]
    known: tuple[str, ...]


class SharedCredentials(Protocol):
    """What a store of credentials does beyond `CredentialStore` where nodes share it."""

    @property
    def preferences(self) -> Mapping[Secret, Preferences]:
        """What the owner has set, as of the last load."""
        ...

    @property
    def given(self) -> Sequence[Credential]:
        """Those that stand in a setting, and serve wherever the database is."""
        ...

    async def prefer(self, alias: str, change: PreferenceStep) -> Preferences:
        """Change what the owner has set, from what it is now; gives what it is then.

        Raises StoreError, and UnknownCredentialError.
        """
        ...

    async def take_over(self, given: Sequence[tuple[Credential, Preferences]]) -> Taken:
        """Add those that are not there yet, under their aliases where these are free."""
        ...

    async def reseal(self) -> int:
        """See `CredentialRows`."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...
