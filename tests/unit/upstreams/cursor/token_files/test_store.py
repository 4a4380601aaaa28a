"""The files off the event loop. What they mean is tested in contract/ and in test_token_files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cursor_api.domain.errors import StoreError
from cursor_api.files.lock import lock_folders
from cursor_api.upstreams.cursor.token_files.pair import FileOptions
from cursor_api.upstreams.cursor.token_files.store import FileCredentialStore
from tests.unit.upstreams.cursor.token_files.token_folder import checksum


def store_in(folder: Path) -> FileCredentialStore:
    """A store on two files that are not there yet."""
    options = FileOptions(lock_wait_s=0.3)
    return FileCredentialStore(
        folder / ".token", folder / ".token-list", lambda: checksum(1), options
    )


async def test_a_slow_disk_does_not_stop_the_event_loop(tmp_path: Path) -> None:
    """Everybody else is served while a save waits for its lock."""
    store = store_in(tmp_path)
    with lock_folders({tmp_path}, 0):
        saving = asyncio.create_task(store.add("a"))
        turn_count = 0
        while not saving.done():
            await asyncio.sleep(0.005)
            turn_count += 1
        with pytest.raises(StoreError, match="Another process"):
            await saving
    assert turn_count > 5


async def test_a_save_whose_caller_left_is_finished(tmp_path: Path) -> None:
    """The files are whole, and the next call finds them so."""
    store = store_in(tmp_path)
    saving = asyncio.create_task(store.add("a::x"))
    await asyncio.sleep(0)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    credentials = await store.load()
    for _ in range(100):
        if credentials:
            break
        await asyncio.sleep(0.01)
        credentials = await store.load()
    assert [one.alias for one in credentials] == ["a"]


async def test_its_repr_tells_which_files(tmp_path: Path) -> None:
    """And nothing of what is in them."""
    store = store_in(tmp_path)
    await store.add("secret-token")
    assert repr(store) == (f"FileCredentialStore('{tmp_path}/.token', '{tmp_path}/.token-list')")
    assert store.token_file == tmp_path / ".token"
    assert store.token_list_file == tmp_path / ".token-list"
