"""The pool's memory on disk and in memory."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from cursor_api.domain.credential_health import (
    Cooldown,
    CredentialHealth,
    Preferences,
    Quarantine,
    QuarantineReason,
)
from cursor_api.domain.errors import StoreError
from cursor_api.ports.stores import PoolState, PoolStateStore
from cursor_api.stores.files.pool_state import FilePoolStateStore, MemoryPoolStateStore

STATE: PoolState = {
    "0123": (
        Preferences(priority=2, weight=3, concurrency_max=4, is_enabled=False),
        CredentialHealth(),
    ),
    "4567": (
        Preferences(),
        CredentialHealth(
            cooldowns=(("gpt-4o", Cooldown(1.5, 2, "rate_limited")),),
            quarantine=Quarantine(QuarantineReason.BLOCKED, 3.5, "太多电脑"),
            success_count=5,
            failure_count=6,
            last_used_at=7.5,
            recent=(True, False),
        ),
    ),
}


@pytest.fixture(params=["file", "memory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], PoolStateStore]:
    """A store as a process finds it at its start; the memory one never restarts."""
    memory = MemoryPoolStateStore()
    if request.param == "memory":
        return lambda: memory
    return lambda: FilePoolStateStore(tmp_path / ".token-state")


async def test_what_was_saved_is_loaded(make: Callable[[], PoolStateStore]) -> None:
    """Everything, and the last save only."""
    assert await make().load() == {}
    await make().save({"old": (Preferences(), CredentialHealth())})
    await make().save(STATE)
    assert await make().load() == STATE


def names_in(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(item.name for item in folder.iterdir())


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """It holds no secret, but who uses what is nobody's business."""
    path = tmp_path / ".token-state"
    await FilePoolStateStore(path).save(STATE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names_in(tmp_path) == [".cursor-api.lock", ".token-state"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"version":1}',
        b'{"version":2,"credentials":{}}',
        b"\xff\xfe",
        b"[" * 9999,
    ],
)
async def test_a_damaged_file_is_an_error_and_stays(tmp_path: Path, data: bytes) -> None:
    """The roster decides what that means; the file may still be looked at."""
    path = tmp_path / "state"
    path.write_bytes(data)
    with pytest.raises(StoreError, match=str(path)):
        await FilePoolStateStore(path).load()
    assert path.read_bytes() == data


async def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Told, not raised as something foreign."""
    path = tmp_path / "nowhere" / "state"
    assert await FilePoolStateStore(path).load() == {}
    with pytest.raises(StoreError, match="nowhere"):
        await FilePoolStateStore(path).save(STATE)


HEALTHY, LIKED = CredentialHealth(), Preferences(priority=5)
USED = CredentialHealth(success_count=1)


async def test_two_gateways_of_one_file_keep_what_either_says(tmp_path: Path) -> None:
    """Each saves what it changed; the other's preferences, health and credentials stay."""
    one, other = (FilePoolStateStore(tmp_path / "state") for _ in range(2))
    await one.save({"a": (Preferences(), HEALTHY), "gone": (Preferences(), HEALTHY)})
    assert await other.has_changed()
    await other.load()
    assert not await other.has_changed()
    # The owner prefers one at one gateway while the other uses it; each knows what is new there.
    await one.merge({"a": (LIKED, HEALTHY), "mine": (Preferences(), USED)})
    kept = await other.merge({"a": (Preferences(), USED), "theirs": (Preferences(), HEALTHY)})
    assert kept == {
        "a": (LIKED, USED),
        "mine": (Preferences(), USED),
        "theirs": (Preferences(), HEALTHY),
    }
    assert await one.has_changed()
    assert await one.load() == kept
    # Nobody else has said anything: it is what is saved.
    again = {"a": (Preferences(), USED)}
    assert await one.merge(again) is again


async def test_what_two_gateways_set_for_one_credential_counts_both(tmp_path: Path) -> None:
    """Each has changed another part of it since both have looked."""
    one, other = (FilePoolStateStore(tmp_path / "state") for _ in range(2))
    await one.merge({"a": (Preferences(), HEALTHY)})
    await other.load()
    await one.merge({"a": (Preferences(is_enabled=False), HEALTHY)})
    kept = await other.merge({"a": (Preferences(priority=5), HEALTHY)})
    assert kept == {"a": (Preferences(priority=5, is_enabled=False), HEALTHY)}


async def test_a_file_that_cannot_be_read_is_replaced_by_what_is_known(tmp_path: Path) -> None:
    """It would be lost all the same."""
    path = tmp_path / "state"
    path.write_text("{")
    store = FilePoolStateStore(path)
    with pytest.raises(StoreError):
        await store.load()
    await store.merge(STATE)
    assert await FilePoolStateStore(path).load() == STATE


async def test_a_memory_has_no_others() -> None:
    """What is merged is what is kept."""
    store = MemoryPoolStateStore()
    assert await store.merge(STATE) is STATE
    assert await store.load() == STATE
    assert not await store.has_changed()
