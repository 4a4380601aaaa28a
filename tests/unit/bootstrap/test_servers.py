"""A look at the servers that nodes share."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cursor_api.bootstrap import look_at_servers
from cursor_api.domain.errors import StoreAwayError
from cursor_api.installed import SCHEMA, Settings
from cursor_api.settings import load_settings
from cursor_api.stores.postgres import link
from tests.redis_server import redis_server


def settings_of(**variables: str) -> Settings:
    """Those of a gateway with these."""
    environment = {"AUTH_TOKEN": "k" * 20} | variables
    return load_settings(SCHEMA, environment, Path("/nonexistent"), None).settings


async def test_who_shares_nothing_has_nothing_to_look_at() -> None:
    """As most gateways."""
    assert [one async for one in look_at_servers(settings_of())] == []


async def test_each_is_told_by_itself(capfd: pytest.CaptureFixture[str]) -> None:
    """One that is there, and one that is not."""
    url = "postgresql://gateway:s3cret-thing@127.0.0.1:1/gateway"
    with redis_server("--maxmemory-policy", "allkeys-lru") as server:
        settings = settings_of(DATABASE_URL=url, REDIS_URL=server.url)
        database, shared = [one async for one in look_at_servers(settings)]
    assert isinstance(database.error, StoreAwayError)
    assert "s3cret-thing" not in str(database.error)
    assert (shared.variable, shared.error) == ("REDIS_URL", None)
    assert shared.name.startswith(("Redis 7", "Redis 8", "Valkey "))
    assert "allkeys-lru" in str(shared.warning)
    assert capfd.readouterr().out == ""


async def test_a_database_that_hangs_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key for credentials, too: whether it has some is not asked then."""
    monkeypatch.setattr(link, "CONNECT_S", 1)
    # The system lets both in; nobody ever answers.
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings = settings_of(DATABASE_URL=f"postgresql://gateway@127.0.0.1:{port}/gateway")
        [look] = [one async for one in look_at_servers(settings)]
        server.setblocking(False)
        server.accept()[0].close()
        with pytest.raises(BlockingIOError):
            server.accept()
    assert isinstance(look.error, StoreAwayError)
