"""The tables in PostgreSQL: made once by one of many, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.stores.postgres import tables
from cursor_api.stores.postgres.link import Connection, Link
from cursor_api.stores.postgres.tables import MIGRATIONS, migrate
from tests.contract.test_records import forget_all


@pytest.fixture
async def link(url: Secret) -> AsyncIterator[Link]:
    """To a database that this program has never seen."""
    await forget_all(url)
    made = Link(url, "test", 30.0)
    yield made
    await made.close()


async def ledger(connection: Connection) -> list[tuple[int, str]]:
    """What is written down."""
    found = await connection.execute(
        "SELECT number, digest FROM cursor_api.migrations ORDER BY number"
    )
    return await found.fetchall()


async def test_of_many_who_start_at_once_one_makes_the_tables(link: Link, url: Secret) -> None:
    """And a later start changes nothing."""
    links = [Link(url, "test", 30.0) for _ in range(6)]
    await asyncio.gather(*(one.run(migrate) for one in links))
    await link.run(migrate)
    assert await link.run(ledger) == [(one.number, one.digest) for one in MIGRATIONS]
    for one in links:
        await one.close()


async def test_what_fails_leaves_nothing(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start says what was wrong."""
    text = f"{MIGRATIONS[0].text}\nDROP TABLE cursor_api.nobody;"
    broken = MIGRATIONS[0]._replace(text=text)
    monkeypatch.setattr(tables, "MIGRATIONS", (broken,))
    with pytest.raises(StoreError, match="nobody"):
        await link.run(migrate)
    monkeypatch.setattr(tables, "MIGRATIONS", MIGRATIONS)
    await link.run(migrate)


async def test_a_newer_database_is_refused(link: Link) -> None:
    """What the newer version wrote stays as it is."""
    await link.run(migrate)
    await link.run(
        lambda connection: connection.execute(
            "INSERT INTO cursor_api.migrations (number, digest) VALUES (%s, 'x')",
            (len(MIGRATIONS) + 1,),
        )
    )
    with pytest.raises(StoreError, match=r"schema cursor_api .* written by a newer version"):
        await link.run(migrate)


async def test_an_old_server_is_refused(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is made in it."""
    monkeypatch.setattr(tables, "OLDEST", 990_000)
    with pytest.raises(StoreError, match=r"it is PostgreSQL \d+, and 99 or newer is needed"):
        await link.run(migrate)
    found = await link.run(
        lambda connection: connection.execute("SELECT to_regnamespace('cursor_api')")
    )
    assert await found.fetchone() == (None,)


async def test_other_peoples_tables_are_not_touched(link: Link) -> None:
    """Of the same names, in their own schema."""

    async def make(connection: Connection) -> None:
        await connection.execute("CREATE TABLE public.requests (mine text)")

    async def look(connection: Connection) -> object:
        found = await connection.execute("SELECT mine FROM public.requests")
        await connection.execute("DROP TABLE public.requests")
        return await found.fetchall()

    await link.run(make)
    await link.run(migrate)
    assert await link.run(look) == []
