"""One server for the tests of this folder's modules, started when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.stores.redis import link as redis_link
from tests.redis_server import RedisServer, redis_server


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """A module's own, so that it may be stopped."""
    with redis_server() as made:
        yield made


@pytest.fixture
def url(server: RedisServer) -> Secret:
    """How to get in, to nothing."""
    server.ask("FLUSHALL")
    return Secret(server.url)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine an answer may take long; that is told where it is meant."""
    monkeypatch.setattr(redis_link, "ANSWER_S", 10.0)
