"""Keys in the file of the records, and two processes at one file."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from cursor_api.domain.api_key import ApiKey, digest_of
from cursor_api.domain.errors import StaleKeyError, StoreError
from cursor_api.domain.price import Price
from cursor_api.stores.sqlite.keys import SqliteKeys
from tests.sqlite_files import torn

KEY = ApiKey("alice", digest_of("sk-ca-secret"), "sk-ca-secr", "Alice", 1.0)
PRICE = Price("m", dt.date(2025, 1, 31), 1, 2, "s")


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteKeys]:
    """A process's own store."""
    store = SqliteKeys(path)
    yield store
    await store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "log.sqlite3"


def names(path: Path) -> list[str]:
    """What is in its folder."""
    return [one.name for one in path.parent.iterdir()]


async def test_looking_makes_no_file(path: Path) -> None:
    """Who has no keys has no file for them."""
    async with opened(path) as store:
        assert await store.has_changed()
        assert (await store.load(), await store.load_prices()) == ([], [])
        assert not await store.has_changed()
        assert not await store.have_prices_changed()
        assert names(path) == []
        await store.put(KEY)
        assert not await store.has_changed()
    assert path.name in names(path)
    assert repr(store) == f"SqliteKeys({str(path)!r})"


async def test_what_one_process_changes_another_one_sees(path: Path) -> None:
    """Its own changes are no news; a file that is new is one."""
    async with opened(path) as mine, opened(path) as theirs:
        await mine.load()
        await mine.load_prices()
        await theirs.load()
        await theirs.load_prices()
        await mine.put(KEY)
        assert await theirs.has_changed()
        assert not await theirs.have_prices_changed()
        assert await theirs.load() == [KEY]
        assert not await theirs.has_changed()
        await theirs.put(replace(KEY, version=2))
        with pytest.raises(StaleKeyError):
            await mine.put(replace(KEY, version=2))
        assert await mine.has_changed()
        await theirs.put_price(PRICE)
        assert await mine.have_prices_changed()
        assert not await theirs.have_prices_changed()


async def test_a_change_does_not_hide_that_of_another_one_before_it(path: Path) -> None:
    """Who has changed something has not seen what came before."""
    async with opened(path) as mine, opened(path) as theirs:
        await mine.load()
        await theirs.load()
        await theirs.put(KEY)
        await mine.put(replace(KEY, id="bob", digest=digest_of("other")))
        assert await mine.has_changed()
        assert [key.id for key in await mine.load()] == ["alice", "bob"]


async def test_one_secret_opens_one_key(path: Path) -> None:
    """Two keys of one digest would be one of them."""
    async with opened(path) as store:
        await store.put(KEY)
        with pytest.raises(StaleKeyError):
            await store.put(replace(KEY, id="bob"))


async def test_the_file_holds_no_secret(path: Path) -> None:
    """Its digest is all that there is of it."""
    async with opened(path) as store:
        await store.put(KEY)
    with closing(sqlite3.connect(path)) as connection:
        dump = "\n".join(connection.iterdump())
    assert "sk-ca-secret" not in dump
    assert KEY.digest.hex().upper() in dump


async def test_a_damaged_file_is_an_error_that_names_it(path: Path) -> None:
    """And not a store without keys, which would be a 401 for everybody."""
    async with opened(path) as store:
        for number in range(200):
            key = replace(KEY, id=f"k-{number}", digest=digest_of(str(number)), note="x" * 900)
            await store.put(key)
    torn(path)
    async with opened(path) as store:
        with pytest.raises(StoreError, match="is damaged"):
            await store.load()
