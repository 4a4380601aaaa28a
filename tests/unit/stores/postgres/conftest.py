"""One server for the tests of this folder, started when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cursor_api.domain.credential import Secret
from tests.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """For all of them: who stops it starts it again."""
    with postgres_server() as made:
        yield made


@pytest.fixture
def url(server: PostgresServer) -> Secret:
    """How to get in."""
    return Secret(server.url)
