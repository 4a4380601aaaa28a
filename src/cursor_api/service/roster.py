"""From the store to the pool: who is on duty."""

from __future__ import annotations

from cursor_api.pool.pool import Pool
from cursor_api.ports import CredentialStore


class Roster:
    """Loads credentials; what could not be read whole changes nothing."""

    def __init__(self, store: CredentialStore, pool: Pool) -> None:
        self._store = store
        self._pool = pool

    async def reload(self) -> int:
        """Read the store again and serve from it. Returns how many credentials there are.

        Raises StoreError when the store cannot be read whole; the pool keeps what it had.
        """
        credentials = await self._store.load()
        self._pool.replace(credentials)
        return len(credentials)
