"""Changes of credentials of which a part cannot be stored: all is done, or nothing."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import CredentialChange, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import StoreError
from cursor_api.ports.stores import PoolState
from cursor_api.service.credentials.use_cases import Order, PreferenceChange
from cursor_api.stores.files.pool_state import MemoryPoolStateStore
from tests.unit.service.credentials.office import Office

NO_WISH = PreferenceChange()
# Renamed too: a new token under the old alias has the old one's preferences by itself.
RENEWED = CredentialChange(alias="c", secret=Secret("new"))


class FullStore(MemoryPoolStateStore):
    """Without room."""

    async def merge(self, _state: PoolState) -> PoolState:
        """Nothing can be saved."""
        raise StoreError("No space left on device.")


async def test_a_new_token_that_is_in_force_is_no_failure() -> None:
    """That what is preferred for it cannot be saved is told, and tried again."""
    office = Office(memory=FullStore())
    office.pool.set_preferences("a", Preferences(weight=7))
    shown = await office.credentials.change("a", RENEWED, NO_WISH)
    assert (shown.alias, shown.weight) == ("c", 7)
    assert await office.tokens() == ["c::new", "b::token-of-b"]
    page = await office.credentials.list(Order.FILE, 0, 10)
    assert "No space left" in page.warnings[0]


async def test_a_wish_that_cannot_be_kept_leaves_the_token_as_it_is() -> None:
    """What the answer says has not been done was not."""
    office = Office(memory=FullStore())
    with pytest.raises(StoreError, match="No space left"):
        await office.credentials.change("a", RENEWED, PreferenceChange(priority=9))
    assert await office.tokens() == ["a::token-of-a", "b::token-of-b"]
    assert office.credentials.get("a").priority == 0


async def test_a_wish_goes_with_the_change_that_cannot_be_stored() -> None:
    """Only the store of credentials finds that out, and the wish was kept by then."""
    office = Office()
    office.pool.set_preferences("a", Preferences(weight=7))
    with pytest.raises(StoreError):
        await office.credentials.change("a", CredentialChange(alias="a,b"), PreferenceChange(9))
    kept = await office.memory.load()
    assert [one for one, _ in kept.values()] == [Preferences(weight=7), Preferences()]
    assert office.credentials.get("a").priority == 0
