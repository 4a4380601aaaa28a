"""What is learnt and preferred of credentials, kept over a restart.

Rules of this file:
- One save at a time: of two, the older would undo the newer in the store.
- What the owner wishes counts once it is kept; what was learnt counts all the same.
- Other gateways of the same files save there too. What the owner has set at one of them counts
  here, but where this one was told something newer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, StoreError
from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.ports.stores import PoolStateStore
from cursor_api.service.credentials.pools import CredentialPools


class PoolMemory:
    """Keeps the state of the pools in a store, by the digest of each credential.

    `preferred_elsewhere`: of these the owner's wishes are not those of the store.
    """

    def __init__(
        self,
        store: PoolStateStore,
        pools: CredentialPools,
        digest: Callable[[Credential], str],
        preferred_elsewhere: Callable[[], Collection[Secret]],
    ) -> None:
        self._store = store
        self._pools = pools
        self._digest = digest
        self._preferred_elsewhere = preferred_elsewhere
        self._saved_revision = 0
        self._turn = asyncio.Lock()
        # Why the last save has failed, for the operator.
        self.warnings: Sequence[Notice] = ()

    def __repr__(self) -> str:
        return f"PoolMemory(saved_revision={self._saved_revision})"

    async def save(self) -> None:
        """Keep what has changed here, and take over what others have set. Raises StoreError."""
        async with self._turn:
            try:
                await self._save()
            except StoreError as error:
                self.warnings = (_not_saved(error.message),)
                raise
            self.warnings = ()

    async def prefer(self, alias: str, known: Preferences, wanted: Preferences) -> None:
        """What the owner prefers from now on, instead of what is `known`.

        Raises StoreError where it cannot be kept; nothing has changed then.
        """
        self._pools.set_preferences(alias, wanted)
        try:
            await self.save()
        except StoreError:
            # Another change may have been made meanwhile, or the credential gone.
            with contextlib.suppress(Fault):
                now = self._pools.get_slot(alias).preferences
                self._pools.set_preferences(alias, now.merge(wanted, known))
            raise

    async def _save(self) -> None:
        revision = self._pools.revision
        if revision == self._saved_revision and not await self._store.has_changed():
            return
        slots = {self._digest(slot.credential): slot for slot in self._pools.slots}
        state = {key: (slot.preferences, slot.health) for key, slot in slots.items()}
        is_changed = revision != self._saved_revision
        kept = await (self._store.merge(state) if is_changed else self._store.load())
        self._saved_revision = revision
        if kept is state:
            return
        staying, elsewhere = set(self._pools.slots), self._preferred_elsewhere()
        for key, slot in slots.items():
            if slot.credential.secret in elsewhere:
                continue
            theirs = kept[key][0] if key in kept else slot.preferences
            # What was changed here meanwhile is newer.
            now = slot.preferences.merge(state[key][0], theirs)
            if now != slot.preferences and slot in staying:
                self._pools.set_preferences(slot.credential.alias, now)


def _not_saved(cause: str) -> Notice:
    values = {"cause": cause}
    text = (
        "What was learnt of credentials cannot be saved: {cause} It holds in this process until it"
        " ends, and what is set for them cannot be changed."
    )
    return Notice(NoticeCode.STATE_NOT_SAVED, text.format(**values), values)
