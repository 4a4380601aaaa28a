"""Sealed credentials in PostgreSQL: nodes, keys and damage; the rest is in the contract."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import StoreAwayError, StoreError, UnknownCredentialError
from cursor_api.domain.problems import NoticeCode
from cursor_api.files.sealing import Sealer, id_of
from cursor_api.ports.credential_rows import CredentialRow
from cursor_api.stores.postgres.credentials import PostgresCredentials, find_unread
from cursor_api.stores.postgres.link import Connection, Link
from tests.contract.test_records import forget_all
from tests.postgres_server import PostgresServer

OLD, NEW = Secret("a" * 64), Secret("b" * 64)
WORK = CredentialRow("1" * 32, "work", Secret("the-canary-token"), "the-canary-device")
HOME = CredentialRow("2" * 32, None, Secret("canary-2"), preferences=Preferences(3, 2, 1, False))


class Database:
    """Nodes at one database, and somebody with its password."""

    def __init__(self, url: Secret, stack: AsyncExitStack) -> None:
        self.url = url
        self._stack = stack
        self._link = Link(url, "test", 10.0)
        stack.push_async_callback(self._link.close)

    def node(self, *keys: Secret) -> PostgresCredentials:
        """One more, with these keys."""
        made = PostgresCredentials(self.url, Sealer(keys), call_s=1.0)
        self._stack.push_async_callback(made.close)
        return made

    @asynccontextmanager
    async def holding(self, row_id: str) -> AsyncIterator[None]:
        """Nobody else gets past this row."""
        held, done = asyncio.Event(), asyncio.Event()
        link = Link(self.url, "holder", 20.0)

        async def hold(connection: Connection) -> None:
            question = "SELECT 1 FROM cursor_api.credentials WHERE id = %s FOR UPDATE"
            await connection.execute(question, (row_id,))
            held.set()
            await done.wait()

        holding = asyncio.create_task(link.run(hold))
        await held.wait()
        yield
        done.set()
        await holding
        await link.close()

    async def ask(self, statement: str) -> Sequence[tuple[object, ...]]:
        """As that somebody would."""

        async def call(connection: Connection) -> list[tuple[object, ...]]:
            found = await connection.execute(statement.encode())
            return await found.fetchall() if found.description else []

        return await self._link.run(call)


@pytest.fixture
async def database(url: Secret) -> AsyncIterator[Database]:
    """An empty one."""
    await forget_all(url)
    async with AsyncExitStack() as stack:
        yield Database(url, stack)


async def put(node: PostgresCredentials, *rows: CredentialRow) -> None:
    """These and no others."""
    await node.edit(lambda _rows: rows)


async def test_what_one_node_changes_another_one_sees(database: Database) -> None:
    """Its own changes are no news to it, unless another one's came before."""
    mine, theirs = database.node(OLD), database.node(OLD)
    for one in (mine, theirs):
        assert await one.has_changed()
        assert await one.load() == []
        assert not await one.has_changed()
    await put(mine, WORK, HOME)
    assert not await mine.has_changed()
    assert await theirs.look() == [WORK, HOME]
    assert await theirs.has_changed()
    assert await theirs.load() == [WORK, HOME]
    renamed = replace(WORK, name="w", preferences=Preferences(1))
    await put(theirs, renamed)
    await put(mine, renamed, HOME)
    assert await mine.has_changed()
    assert await mine.load() == [renamed, HOME]
    assert repr(mine) == "PostgresCredentials()"


async def test_nothing_of_a_token_is_in_the_database(database: Database) -> None:
    """Neither as it is nor in another spelling; the name is."""
    await put(database.node(OLD), WORK, HOME)
    tables = await database.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'cursor_api'")
    dump = ""
    for (table,) in tables:
        dump += str(await database.ask(f"SELECT t::text FROM cursor_api.{table} t"))  # noqa: S608 - ours
    assert "work" in dump
    assert id_of(OLD) in dump
    for canary in ("canary", b"canary".hex(), OLD.reveal()):
        assert canary not in dump


