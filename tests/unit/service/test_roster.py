"""From the store to the pool."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import StoreError
from cursor_api.pool.pool import Pool
from cursor_api.service.roster import Roster
from tests.fakes import TickingClock


class ScriptedStore:
    """Gives what it is told to, or fails."""

    def __init__(self) -> None:
        self.credentials: Sequence[Credential] = ()
        self.error: StoreError | None = None

    async def load(self) -> Sequence[Credential]:
        """What is scripted."""
        if self.error:
            raise self.error
        return self.credentials


async def test_a_reload_replaces_the_pool_whole_or_not_at_all() -> None:
    """A broken file never empties a working pool."""
    store, pool = ScriptedStore(), Pool(TickingClock(), lambda: 0.5)
    store.credentials = (Credential("a", Secret("a"), ""),)
    roster = Roster(store, pool)
    assert await roster.reload() == 1
    store.error = StoreError("line 3 is bad")
    with pytest.raises(StoreError):
        await roster.reload()
    assert pool.credentials == store.credentials
