"""Databases of records that are stopped, paused, killed and locked under load: nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from cursor_api.bootstrap import copy_credentials, file_stores
from cursor_api.domain.credential import Secret
from cursor_api.domain.record_query import ALL
from cursor_api.installed import SCHEMA, Settings
from cursor_api.ports.record_database import RecordDatabase
from cursor_api.settings import load_settings
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.stores.postgres import records as postgres_records
from cursor_api.stores.postgres.records import PostgresRecords
from cursor_api.stores.records.log import LogTimes, RecordLog
from cursor_api.stores.records.spooled import SpooledRecords
from cursor_api.stores.sqlite import file as sqlite_file
from cursor_api.stores.sqlite.records import SqliteRecords
from cursor_api.telemetry.clock import SystemClock
from cursor_api.telemetry.redaction import Redactor
from tests.acceptance.in_process import KEY, Gateway, gateway_of
from tests.contract.test_records import ANY_TIME, EVERYTHING, forget_all, record
from tests.fakes import ListObserver
from tests.postgres_server import PostgresServer, postgres_server
from tests.waiting import until

PER_TICK, TICK_S = 50, 0.1
TICKS = 14
TROUBLE = range(3, 10)
TIMES = LogTimes(write_after_s=0.05, retry_s=0.1)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that is maltreated."""
    with postgres_server() as made:
        yield made


@contextlib.contextmanager
def stopped(server: PostgresServer, how: signal.Signals) -> Iterator[None]:
    """It is gone for a while."""
    server.stop(how)
    try:
        yield
    finally:
        server.start()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program writes, and does not come to an end."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def load(log: RecordLog, trouble: contextlib.AbstractContextManager[None]) -> int:
    """500 requests a second, each recorded without a wait; gives how many there were."""
    numbers = itertools.count()
    for tick in range(TICKS):
        if tick == TROUBLE.start:
            await asyncio.to_thread(trouble.__enter__)
        if tick == TROUBLE.stop:
            await until(lambda: not log.state().is_writing)
            await asyncio.to_thread(trouble.__exit__, None, None, None)
        for _ in range(PER_TICK):
            log.record(record(next(numbers) / 100))
        await asyncio.sleep(TICK_S)
    return next(numbers)


async def settle(log: RecordLog) -> None:
    """Until all is written."""
    await until(lambda: log.state()[1:4] == (True, 0, 0), 30)


async def check(database: RecordDatabase, count: int) -> None:
    """Each is there, and counts once."""
    assert await database.count(ALL) == count
    sums = await database.usage(ANY_TIME)
    assert sum(row.counts.answered_count for row in sums) == count


TROUBLES: dict[str, Callable[[PostgresServer], contextlib.AbstractContextManager[None]]] = {
    "stopped": lambda server: stopped(server, signal.SIGINT),
    "crashed": lambda server: stopped(server, signal.SIGQUIT),
    "paused": lambda server: server.paused(),
}


@pytest.mark.parametrize("name", TROUBLES)
async def test_postgres_in_trouble_loses_nothing(
    name: str, server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file has the records meanwhile, though a write may have worked that nobody heard of."""
    monkeypatch.setattr(postgres_records, "WRITE_S", 0.2)
    await forget_all(Secret(server.url))
    clock, observer = SystemClock(), ListObserver()
    database = PostgresRecords(Secret(server.url), EVERYTHING, clock.now)
    spool = SqliteRecords(tmp_path / "spool", EVERYTHING, clock.now)
    spooled = SpooledRecords(database, spool, observer, retry_s=0.1)
    async with RecordLog(spooled, 100, clock, observer, TIMES) as log:
        count = await load(log, TROUBLES[name](server))
        await settle(log)
        await check(database, count)
        assert await spool.count(ALL) == 0
    assert len(observer.warnings) == len(observer.notices) == 1, observer.events


async def test_an_idle_gateway_tells_of_an_outage_once(
    server: PostgresServer, tmp_path: Path
) -> None:
    """Stopped and started while nobody writes: the first write after that is no second outage."""
    await forget_all(Secret(server.url))
    clock, observer = SystemClock(), ListObserver()
    database = PostgresRecords(Secret(server.url), EVERYTHING, clock.now)
    spool = SqliteRecords(tmp_path / "spool", EVERYTHING, clock.now)
    spooled = SpooledRecords(database, spool, observer, retry_s=0.1)
    async with RecordLog(spooled, 100, clock, observer, TIMES) as log:
        log.record(record(1))
        await settle(log)
        with stopped(server, signal.SIGINT):
            await until(lambda: observer.warnings)
        await until(lambda: observer.notices)
        log.record(record(2))
        await settle(log)
        await check(database, 2)
    assert len(observer.warnings) == len(observer.notices) == 1, observer.events


async def test_a_locked_file_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written waits in memory."""
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.05)
    clock, observer = SystemClock(), ListObserver()
    database = SqliteRecords(tmp_path / "log", EVERYTHING, clock.now)
    async with RecordLog(database, 100, clock, observer, TIMES) as log:
        count = await load(log, locked(tmp_path / "log"))
        await settle(log)
        await check(database, count)
    assert len(observer.warnings) == len(observer.notices) == 1, observer.events


@contextlib.asynccontextmanager
async def upstream() -> AsyncIterator[str]:
    """One that answers."""
    async with CursorSimulator(SimulatorOptions()) as simulator:
        yield simulator.url


