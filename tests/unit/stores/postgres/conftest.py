"""One server for the tests of this folder, started when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cursor_api.domain.credential import Secret
from tests.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A module's own, so that it may be stopped."""
    with postgres_server() as made:
        yield made


@pytest.fixture
def url(server: PostgresServer) -> Secret:
    """How to get in."""
    return Secret(server.url)
