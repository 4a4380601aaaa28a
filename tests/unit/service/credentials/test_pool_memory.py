"""The pool's memory, where two gateways keep it in one file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import StoreError
from cursor_api.domain.problems import NoticeCode
from cursor_api.pool.pool import Pool
from cursor_api.ports.stores import PoolState, PoolStateStore
from cursor_api.service.credentials.pool_memory import PoolMemory
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.stores.files.pool_state import FilePoolStateStore, MemoryPoolStateStore
from tests.endpoints import endpoints_of
from tests.fakes import ScriptedUpstream, TickingClock
from tests.unit.service.credentials.roster_house import A, B

HIGH, OFF = Preferences(priority=5), Preferences(is_enabled=False)


class Gateway:
    """The pools of one and their memory; `elsewhere` are secrets that it leaves alone."""

    def __init__(self, store: PoolStateStore) -> None:
        self.pools = CredentialPools(
            endpoints_of(ScriptedUpstream({}), Pool(TickingClock(), lambda: 0.5))
        )
        self.pools.replace([A, B])
        self.elsewhere = {B.secret}
        self.memory = PoolMemory(store, self.pools, lambda one: one.alias, lambda: self.elsewhere)

    async def set(self, alias: str, preferences: Preferences) -> None:
        """As the owner does it."""
        self.pools.set_preferences(alias, preferences)
        await self.memory.save()

    def preferred(self, alias: str) -> Preferences:
        """What counts here."""
        return self.pools.get_slot(alias).preferences


async def test_what_was_set_last_counts_at_both(tmp_path: Path) -> None:
    """Also back to what the other one has known all the time."""
    one, two = (Gateway(FilePoolStateStore(tmp_path / "state")) for _ in range(2))
    await one.memory.save()
    await two.memory.save()
    await one.set("a", OFF)
    await two.memory.save()
    assert two.preferred("a") == OFF
    await two.set("a", Preferences())
    await one.memory.save()
    assert one.preferred("a") == Preferences()


async def test_what_is_preferred_elsewhere_is_not_taken_from_the_file(tmp_path: Path) -> None:
    """The database has it, and the file may be older."""
    one, two = (Gateway(FilePoolStateStore(tmp_path / "state")) for _ in range(2))
    await one.set("a", HIGH)
    await one.set("b", HIGH)
    await two.memory.save()
    assert (two.preferred("a"), two.preferred("b")) == (HIGH, Preferences())


class SlowStore(MemoryPoolStateStore):
    """The first save takes longer than those after it."""

    def __init__(self) -> None:
        super().__init__()
        self.merged = 0

    async def merge(self, state: PoolState) -> PoolState:
        """As slow as scripted."""
        self.merged += 1
        for _ in range(10 if self.merged == 1 else 0):
            await asyncio.sleep(0)
        return await super().merge(state)


async def test_an_older_state_is_never_saved_over_a_newer_one() -> None:
    """The watch saves while the owner changes something."""
    store = SlowStore()
    one = Gateway(store)
    saving = asyncio.create_task(one.set("b", HIGH))
    await asyncio.sleep(0)
    await one.set("a", HIGH)
    await saving
    assert (await store.load())["a"][0] == HIGH
    assert "saved" in repr(one.memory)


async def test_what_cannot_be_saved_is_an_error_and_is_tried_again(tmp_path: Path) -> None:
    """It counts here all the same."""
    one = Gateway(FilePoolStateStore(tmp_path / "gone" / "state"))
    with pytest.raises(StoreError):
        await one.set("a", HIGH)
    assert one.preferred("a") == HIGH
    assert [warning.code for warning in one.memory.warnings] == [NoticeCode.STATE_NOT_SAVED]
    (tmp_path / "gone").mkdir()
    await one.memory.save()
    assert one.memory.warnings == ()
    assert (tmp_path / "gone" / "state").exists()


async def test_a_wish_counts_once_it_is_kept(tmp_path: Path) -> None:
    """Where it cannot be kept, nothing has changed; of two that are made at once neither has."""
    one = Gateway(FilePoolStateStore(tmp_path / "gone" / "state"))
    both = OFF.merge(Preferences(), HIGH)
    wishes = (one.memory.prefer("a", Preferences(), HIGH), one.memory.prefer("a", HIGH, both))
    ends = await asyncio.gather(*wishes, return_exceptions=True)
    assert [type(end) for end in ends] == [StoreError] * 2
    assert one.preferred("a") == Preferences()
    (tmp_path / "gone").mkdir()
    await one.memory.prefer("a", Preferences(), HIGH)
    two = Gateway(FilePoolStateStore(tmp_path / "gone" / "state"))
    await two.memory.save()
    assert one.preferred("a") == two.preferred("a") == HIGH


async def test_a_credential_that_goes_meanwhile_hides_no_error(tmp_path: Path) -> None:
    """That its wish could not be kept is what is told."""
    one = Gateway(FilePoolStateStore(tmp_path / "gone" / "state"))
    wish = asyncio.create_task(one.memory.prefer("a", Preferences(), HIGH))
    await asyncio.sleep(0)
    one.pools.replace([B])
    with pytest.raises(StoreError):
        await wish
