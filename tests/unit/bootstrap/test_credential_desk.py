"""Credentials in the database: brought there by a command, served and changed by two nodes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from cursor_api.bootstrap import (
    Gateway,
    build_gateway,
    copy_credentials,
    file_stores,
    look_at_servers,
    open_credentials,
    open_keys,
    reseal_credentials,
)
from cursor_api.domain.act import ActQuery
from cursor_api.domain.credential import CredentialChange, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import StoreError
from cursor_api.domain.problems import NoticeCode
from cursor_api.files.sealing import id_of
from cursor_api.installed import SCHEMA, Settings
from cursor_api.options.sealing_keys import read_keys
from cursor_api.service.credentials.use_cases import PreferenceChange
from cursor_api.settings import load_settings
from cursor_api.stores.options import SealingOptions
from cursor_api.telemetry.redaction import Redactor
from tests.contract.test_records import forget_all
from tests.fakes import ListObserver
from tests.postgres_server import PostgresServer, postgres_server
from tests.serving import Answer, ask, serve
from tests.waiting import until

ADMIN = "bootstrap-key-0123456789"
AUTH = {"Authorization": f"Bearer {ADMIN}"}
OLD, NEW = "a" * 64, "b" * 64


def settings(folder: Path, **variables: str) -> Settings:
    """Settings of a folder with a few variables set."""
    return load_settings(SCHEMA, {"AUTH_TOKEN": ADMIN, **variables}, folder).settings


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A module's own, so that it may be stopped."""
    with postgres_server() as made:
        yield made


@pytest.fixture
async def database(server: PostgresServer) -> PostgresServer:
    """An empty one."""
    await forget_all(Secret(server.url))
    return server


def preferences(node: Gateway, alias: str) -> Preferences | None:
    """What the owner has set, as a node knows it; None for a credential that it does not have."""
    slots = [slot for endpoint in node.endpoints.values() for slot in endpoint.pool.slots]
    found = (slot.preferences for slot in slots if slot.credential.alias == alias)
    return next(found, None)


@pytest.fixture
async def copied(tmp_path: Path, database: PostgresServer) -> Settings:
    """Those of a node whose credentials were copied from files, which are gone."""
    (tmp_path / ".token").write_text("work::canary-a\nhome::canary-b\n")
    async with open_credentials(settings(tmp_path), ListObserver()) as operator:
        await operator.credentials.change("home", CredentialChange(), PreferenceChange(priority=7))
        await operator.roster.save()
    with pytest.raises(StoreError, match="CREDENTIALS_KEY is not set"):
        await copy_credentials(settings(tmp_path, DATABASE_URL=database.url), ListObserver())
    chosen = settings(tmp_path, DATABASE_URL=database.url, CREDENTIALS_KEY=OLD)
    assert await copy_credentials(chosen, ListObserver()) == (("work", "home"), ())
    assert await copy_credentials(chosen, ListObserver()) == ((), ("work", "home"))
    async with open_keys(chosen, ListObserver()) as house:
        [(_, act)] = (await house.audit.page(ActQuery(9))).acts
    assert act[1:] == ("command-line", "credential_added", "work, home")
    for name in (".token", ".token-list", ".token-state"):
        (tmp_path / name).unlink()
    return chosen


async def test_two_nodes_share_what_was_copied(copied: Settings) -> None:
    """Every change of one, over HTTP, is soon the other's."""
    async with AsyncExitStack() as stack:
        first, other = [
            await stack.enter_async_context(build_gateway(copied, file_stores(copied), Redactor()))
            for _ in range(2)
        ]
        port = await stack.enter_async_context(serve(first.app))

        async def call(method: str, path: str, body: bytes = b"") -> Answer:
            return await ask(port, method, path, headers=AUTH, body=body)

        assert other.credential_count == 2
        assert preferences(other, "home") == Preferences(priority=7)
        assert (await call("POST", "/api/credentials", b'{"tokens": "new::canary-c"}')).status < 300
        await until(lambda: preferences(other, "new"))
        change = b'{"alias": "newer", "priority": 3, "enabled": false}'
        assert (await call("PATCH", "/api/credentials/new", change)).status == 200
        wanted = Preferences(priority=3, is_enabled=False)
        await until(lambda: preferences(other, "newer") == wanted)
        assert (await call("DELETE", "/api/credentials/work")).status == 200
        await until(lambda: not preferences(other, "work"))
        for path, body in (("/get-tokeninfo", b""), ("/update-tokeninfo", b'{"tokens": ""}')):
            refused = await call("POST", path, body)
            assert (refused.status, b"DATABASE_URL" in refused.body) == (409, True)
    assert not copied.files.token_file.exists()