def settings_at(server: PostgresServer, folder: Path, upstream_url: str, **more: str) -> Settings:
    """Those of a node with one credential, in a folder of its own."""
    folder.mkdir(exist_ok=True)
    tokens = folder / ".token"
    tokens.write_text("work::a-session-token-for-tests\n")
    environment = {
        "AUTH_TOKEN": KEY,
        "DATABASE_URL": server.url,
        "TOKEN_FILE": str(tokens),
        "TOKEN_LIST_FILE": str(folder / ".token-list"),
        "CURSOR_BASE_URL": upstream_url,
    }
    return load_settings(SCHEMA, environment | more, Path("/nonexistent"), None).settings


async def test_a_gateway_goes_on_while_its_database_is_away(
    server: PostgresServer, tmp_path: Path
) -> None:
    """Questions about requests are told to come again; requests are answered, and recorded."""
    await forget_all(Secret(server.url))
    async with upstream() as url:
        settings = settings_at(server, tmp_path, url)
        async with gateway_of(settings, file_stores(settings), Redactor()) as gateway:
            assert (await gateway.chat("Hello!")).status == 200
            before = json.loads((await gateway.ask("GET", "/api/requests")).body)
            server.stop()
            assert (await gateway.chat("Hello!")).status == 200
            away = await gateway.ask("GET", "/api/requests")
            assert (away.status, away.json()["error"]["code"]) == (503, "records_unavailable")
            assert "retry-after" in away.headers
            assert len((await gateway.ask("GET", "/logs")).json()["logs"]) == 2
        server.start()
        async with gateway_of(settings, file_stores(settings), Redactor()) as gateway:
            async with asyncio.timeout(30):
                while True:
                    after = (await gateway.ask("GET", "/api/requests")).json()["requests"]
                    if len(after) == 2:
                        break
                    await asyncio.sleep(0.05)
    assert [one["status"] for one in after] == ["success", "success"]
    assert [one["id"] for one in before["requests"]] == [after[1]["id"]]
    names = {path.name for path in tmp_path.iterdir()}  # noqa: ASYNC240 - of a test's own folder
    assert ".request-log.sqlite3.spool" in names
    assert ".request-log.sqlite3" not in names


async def test_no_key_is_wrong_because_the_database_is_away(
    server: PostgresServer, tmp_path: Path
) -> None:
    """What one node made another one knows at once; what is known goes on, the rest comes again.

    A database that hangs is away from its first moment on: nobody could know better.
    """
    await forget_all(Secret(server.url))
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(upstream())

        async def node(name: str) -> Gateway:
            settings = settings_at(server, tmp_path / name, url)
            opened = gateway_of(settings, file_stores(settings), Redactor())
            return await stack.enter_async_context(opened)

        one, other = await node("one"), await node("other")
        made = await one.ask("POST", "/api/keys", body=b'{"id": "alice", "name": "Alice"}')
        mine = {"Authorization": f"Bearer {made.json()['secret']}"}
        assert (await other.chat("Hello!", headers=mine)).status == 200
        unknown = {"Authorization": "Bearer sk-ca-unknown"}
        assert (await other.chat("Hello!", headers=unknown)).status == 401
        with server.paused():
            assert (await other.chat("Hello!", headers=unknown)).status == 503
            assert (await other.chat("Hello!", headers=mine)).status == 200
        async with asyncio.timeout(10):
            while (await other.chat("Hello!", headers=unknown)).status != 401:
                await asyncio.sleep(0.2)
        server.stop()
        assert (await other.chat("Hello!", headers=mine)).status == 200
        change = await one.ask("POST", "/api/keys/alice/revoke")
        assert (change.status, change.json()["error"]["code"]) == (503, "store_away")
        late = await node("late")
        answer = await late.chat("Hello!", headers=mine)
        assert answer.status == 503
        assert "retry-after" in answer.headers
        server.start()
        async with asyncio.timeout(10):
            while (await late.chat("Hello!", headers=mine)).status != 200:
                await asyncio.sleep(0.2)
        assert (await one.ask("POST", "/api/keys/alice/revoke")).status == 200
        for node_ in (other, late):
            async with asyncio.timeout(10):
                while (await node_.chat("Hello!", headers=mine)).status != 401:
                    await asyncio.sleep(0.2)


async def test_credentials_of_a_setting_need_no_database(
    server: PostgresServer, tmp_path: Path
) -> None:
    """A node that starts while it is away serves with them, and has the others when it is back."""
    await forget_all(Secret(server.url))
    async with upstream() as url:
        more = {"CREDENTIALS_KEY": "ab" * 32, "TOKENS": "given::a-session-token-of-the-settings"}
        settings = settings_at(server, tmp_path, url, **more)
        assert (await copy_credentials(settings, ListObserver())).added == ("work",)
        server.stop()
        async with gateway_of(settings, file_stores(settings), Redactor()) as gateway:
            assert (await gateway.chat("Hello!")).status == 200
            shown = (await gateway.ask("GET", "/api/credentials")).json()["credentials"]
            assert [one["alias"] for one in shown] == ["given"]
            server.start()
            async with asyncio.timeout(20):
                while len((await gateway.ask("GET", "/api/credentials")).json()["credentials"]) < 2:
                    await asyncio.sleep(0.2)