async def test_a_wrong_key_reads_nothing_and_changes_nothing(database: Database) -> None:
    """One sentence says which key is missing."""
    await put(database.node(OLD), WORK)
    before = await database.ask("SELECT * FROM cursor_api.credentials")
    wrong = database.node(NEW)
    with pytest.raises(StoreError, match=f"with the key {id_of(OLD)}, which CREDENTIALS_KEY"):
        await wrong.load()
    with pytest.raises(StoreError, match="has this name"):
        await put(wrong, replace(HOME, name="work"))
    with pytest.raises(StoreError, match=id_of(OLD)):
        await wrong.reseal()
    await put(wrong, HOME)
    assert (await database.ask("SELECT * FROM cursor_api.credentials"))[:1] == before
    assert await database.node(NEW, OLD).load() == [WORK, HOME]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE cursor_api.credentials SET sealed = set_byte(sealed, 20,"
        " 255 - get_byte(sealed, 20)) WHERE name = 'work'",
        "UPDATE cursor_api.credentials SET sealed = '' WHERE name = 'work'",
        "UPDATE cursor_api.credentials SET id = repeat('3', 32) WHERE name = 'work'",
        "UPDATE cursor_api.credentials SET sealed = (SELECT sealed FROM cursor_api.credentials"
        " WHERE name IS NULL) WHERE name = 'work'",
    ],
    ids=["altered", "emptied", "moved", "another's"],
)
async def test_a_damaged_row_is_named_and_the_others_serve(database: Database, damage: str) -> None:
    """It serves nobody, not even who has read it before; changes leave it as it is."""
    node = database.node(OLD)
    await put(node, WORK, HOME)
    await node.load()
    await database.ask(damage)
    for one in (node, database.node(OLD)):
        assert await one.load() == [HOME]
        assert [warning.code for warning in one.warnings] == [NoticeCode.ROW_ALTERED]
        assert "work" in str(one.warnings[0])
    await put(node)
    assert await node.load() == []
    [(count,)] = await database.ask("SELECT count(*) FROM cursor_api.credentials")
    assert count == 1


async def test_a_node_without_the_newer_key_goes_on_with_what_it_knows(
    database: Database,
) -> None:
    """And names what it cannot read; it does not put the older in the place of the newer."""
    late, first = database.node(OLD), database.node(NEW, OLD)
    await put(late, WORK)
    await late.load()
    newer = replace(WORK, secret=Secret("canary-newer"))
    await put(first, newer, HOME)
    for _ in range(2):
        assert await late.load() == [WORK]
    assert [warning.code for warning in late.warnings] == [NoticeCode.ROW_OTHER_KEY]
    assert str(late.warnings[0]).startswith("2 credential(s) in the database (work, -) are sealed")
    third = replace(HOME, id="4" * 32, secret=Secret("canary-4"))
    await late.edit(lambda rows: [*(replace(row, name="renamed") for row in rows), third])
    assert await first.load() == [newer, HOME, third]


async def test_what_only_a_newer_key_opens_is_not_called_unknown(database: Database) -> None:
    """Whoever wants to change it there is told which key is missing."""
    late, first = database.node(OLD), database.node(NEW, OLD)
    await put(late, WORK)

    def seek(rows: Sequence[CredentialRow]) -> Sequence[CredentialRow]:
        if WORK not in rows:
            raise UnknownCredentialError("There is none.")
        return rows

    assert await late.edit(seek) == [WORK]
    await first.reseal()
    with pytest.raises(StoreError, match=f"sealed with the key {id_of(NEW)}") as caught:
        await late.edit(seek)
    assert not isinstance(caught.value, UnknownCredentialError)
    await put(first)
    with pytest.raises(UnknownCredentialError):
        await late.edit(seek)


async def test_a_process_without_a_key_is_told_what_it_does_not_use(database: Database) -> None:
    """How many there are and which key they need; an empty or new database has none."""
    assert await find_unread(database.url) == []
    await put(database.node(OLD), WORK, HOME)
    [notice] = await find_unread(database.url)
    assert notice.code is NoticeCode.ROW_NO_KEY
    assert notice.values == {"count": "2", "key": id_of(OLD), "name": "CREDENTIALS_KEY"}
    assert str(notice).startswith("2 credential(s) in the database are sealed with the key")


async def test_another_key_seals_all_or_none(database: Database) -> None:
    """Killed in the middle, nothing is lost; repeated, it has nothing left to do."""
    node, both = database.node(OLD), database.node(NEW, OLD)
    rows = [replace(HOME, id=f"{number:032}", secret=Secret(f"s{number}")) for number in range(99)]
    await put(node, *rows)
    async with database.holding(rows[50].id):
        running = asyncio.create_task(both.reseal())
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        async with asyncio.timeout(10):
            while await database.ask(waiting) == [(0,)]:
                pass
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert await database.node(OLD).load() == rows
    assert await both.reseal() == 99
    assert await database.node(NEW).load() == rows
    assert await both.reseal() == 0


async def test_a_database_that_was_away_is_used_again(
    server: PostgresServer, database: Database
) -> None:
    """Stopped, hanging and back: nobody has to start the gateway anew."""
    node = database.node(OLD)
    await put(node, WORK)
    await node.load()
    with server.paused(), pytest.raises(StoreAwayError, match="no answer within 1 s"):
        await node.has_changed()
    server.stop(signal.SIGQUIT)
    for call in (node.load, node.has_changed, lambda: put(node)):
        with pytest.raises(StoreAwayError):
            await call()
    server.start()
    assert await node.has_changed()
    assert await node.load() == [WORK]
