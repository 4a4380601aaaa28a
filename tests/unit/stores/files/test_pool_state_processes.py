"""The pool's memory when processes meet at it, or die over it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cursor_api.domain.credential_health import CredentialHealth, Preferences
from cursor_api.domain.errors import StoreError
from cursor_api.files.lock import LOCK_NAME, lock_folders
from cursor_api.ports.stores import PoolState
from cursor_api.stores.files.pool_state import FilePoolStateStore
from tests.unit.files.scripted_disk import ScriptedDisk

NAME = "state"

# Saves states of very different lengths under one name of its own, so that a mixture shows.
WRITER = """
import asyncio, errno, sys
from pathlib import Path
from cursor_api.domain.credential_health import CredentialHealth, Preferences
from cursor_api.files.disk import Disk
from cursor_api.stores.files.pool_state import FilePoolStateStore

class Mounted(Disk):
    def rename(self, source, target):
        if target.name == "state":
            raise OSError(errno.EBUSY, "busy")
        super().rename(source, target)

path, name, is_mounted, count = sys.argv[1:]
store = FilePoolStateStore(Path(path), Mounted() if is_mounted == "True" else None)

async def main():
    for turn in range(int(count)):
        size = 1 + turn % 7 * 40
        health = CredentialHealth(success_count=size)
        await store.save({f"{name}-{index}": (Preferences(), health) for index in range(size)})

asyncio.run(main())
"""


class KilledError(BaseException):
    """Stands for kill -9: no handler of the program catches it."""


def state(count: int) -> PoolState:
    """A state as long as it says."""
    return {f"{count}-{index}": (Preferences(), CredentialHealth()) for index in range(count)}


def names_in(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(item.name for item in folder.iterdir())


def start_writer(path: Path, name: str, *, is_mounted: bool) -> subprocess.Popen[bytes]:
    """A process that saves forty times."""
    arguments = [str(path), name, str(is_mounted), "40"]
    return subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stderr=subprocess.PIPE)


@pytest.mark.parametrize("is_mounted", [False, True])
async def test_two_processes_saving_at_once_never_mix(tmp_path: Path, is_mounted: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Whoever reads meanwhile finds one state, whole; nothing is left over but the lock."""
    path = tmp_path / NAME
    await FilePoolStateStore(path).save({})
    writers = [start_writer(path, name, is_mounted=is_mounted) for name in ("a", "b")]
    seen = 0
    deadline = time.monotonic() + 40
    while any(writer.poll() is None for writer in writers):
        assert time.monotonic() < deadline
        found = await FilePoolStateStore(path).load()
        if found:
            seen += 1
            names = {key.partition("-")[0] for key in found}
            assert len(names) == 1
            assert {health.success_count for _, health in found.values()} == {len(found)}
        await asyncio.sleep(0.002)
    assert [writer.communicate()[1] for writer in writers] == [b"", b""]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen
    assert names_in(tmp_path) == [LOCK_NAME, NAME]


@pytest.mark.parametrize("old_count", [1, 9])
@pytest.mark.parametrize("is_mounted", [False, True])
async def test_a_save_killed_at_any_step_leaves_the_old_state_or_the_new_one(
    tmp_path: Path,
    is_mounted: bool,  # noqa: FBT001 - a parameter of the test
    old_count: int,
) -> None:
    """The next process reads it whole, and its own save leaves nothing of the cut off one."""
    path = tmp_path / NAME
    step_count = 0
    is_over = False
    while not is_over:
        step_count += 1
        await FilePoolStateStore(path).save(state(old_count))
        disk = ScriptedDisk()
        disk.is_mounted = {NAME} if is_mounted else set()

        def die(_entry: str, disk: ScriptedDisk = disk, last: int = step_count) -> None:
            if len(disk.diary) == last - 1:
                raise KilledError

        disk.before = die
        try:
            await FilePoolStateStore(path, disk).save(state(5))
        except KilledError:
            is_over = False
        else:
            is_over = True
        assert await FilePoolStateStore(path).load() in (state(old_count), state(5))
        await FilePoolStateStore(path).save(state(2))
        assert await FilePoolStateStore(path).load() == state(2)
        assert names_in(tmp_path) == [LOCK_NAME, NAME]
    assert step_count > (10 if is_mounted else 5)


async def test_a_half_written_file_is_put_right_before_it_is_read(tmp_path: Path) -> None:
    """The second half of the old text behind the first of the new would not even be JSON."""
    path = tmp_path / NAME
    await FilePoolStateStore(path).save(state(9))
    disk = ScriptedDisk()
    disk.is_mounted = {NAME}

    def tear(entry: str) -> None:
        if entry == f"truncate {NAME}":
            raise KilledError

    disk.before = tear
    with pytest.raises(KilledError):
        await FilePoolStateStore(path, disk).save(state(5))
    assert path.with_name(f"{NAME}.before-saving").exists()
    assert await FilePoolStateStore(path).load() == state(5)


async def test_a_lock_that_stays_is_an_error_of_the_save_and_not_of_the_load(
    tmp_path: Path,
) -> None:
    """Reading needs no lock while the file is whole, whatever lies beside it."""
    path = tmp_path / NAME
    store = FilePoolStateStore(path, lock_wait_s=0.05)
    await store.save(state(3))
    path.with_name(f"{NAME}.saving").write_text("cut off")
    with lock_folders({tmp_path}, 1):
        assert await store.load() == state(3)
        with pytest.raises(StoreError, match="locked"):
            await store.save(state(4))
    assert await store.load() == state(3)


async def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that it leads to is the one that is replaced."""
    (tmp_path / "volume").mkdir()
    path = tmp_path / NAME
    path.symlink_to(tmp_path / "volume" / "real")
    await FilePoolStateStore(path).save(state(3))
    assert path.is_symlink()
    assert await FilePoolStateStore(tmp_path / "volume" / "real").load() == state(3)