async def test_a_node_without_the_key_says_what_it_does_not_use(copied: Settings) -> None:
    """In the console and by `doctor`; one that has the key does not."""
    keyless = replace(copied, sealing=SealingOptions())
    for chosen, told_count in ((copied, 0), (keyless, 1)):
        looks = [one async for one in look_at_servers(chosen)]
        warned = [one.warning for one in looks if id_of(Secret(OLD)) in str(one.warning)]
        assert len(warned) == told_count
    async with build_gateway(keyless, file_stores(keyless), Redactor()) as node:
        await until(lambda: node.roster.warnings)
        assert [one.code for one in node.roster.warnings] == [NoticeCode.ROW_NO_KEY]


async def test_while_the_database_is_away(copied: Settings, database: PostgresServer) -> None:
    """What is known serves, and nothing can be changed; who starts then has none yet."""
    async with AsyncExitStack() as stack:

        async def start() -> Gateway:
            made = build_gateway(copied, file_stores(copied), Redactor())
            return await stack.enter_async_context(made)

        node = await start()
        port = await stack.enter_async_context(serve(node.app))
        database.stop(signal.SIGQUIT)
        for method, path, body in (
            ("PATCH", "/api/credentials/home", b'{"priority": 1}'),
            ("POST", "/api/credentials", b'{"tokens": "new::canary-c"}'),
            ("DELETE", "/api/credentials/home", b""),
        ):
            away = await ask(port, method, path, headers=AUTH, body=body)
            assert (away.status, "retry-after" in away.headers) == (503, True)
        assert preferences(node, "home") == Preferences(priority=7)
        assert (await ask(port, "GET", "/api/credentials", headers=AUTH)).status == 200
        late = await start()
        assert (node.roster.credential_count, late.credential_count) == (2, 0)
        database.start()
        await until(lambda: late.roster.credential_count == 2)


async def test_a_new_key_for_all(tmp_path: Path, database: PostgresServer) -> None:
    """In the files and in the database, counted; the old key opens nothing any more."""
    (tmp_path / ".token").write_text("work::canary-a\nhome::canary-b\n")
    with pytest.raises(StoreError, match="CREDENTIALS_KEY is not set"):
        await reseal_credentials(settings(tmp_path))
    new_id = id_of(read_keys(NEW)[0])
    both = f"{NEW},{OLD}"
    assert (await reseal_credentials(settings(tmp_path, CREDENTIALS_KEY=OLD)))[:2] == (2, 2)
    assert await reseal_credentials(settings(tmp_path, CREDENTIALS_KEY=both)) == (2, 2, new_id)
    assert await reseal_credentials(settings(tmp_path, CREDENTIALS_KEY=both)) == (0, 2, new_id)
    with pytest.raises(StoreError, match="lines 1, 2 can only be read with the key"):
        await reseal_credentials(settings(tmp_path, CREDENTIALS_KEY=OLD))

    def shared(keys: str) -> Settings:
        return settings(tmp_path, DATABASE_URL=database.url, CREDENTIALS_KEY=keys)

    assert (await copy_credentials(shared(both), ListObserver())).added == ("work", "home")
    with pytest.raises(StoreError, match=f"with the key {new_id}, which CREDENTIALS_KEY"):
        await reseal_credentials(shared(OLD))
    assert (await reseal_credentials(shared(f"{OLD},{NEW}")))[:2] == (2, 2)
    chosen = shared(OLD)
    async with open_credentials(chosen, ListObserver()) as operator:
        assert operator.roster.credential_count == 2
    wrong = shared(NEW)
    with pytest.raises(StoreError, match="CREDENTIALS_KEY does not have"):
        async with build_gateway(wrong, file_stores(wrong), Redactor()):
            pass
