"""Whether a real PostgreSQL has room for all gateway processes."""

from __future__ import annotations

import asyncio
import re

import psycopg
import pytest

from cursor_api.bootstrap import warn_of_room
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreAwayError
from cursor_api.ports.record_database import Keeping
from cursor_api.stores.postgres.keys import PostgresKeys
from cursor_api.stores.postgres.link import Link
from cursor_api.stores.postgres.records import PostgresRecords
from cursor_api.stores.postgres.room import NAMES, Room, look
from tests.contract.test_records import forget_all
from tests.fakes import ListObserver
from tests.unit.bootstrap.test_servers import settings_of
from tests.waiting import LOOK_S, SOON_S


async def is_untouched(url: Secret) -> bool:
    """Whether there is nothing of a gateway in the database."""
    link = Link(url, "test", 10.0)
    found = await link.run(
        lambda connection: connection.execute("SELECT to_regnamespace('cursor_api')")
    )
    row = await found.fetchone()
    await link.close()
    return row == (None,)


async def look_alone(url: Secret) -> Room:
    """A look when those who came before have gone, for which a server takes a moment."""
    async with asyncio.timeout(SOON_S):
        while any((room := await look(url))[3:]):
            await asyncio.sleep(LOOK_S)
    return room


ROOM = Room("18.1", 100, 3, 7, 0, 0)


async def test_the_sessions_of_gateways_and_of_others_are_told_apart(url: Secret) -> None:
    """Each process has one of each name; whoever looks does not count."""
    await forget_all(url)
    empty = await look_alone(url)
    assert re.fullmatch(r"\d+\.\d+", empty.version)
    assert await is_untouched(url)
    assert empty[1:] == (30, empty.reserved_count, 0, 0, 0)
    assert await look_alone(url) == empty
    records = [PostgresRecords(url, Keeping(1, 1, 1), lambda: 0.0) for _ in range(2)]
    keys = PostgresKeys(url)
    stranger = await psycopg.AsyncConnection.connect(url.reveal(), application_name="psql")
    try:
        for one in records:
            await one.open()
            await one.fetch("SELECT 1", {})
        await keys.load()
        full = await look(url)
        assert full[3:] == (1, 2, 0)
        found = await stranger.execute("SELECT DISTINCT application_name FROM pg_stat_activity")
        assert {row[0] for row in await found.fetchall()} >= set(NAMES)
    finally:
        await stranger.close()
        await keys.close()
        for one in records:
            await one.close()


@pytest.mark.parametrize(
    ("room", "process_count", "wanted"),
    [
        (ROOM, 30, None),
        (ROOM, 31, 103),
        # Those that run here are not counted twice, and others are elsewhere.
        (ROOM._replace(here_count=30), 4, None),
        (ROOM._replace(here_count=31), 4, 103),
        (ROOM._replace(elsewhere_count=28), 2, None),
        (ROOM._replace(elsewhere_count=29), 2, 103),
        (ROOM._replace(others_count=97), 1, 103),
    ],
)
def test_too_little_room_is_told_with_what_to_set(
    room: Room, process_count: int, wanted: int | None
) -> None:
    """Of a hundred connections, three are reserved, and seven somebody else's."""
    warning = room.find_warning(process_count)
    assert bool(warning) is (wanted is not None)
    assert f"set it to {wanted} or more" in warning or not warning


async def test_the_operator_is_told_at_the_start(url: Secret) -> None:
    """Eleven workers need 33 of 30; of a server that is away whoever uses it tells."""
    observer = ListObserver()
    for workers in ("1", "11"):
        await warn_of_room(settings_of(DATABASE_URL=url.reveal(), WORKERS=workers), observer)
    [(warning, _)] = observer.events
    assert "11 gateway process(es) need up to 33 (3 each)" in warning
    away = Secret("postgresql://nobody@127.0.0.1:1/x")
    with pytest.raises(StoreAwayError):
        await look(away)
    for settings in (settings_of(DATABASE_URL=away.reveal()), settings_of()):
        await warn_of_room(settings, observer)
    assert len(observer.events) == 1
