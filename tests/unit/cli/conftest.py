"""Gateways that commands ask, one of each kind for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.demo_stage import RunningDemo, running_demo
from tests.unit.cli.gateway_folder import enter
from tests.unit.cli.gateway_stage import ListingGateway, listing_gateway


@pytest.fixture(scope="module")
def demo() -> Iterator[RunningDemo]:
    """A whole one, which answers."""
    with running_demo() as made:
        yield made


@pytest.fixture(scope="module")
def scripted() -> Iterator[ListingGateway]:
    """One that says anything."""
    with listing_gateway() as made:
        yield made


@pytest.fixture
def demo_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demo: RunningDemo) -> Path:
    """The working directory, where commands find the demo."""
    enter(tmp_path, monkeypatch)
    (tmp_path / ".env").write_text(demo.settings)
    return tmp_path
