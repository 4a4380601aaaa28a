"""Credentials in the database: brought there by a command, served and changed by two nodes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cursor_api.bootstrap import (
    build_gateway,
    copy_credentials,
    file_stores,
    open_credentials,
    reseal_credentials,
)
from cursor_api.domain.credential import CredentialChange, Secret
from cursor_api.domain.errors import StoreError
from cursor_api.files.sealing import id_of
from cursor_api.installed import SCHEMA, Settings
from cursor_api.options.sealing_keys import read_keys
from cursor_api.service.credentials.use_cases import PreferenceChange
from cursor_api.settings import load_settings
from cursor_api.telemetry.redaction import Redactor
from tests.contract.test_records import forget_all
from tests.fakes import ListObserver
from tests.postgres_server import PostgresServer, postgres_server
from tests.serving import ask, serve
from tests.waiting import until

ADMIN = "bootstrap-key-0123456789"
AUTH = {"Authorization": f"Bearer {ADMIN}"}
OLD, NEW = "a" * 64, "b" * 64
DEAD = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "CREDENTIALS_KEY": OLD}


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


async def test_two_nodes_share_what_was_copied(tmp_path: Path, database: PostgresServer) -> None:
    """Every change of one is soon the other's; both go on while the database is away."""
    (tmp_path / ".token").write_text("work::canary-a\nhome::canary-b\n")
    async with open_credentials(settings(tmp_path), ListObserver()) as operator:
        await operator.credentials.change("home", CredentialChange(), PreferenceChange(priority=7))
        await operator.roster.save()
    with pytest.raises(StoreError, match="CREDENTIALS_KEY is not set"):
        await copy_credentials(settings(tmp_path, DATABASE_URL=database.url))
    chosen = settings(tmp_path, DATABASE_URL=database.url, CREDENTIALS_KEY=OLD)
    assert await copy_credentials(chosen) == (("work", "home"), ())
    assert await copy_credentials(chosen) == ((), ("work", "home"))
    for name in (".token", ".token-list", ".token-state"):
        (tmp_path / name).unlink()

    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(build_gateway(chosen, file_stores(chosen), Redactor()))
            for _ in range(2)
        ]
        mine, theirs = [await stack.enter_async_context(serve(node.app)) for node in nodes]
        there = nodes[1].roster

        def find(alias: str) -> object:
            slots = [slot for one in nodes[1].endpoints.values() for slot in one.pool.slots]
            return next((s.preferences for s in slots if s.credential.alias == alias), None)

        assert there.credential_count == 2
        assert find("home").priority == 7  # type: ignore[attr-defined]
        added = await ask(
            mine, "POST", "/api/credentials", headers=AUTH, body=b'{"tokens": "new::canary-c"}'
        )
        assert added.status in {200, 201}, added.body
        await until(lambda: find("new"))
        changed = await ask(
            mine,
            "PATCH",
            "/api/credentials/new",
            headers=AUTH,
            body=b'{"alias": "newer", "priority": 3, "enabled": false}',
        )
        assert changed.status == 200, changed.body
        await until(lambda: getattr(find("newer"), "priority", 0) == 3)
        assert not find("newer").is_enabled  # type: ignore[attr-defined]
        gone = await ask(mine, "DELETE", "/api/credentials/work", headers=AUTH)
        assert gone.status == 200, gone.body
        await until(lambda: not find("work"))
        for method, path, body in (
            ("POST", "/get-tokeninfo", b""),
            ("POST", "/update-tokeninfo", b'{"tokens": ""}'),
        ):
            refused = await ask(mine, method, path, headers=AUTH, body=body)
            assert (refused.status, b"DATABASE_URL" in refused.body) == (409, True)
        assert not (tmp_path / ".token").exists()

        database.stop(signal.SIGQUIT)
        away = await ask(
            mine, "PATCH", "/api/credentials/home", headers=AUTH, body=b'{"priority": 1}'
        )
        assert (away.status, away.headers.get("retry-after") is not None) == (503, True)
        assert find("home").priority == 7  # type: ignore[attr-defined]
        assert (await ask(theirs, "GET", "/api/credentials", headers=AUTH)).status == 200
        assert there.credential_count == 2
        # A node that starts now serves as soon as it can.
        dead = settings(tmp_path, **DEAD)
        late = await stack.enter_async_context(build_gateway(dead, file_stores(dead), Redactor()))
        assert late.credential_count == 0
        database.start()


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

    assert (await copy_credentials(shared(both))).added == ("work", "home")
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
