"""Servers that several suites of this folder share: each begins with nothing in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cursor_api.domain.credential import Secret
from tests.postgres_server import postgres_server


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[Secret]:
    """A PostgreSQL, started when it is first asked for."""
    with postgres_server() as server:
        yield Secret(server.url)
