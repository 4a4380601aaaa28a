"""The credentials in service: from the store to the pools, what the owner changes, what lasts.

Rules of this file:
- A store that cannot be read whole changes nothing: the pool serves on with what it has.
- Credentials are named by alias. State is kept under a digest of the secret, never the secret.
- Only `watch` runs by itself, and nothing ends it but its cancellation; everything else happens
  when somebody asks for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from cursor_api.domain.act import ActKind
from cursor_api.domain.credential import (
    Credential,
    CredentialChange,
    FileTexts,
    GivenCredential,
    Secret,
)
from cursor_api.domain.credential_health import CredentialHealth, Preferences
from cursor_api.domain.errors import BindingNotStoredError, StoreAwayError, StoreError
from cursor_api.domain.expiry import expires_soon
from cursor_api.domain.problems import Notice
from cursor_api.options.said import tell
from cursor_api.ports.credential_rows import FindUnread, PreferenceStep, SharedCredentials
from cursor_api.ports.process import Clock, Observer
from cursor_api.ports.stores import CredentialFiles, PoolStateStore
from cursor_api.service.credentials.changes import find_acts
from cursor_api.service.credentials.configured import rename_configured
from cursor_api.service.credentials.pool_memory import PoolMemory
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.warned import Warned

# Promise: a change made in the store is noticed within 2 s, and the store needs two looks.
LOOK_EVERY_S = 0.8
# What a crash may forget of the pool's memory.
SAVE_EVERY_S = 2.0
WARN_EVERY_S = 60.0

CANNOT_SAVE = tell("the pool's memory cannot be saved")
CANNOT_LOOK = "the credentials in the database cannot be looked at; those that are known serve on"
CANNOT_RELOAD = "the credentials changed and cannot be read; the old ones serve on"

# Between the two looks by which the store tells a file at rest from one being written.
LOOK_AGAIN_S = 0.05
# Credentials that are gone and whose past is remembered; beyond it the longest gone is forgotten.
KEPT_MAX = 20_000

DIGEST_LENGTH = 32


class RosterParts(Struct, frozen=True):
    """What the roster works with. `on_load` sees new credentials before logs can.

    `note` is told what somebody else has changed in the store: what was done, to which aliases.
    `shared`: the store is a database of several nodes, which also keeps what the owner prefers.
    There, whoever makes a change notes it. `find_unread` tells what a database has for others only.
    """

    store: CredentialFiles
    state_store: PoolStateStore
    pools: CredentialPools
    clock: Clock
    observer: Observer
    on_load: Callable[[Sequence[Credential]], None]
    note: Callable[[ActKind, str], Awaitable[None]]
    shared: SharedCredentials | None = None
    find_unread: FindUnread | None = None


class Roster:
    """Loads, watches, changes and remembers the credentials."""

    def __init__(self, parts: RosterParts) -> None:
        self._with = parts
        self._memory = PoolMemory(
            parts.state_store, parts.pools, self.digest, lambda: self._shared_preferences
        )
        # Those of the store, and those that the configuration gives, which follow them.
        self._stored: Sequence[Credential] = ()
        self._configured: tuple[Credential, ...] = ()
        # Where credentials of the configuration belong, or ever did. None is the store's.
        self._configured_endpoints: set[str] = set()
        self._has_started = False
        self._looking = asyncio.Lock()
        # By digest, the state of credentials that do not serve now: those that were removed may
        # come back (undo), and those of an earlier run are about to be loaded.
        self._kept: dict[str, tuple[Preferences, CredentialHealth]] = {}
        # Why what is in the store now cannot be used as it is; None when it is what serves.
        self.trouble: StoreError | None = None
        self._unread: Sequence[Notice] = ()
        self._warned = Warned(parts.observer)

    @property
    def warnings(self) -> Sequence[Notice]:
        """What the last good load found worth telling, what is not saved, and what stays unused."""
        return (*self._with.store.warnings, *self._memory.warnings, *self._unread)

    @property
    def configured(self) -> Sequence[Credential]:
        """Those that the configuration gives, by the names that they have there."""
        return self._configured

    @property
    def credential_count(self) -> int:
        """How many serve."""
        return len(self._with.pools.credentials)

    async def start(self) -> int:
        """Read what was kept and then the store; returns how many credentials there are.

        Raises StoreError when the store cannot be read whole; where it is away, those of the
        settings serve all the same. A lost memory is only a warning: everybody is healthy
        until shown otherwise.
        """
        try:
            self._kept = dict(await self._with.state_store.load())
        except StoreError as error:
            self._with.observer.warn(tell("the pool's memory cannot be read"), error=error.said)
        self._has_started = True
        try:
            return await self.reload()
        except StoreAwayError:
            self._serve(self._with.shared.given if self._with.shared is not None else ())
            raise

    async def reload(self) -> int:
        """Read the store again and serve from it. Returns how many are the owner's to change there.

        Raises StoreError when the store cannot be read whole; the pool keeps what it had. Where
        only new bindings could not be written, those that have one are served.
        """
        try:
            credentials = await self._with.store.load()
        except StoreError as error:
            self.trouble = error
            if isinstance(error, BindingNotStoredError):
                self._serve(error.known)
            raise
        self.trouble = None
        self._serve(credentials)
        return sum(not one.is_configured for one in credentials)

    async def reload_if_changed(self) -> bool:
        """Read the store again when it changed; raises StoreError like `reload`."""
        # One at a time: of two that see the same change, both would note it.
        async with self._looking:
            return await self._reload_if_changed()

    async def _reload_if_changed(self) -> bool:
        if not await self._with.store.has_changed():
            return False
        before = {one.alias: one.secret for one in self._stored}
        await self.reload()
        if self._with.shared is not None:
            return True
        after = {one.alias: one.secret for one in self._stored}
        for kind, aliases in find_acts(before, after):
            await self._with.note(kind, aliases)
        return True

    async def refresh(self) -> bool:
        """Like `reload_if_changed`, for somebody who has just saved and does not want to wait.

        Raises StoreError as long as what is in the store cannot be used.
        """
        if await self.reload_if_changed():
            return True
        await asyncio.sleep(LOOK_AGAIN_S)
        if await self.reload_if_changed():
            return True
        if self.trouble is not None:
            raise StoreError(self.trouble.said, self.trouble.problems)
        return False

    async def read_text(self) -> FileTexts:
        """The two texts, secrets included; raises StoreError."""
        return await self._with.store.read_text()

    async def replace_text(
        self, tokens: str, token_list: str | None, if_match: str | None
    ) -> FileTexts:
        """Put new texts in place and serve from them; raises StoreError, StaleTextError."""
        texts = await self._with.store.replace_text(tokens, token_list, if_match=if_match)
        await self.reload()
        return texts

    def recognise(self, text: str, binding: str | None = None) -> Iterator[GivenCredential]:
        """What each line of a pasted text is, to its store."""
        return self._with.store.recognise(text, binding)

    async def add(
        self, given: Sequence[GivenCredential], binding: str | None = None
    ) -> Sequence[Credential]:
        """Add one or more; gives them. Raises StoreError."""
        added = await self._with.store.add(self._with.store.spell(given), binding=binding)
        await self.reload()
        return added

    async def check(self, given: Sequence[GivenCredential], binding: str | None = None) -> None:
        """Raise the StoreError that `add` would raise now, if any; nothing is changed."""
        await self._with.store.check(self._with.store.spell(given), binding=binding)

    async def remove(self, alias: str) -> None:
        """Take a credential out; what was learnt of it is kept until the process ends.

        Raises UnknownCredentialError and other StoreErrors.
        """
        await self._with.store.remove(alias)
        await self.reload()

    async def update(self, alias: str, change: CredentialChange) -> Credential:
        """Rename or renew a credential; raises StoreError. A renewed one has a clean record."""
        credential = await self._with.store.update(alias, change)
        await self.reload()
        return credential

    async def prefer(self, alias: str, known: Preferences, change: PreferenceStep) -> None:
        """Change what the owner prefers; where nodes share it, from what is known there.

        Raises StoreError where it cannot be kept; nothing has changed then.
        """
        if self._with.shared is None or self._with.pools.get_slot(alias).credential.is_configured:
            # At once: the next change may be made at another process of this machine.
            await self._memory.prefer(alias, known, change(known))
        else:
            self._with.pools.set_preferences(alias, await self._with.shared.prefer(alias, change))

    async def save(self) -> None:
        """Keep the pool's memory when it changed; a failure is told once and tried again.

        What the owner prefers at another gateway of the same files counts here, too.
        """
        try:
            await self._memory.save()
        except StoreError as error:
            self._warned.warn(CANNOT_SAVE, error.said)
        else:
            self._warned.end(CANNOT_SAVE)

    async def watch(self) -> None:
        """Notice changes of the store, keep the memory, warn of expiries; until cancelled."""
        saved_at = warned_at = float("-inf")
        while True:
            now = self._with.clock.monotonic()
            if now - warned_at >= WARN_EVERY_S:
                warned_at = now
                await self._warned.go_on_after("warn of expiries", self._warn_of_expiry)
                await self._warned.go_on_after("look for unread credentials", self._look_for_unread)
            if now - saved_at >= SAVE_EVERY_S:
                saved_at = now
                await self._warned.go_on_after("save the pool's memory", self.save)
            await asyncio.sleep(LOOK_EVERY_S)
            await self._warned.go_on_after("look for changed credentials", self._look)

    async def _look(self) -> None:
        try:
            has_changed = await self.reload_if_changed()
        except StoreAwayError as error:
            self._warned.warn(CANNOT_LOOK, str(error))
            return
        except StoreError as error:
            self._warned.warn(CANNOT_RELOAD, str(error))
            return
        self._warned.end(CANNOT_LOOK)
        if has_changed:
            self._warned.end(CANNOT_RELOAD)
            self._with.observer.notice(
                "credentials reloaded", credential_count=self.credential_count
            )

    def configure(self, credentials: Sequence[Credential]) -> None:
        """Serve these besides those of the store: from now on, or from the start.

        Each has an endpoint that credentials of the store never have.
        """
        self._configured = tuple(credentials)
        self._configured_endpoints.update(one.endpoint for one in credentials)
        if self._has_started:
            self._serve(self._stored)

    def _serve(self, stored: Sequence[Credential]) -> None:
        self._stored = stored
        stored = self._leave_out_configured(stored)
        credentials = [*stored, *rename_configured(self._configured, stored)]
        known = {_place(credential) for credential in self._with.pools.credentials}
        # Ten thousand that are there already cost next to nothing here, on the event loop.
        new = [credential for credential in credentials if _place(credential) not in known]
        self._with.on_load(new)
        self._keep_those_who_go(credentials)
        kept = {
            credential: self._kept[key]
            for credential in new
            if (key := self.digest(credential)) in self._kept
        }
        for homeless in self._with.pools.replace(credentials, kept):
            # A configured one has its endpoint, but where nobody serves anything.
            if not homeless.is_configured:
                self._warned.warn(
                    tell("the credential {name} serves nobody", name=repr(homeless.alias)),
                    tell("no upstream {name} is configured", name=repr(homeless.endpoint)),
                )
        self._take_preferences()
        for warning in self._with.store.warnings:
            self._warned.warn(warning)

    @property
    def _shared_preferences(self) -> Mapping[Secret, Preferences]:
        return self._with.shared.preferences if self._with.shared is not None else {}

    def _take_preferences(self) -> None:
        """What the owner has set at another node."""
        shared = self._shared_preferences
        for slot in self._with.pools.slots if shared else ():
            wanted = shared.get(slot.credential.secret, slot.preferences)
            if wanted != slot.preferences:
                self._with.pools.set_preferences(slot.credential.alias, wanted)

    def _leave_out_configured(self, stored: Sequence[Credential]) -> Sequence[Credential]:
        """A key of the configuration goes to its own endpoint alone, wherever else it stands."""
        endpoints = {one.secret: one.endpoint for one in self._configured}
        for credential in stored:
            if credential.secret in endpoints:
                owner = repr(endpoints[credential.secret])
                self._warned.warn(
                    tell("the credential {name} serves nobody", name=repr(credential.alias)),
                    tell("its token is a key of [[upstream]] {owner}", owner=owner),
                )
        return [one for one in stored if one.secret not in endpoints]

    def _keep_those_who_go(self, staying: Sequence[Credential]) -> None:
        places = {_place(credential) for credential in staying}
        for slot in self._with.pools.slots:
            if _place(slot.credential) not in places:
                key = self.digest(slot.credential)
                self._kept.pop(key, None)
                self._kept[key] = (slot.preferences, slot.health)
        while len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]

    async def _warn_of_expiry(self) -> None:
        now = self._with.clock.now()
        for slot in self._with.pools.slots:
            if slot.expires_at is not None and expires_soon(slot.expires_at, now):
                is_over = slot.expires_at <= now
                what = "has expired" if is_over else "expires within three days"
                self._warned.warn(f"the credential {slot.credential.alias!r}", what)

    async def _look_for_unread(self) -> None:
        if self._with.find_unread is not None:
            # Whoever works with the database tells what is wrong with it.
            with contextlib.suppress(StoreError):
                self._unread = await self._with.find_unread()
            for notice in self._unread:
                self._warned.warn(notice)

    def digest(self, credential: Credential) -> str:
        """What a credential is known by where its secret must not stand."""
        is_configured = credential.endpoint in self._configured_endpoints
        return digest(credential.secret, credential.endpoint if is_configured else "")


def digest(secret: Secret, endpoint: str = "") -> str:
    """What a credential is known by where its secret must not stand.

    Two endpoints may have the same secret in the configuration, and these are two credentials.
    """
    text = f"{endpoint}\0{secret.reveal()}" if endpoint else secret.reveal()
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def _place(credential: Credential) -> tuple[str, Secret]:
    return credential.endpoint, credential.secret
