"""What all databases of keys have in common, over a scripted one; the contract has the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from cursor_api.domain.api_key import ApiKey, digest_of
from cursor_api.domain.errors import StaleKeyError
from cursor_api.stores.key_rows import Row, key_row
from cursor_api.stores.sql_keys import KEYS, KeyStatements, SqlKeys

KEY = ApiKey("alice", digest_of("sk-ca-secret"), "sk-ca-secr", "Alice", 1.0)
STATEMENTS = KeyStatements(*(["load", "insert", "replace", "delete", "prices", "put", "drop"]))


class ScriptedKeys(SqlKeys):
    """Keeps what it was told to write; `count` is the database's."""

    def __init__(self) -> None:
        super().__init__(STATEMENTS)
        self.count = 0
        self.is_stale = False
        self.written: list[tuple[str, str, Sequence[Any]]] = []

    async def _read(self, name: str, statement: str) -> tuple[int, Sequence[Row]]:
        return self.count, [key_row(KEY)] if (name, statement) == (KEYS, "load") else []

    async def _count(self, _name: str) -> int:
        return self.count

    async def _write(self, name: str, statement: str, values: Sequence[Any]) -> int | None:
        if self.is_stale:
            return None
        self.written.append((name, statement, values))
        self.count += 1
        return self.count


async def test_an_own_change_is_no_news_and_anothers_is() -> None:
    """Also where another one has written between the two."""
    store = ScriptedKeys()
    assert await store.has_changed()
    assert await store.load() == [KEY]
    await store.put(KEY)
    assert not await store.has_changed()
    store.count += 1
    await store.delete(KEY)
    assert await store.has_changed()


async def test_a_new_version_takes_the_place_of_the_one_before() -> None:
    """By its number, so that who comes second is refused."""
    store = ScriptedKeys()
    await store.put(KEY)
    await store.put(replace(KEY, version=3))
    assert [statement for _, statement, _ in store.written] == ["insert", "replace"]
    assert store.written[1][2][-2:] == ("alice", 2)
    store.is_stale = True
    for change in (store.put, store.delete):
        with pytest.raises(StaleKeyError):
            await change(KEY)
