"""API keys: made, found, changed, rotated, revoked.

Rules of this file:
- A secret leaves once, when it is made; what is kept is its digest.
- What was decided is stored before it holds here; what another process stored holds soon after.
- Whoever presents a key that was good once is told what became of it: nobody else can know it.
- A key that is unknown here may have been made elsewhere a moment ago: the store is asked before
  anybody is told that it is wrong, and where it does not answer nobody is told so.
- While the store is away, what was read last goes on. A process that cannot reach its nodes either
  may be the only one that has not heard of a revocation: after a while it says so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.domain.api_key import (
    ApiKey,
    KeyState,
    KeyTerms,
    digest_of,
    hint_of,
    make_secret,
)
from cursor_api.domain.caller import Caller
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import (
    Fault,
    FaultKind,
    StaleKeyError,
    StoreAwayError,
    StoreError,
    invalid_request,
)
from cursor_api.options.said import tell
from cursor_api.ports.keys import KeyStore
from cursor_api.ports.limits import LimitStore
from cursor_api.ports.process import Clock
from cursor_api.service.access.key_news import KeyNews
from cursor_api.service.access.key_terms import check_id, check_terms, derive_id

KEYS_MAX = 10_000
# An old secret goes on for as long as it takes to bring the new one everywhere.
KEEP_S_MAX = 30 * 24 * 3600.0
# However many want to know, the store is asked at most so often, and nobody waits for it longer.
ASK_EVERY_S = 0.1
ASK_S = 1.0
# So long keys are trusted without a word of the store or of the other nodes.
TRUSTED_S = 60.0

REVOKED = "This API key was revoked. Ask the operator of this gateway for another one."
EXPIRED = "This API key has expired. Ask the operator of this gateway for another one."


class KeyParts(Struct, frozen=True):
    """What API keys work with. `random` gives so many unforeseeable bytes.

    `is_shared_up` says whether what nodes share can be reached; None: nothing is shared.
    `news`: what nodes tell each other of keys; None where there are no others.
    """

    store: KeyStore
    limits: LimitStore
    clock: Clock
    random: Callable[[int], bytes]
    is_shared_up: Callable[[], bool | None] = lambda: None
    news: KeyNews | None = None


class NewKey(Struct, frozen=True):
    """A key with its secret, which nobody can be told again."""

    key: ApiKey
    secret: Secret


class _Found(Struct, frozen=True):
    """Whom a digest stands for. `until`: it is the one before a rotation."""

    caller: Caller
    until: float | None


class ApiKeys:
    """All API keys. `is_loaded`: it is known which ones there are."""

    def __init__(self, parts: KeyParts) -> None:
        self._with = parts
        self._news = parts.news or KeyNews(None, parts.clock)
        self._keys: dict[str, ApiKey] = {}
        self._found: dict[bytes, _Found] = {}
        # Names of other callers, in small letters.
        self._others: frozenset[str] = frozenset()
        self.is_loaded = False
        # The store could not be asked the last time; when what it had is known here, and when what
        # nodes share was there last.
        self._is_away = False
        self._asking: asyncio.Task[None] | None = None
        self._read_at = self._shared_at = parts.clock.monotonic()
        # Whoever reads the store and whoever changes it take turns, or the older would stay.
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"ApiKeys({len(self._keys)})"

    @property
    def all(self) -> Collection[ApiKey]:
        """In the order in which they were made."""
        return self._keys.values()

    @property
    def digests(self) -> Collection[bytes]:
        """Of all secrets that are or were good."""
        return self._found.keys()

    @property
    def is_current(self) -> bool:
        """Whether a key that is not known here is none."""
        return self.is_loaded and not self._is_away

    def is_in_doubt(self, key_id: str) -> bool:
        """Whether others have changed a key, or may have long ago, and it is not known here how."""
        if not self._is_away:
            return False
        if self._news.has_changed_since(key_id, self._read_at):
            return True
        if self._with.is_shared_up() is not False:
            return False
        heard_at = max(self._read_at, self._shared_at)
        return self._with.clock.monotonic() - heard_at > TRUSTED_S

    async def has_changed(self) -> bool:
        """Whether a load would see another's change; to be asked every few seconds.

        Raises StoreError.
        """
        if self._with.is_shared_up():
            self._shared_at = self._with.clock.monotonic()
        began_at = self._with.clock.monotonic()
        try:
            has_changed = await self._with.store.has_changed()
        except StoreError:
            self._is_away = True
            raise
        self._is_away = False
        # What has changed is not known before it is loaded.
        if not has_changed:
            self._read_at = began_at
        return has_changed

    async def catch_up(self) -> bool:
        """Whether all that the store has by now is known here; asks it where that is needed."""
        wanted_at = self._with.clock.monotonic()
        while self.is_current and self._read_at < wanted_at:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask())
            asking = self._asking
            done, _ = await asyncio.wait([asking], timeout=ASK_S)
            if done:
                asking.result()
            else:
                self._is_away = True
        return self.is_current

    def keep_apart(self, names: Iterable[str]) -> None:
        """No key may be called as one of CLIENT_TOKENS is: records could not tell them apart.

        Raises StoreError where one is already, and changes nothing then.
        """
        others = frozenset(name.lower() for name in names)
        for name in sorted(others & self._keys.keys()):
            raise StoreError(
                tell(
                    "CLIENT_TOKENS: the name {name} is the id of an API key, and records could not"
                    " tell the two apart. Give it another name there, or delete the key with"
                    " `cursor-api key revoke {name}` and `cursor-api key delete {name}`",
                    name=name,
                )
            )
        self._others = others

    def find_caller(self, digest: bytes) -> Caller | None:
        """Whose secret has this digest; None: nobody's.

        Raises Fault(UNAUTHENTICATED) for a key that was good once.
        """
        found = self._found.get(digest)
        if found is None:
            return None
        now = self._with.clock.now()
        if found.until is not None and found.until <= now:
            return None
        key = found.caller.key
        state = key.state(now) if key else KeyState.ACTIVE
        if state is KeyState.ACTIVE:
            return found.caller
        fault = Fault(FaultKind.UNAUTHENTICATED, REVOKED if state is KeyState.REVOKED else EXPIRED)
        fault.code = f"key_{state.value}"
        raise fault

    async def get(self, key_id: str, version: int = 1) -> ApiKey:
        """One of them, where it can be had in this version or a later one.

        Raises Fault(NOT_FOUND), and StoreAwayError where nobody can know whether there is one.
        """
        key = self._keys.get(key_id)
        if key is None or key.version < version:
            # Perhaps another process has just made or changed it.
            is_known = await self.catch_up()
            key = self._keys.get(key_id)
            if key is None and not is_known:
                raise StoreAwayError(tell("The API keys cannot be read at the moment."))
        if key is None:
            words = tell("There is no API key {name!r}.", name=key_id[:100])
            raise Fault(FaultKind.NOT_FOUND, words)
        return key

    def find(self, key_id: str) -> ApiKey | None:
        """The same, None where there is none."""
        return self._keys.get(key_id)

    async def load(self) -> None:
        """Take over what the store has; raises StoreError."""
        async with self._turn:
            await self._load()

    async def create(self, terms: KeyTerms, key_id: str | None = None) -> NewKey:
        """A new one; without an id it gets one that is like its name. Raises Fault, StoreError."""
        now = self._with.clock.now()
        if key_id is not None:
            check_id(key_id)
            if key_id in self._keys:
                words = tell("There is an API key {name!r} already.", name=key_id)
                raise Fault(FaultKind.CONFLICT, words, param="id")
            if key_id in self._others:
                words = tell(
                    "{name!r} is the name of a key in CLIENT_TOKENS; choose another id.",
                    name=key_id,
                )
                raise Fault(FaultKind.CONFLICT, words, param="id")
        check_terms(terms, now)
        if len(self._keys) >= KEYS_MAX:
            words = tell("There are {count:,} API keys; delete old ones.", count=KEYS_MAX)
            raise Fault(FaultKind.CONFLICT, words)
        secret = make_secret(self._with.random)
        key = ApiKey(
            id=key_id or derive_id(terms.name, self._keys.keys() | self._others),
            digest=digest_of(secret.reveal()),
            hint=hint_of(secret),
            created_at=now,
            **terms._asdict(),
        )
        await self._put(key)
        return NewKey(key, secret)

    async def change(self, key_id: str, terms: KeyTerms, version: int | None = None) -> ApiKey:
        """Other terms, from the next request on. Raises Fault, StoreError.

        `version` is the one that they were made for; None: whatever it is now.
        """
        key = _require_usable(await self.get(key_id))
        if version is not None and version != key.version:
            raise Fault(
                FaultKind.PRECONDITION_FAILED,
                f"The API key {key_id!r} was changed meanwhile; read it again.",
            )
        # What has expired already may stay so.
        is_same_end = terms.expires_at == key.expires_at
        check_terms(terms._replace(expires_at=None) if is_same_end else terms, self._now())
        return await self._put(replace(key, version=key.version + 1, **terms._asdict()))

    async def rotate(self, key_id: str, keep_s: float = 0.0) -> NewKey:
        """Another secret; the one before is good for `keep_s` more. Raises Fault, StoreError."""
        if not 0 <= keep_s <= KEEP_S_MAX:
            raise invalid_request(
                f"'keep_old_s' is not a number from 0 to {KEEP_S_MAX:.0f}.",
                code="invalid_value",
                param="keep_old_s",
            )
        secret = make_secret(self._with.random)

        def rotated(key: ApiKey) -> ApiKey:
            return replace(
                _require_usable(key),
                digest=digest_of(secret.reveal()),
                hint=hint_of(secret),
                previous_digest=key.digest if keep_s else None,
                previous_until=self._now() + keep_s if keep_s else None,
                version=key.version + 1,
            )

        return NewKey(await self._renew(key_id, rotated), secret)

    async def revoke(self, key_id: str) -> ApiKey:
        """No request of it is let in any more, for ever. Raises Fault, StoreError."""

        def revoked(key: ApiKey) -> ApiKey:
            if key.revoked_at is not None:
                return key
            return replace(key, revoked_at=self._now(), version=key.version + 1)

        return await self._renew(key_id, revoked)

    async def delete(self, key_id: str) -> None:
        """Forget one that is revoked or has expired. Raises Fault, StoreError."""
        key = await self.get(key_id)
        if key.state(self._now()) is KeyState.ACTIVE:
            raise Fault(
                FaultKind.CONFLICT,
                tell("The API key {name!r} is in use; revoke it first.", name=key_id),
            )
        async with self._turn:
            await self._store(self._with.store.delete(key))
            self._news.tell(key_id)
            self._use({one.id: one for one in self._keys.values() if one.id != key_id})

    def _now(self) -> float:
        return self._with.clock.now()

    async def _renew(self, key_id: str, change: Callable[[ApiKey], ApiKey]) -> ApiKey:
        """Change one whatever it is now: once more, where another process was first."""
        before = await self.get(key_id)
        try:
            return await self._put_changed(before, change(before))
        except Fault as fault:
            now = await self.get(key_id)
            if fault.kind is not FaultKind.CONFLICT or now.version == before.version:
                raise
            return await self._put_changed(now, change(now))

    async def _put_changed(self, before: ApiKey, key: ApiKey) -> ApiKey:
        return before if key is before else await self._put(key)

    async def _ask(self) -> None:
        await asyncio.sleep(self._read_at + ASK_EVERY_S - self._with.clock.monotonic())
        # That it cannot be read is known from then on.
        with contextlib.suppress(StoreError):
            if await self.has_changed():
                await self.load()

    async def _load(self) -> None:
        before, began_at = self._keys, self._with.clock.monotonic()
        try:
            loaded = await self._with.store.load()
        except StoreError:
            self._is_away = True
            raise
        self._use({key.id: key for key in loaded})
        self.is_loaded, self._read_at = True, began_at
        # A command changes them as well, and tells nobody.
        for key_id in [one for one, key in before.items() if self._keys.get(one) != key]:
            self._news.tell(key_id)
        for key in self._keys.values():
            await self._forget_counts(before.get(key.id), key)

    async def _put(self, key: ApiKey) -> ApiKey:
        async with self._turn:
            await self._store(self._with.store.put(key))
            before = self._keys.get(key.id)
            if before is not None:
                self._news.tell(key.id)
            self._use({**self._keys, key.id: key})
            await self._forget_counts(before, key)
        return key

    async def _store(self, change: Coroutine[Any, Any, None]) -> None:
        """Wait for a change; raises Fault(CONFLICT) where another process was first."""
        try:
            await change
        except StaleKeyError as error:
            await self._load()
            raise Fault(FaultKind.CONFLICT, error.message) from error

    async def _forget_counts(self, before: ApiKey | None, key: ApiKey) -> None:
        """Under other limits, or in another zone, the store is told anew what was used."""
        if before is not None and (before.limits, before.zone) != (key.limits, key.zone):
            await self._with.limits.forget(key.id)

    def _use(self, keys: Mapping[str, ApiKey]) -> None:
        self._keys = dict(keys)
        found = {}
        for key in keys.values():
            caller = Caller(key.id, key.role, key=key)
            if key.previous_digest is not None:
                found[key.previous_digest] = _Found(caller, key.previous_until)
            found[key.digest] = _Found(caller, None)
        self._found = found


def _require_usable(key: ApiKey) -> ApiKey:
    if key.revoked_at is not None:
        words = tell("The API key {name!r} is revoked; make another one.", name=key.id)
        raise Fault(FaultKind.CONFLICT, words)
    return key
