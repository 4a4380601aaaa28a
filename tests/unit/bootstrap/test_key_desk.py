"""Keys for commands: what a gateway stores is there, and nothing is made by looking."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace

from cursor_api.bootstrap import copy_keys, open_keys
from cursor_api.bootstrap.key_desk import Copied
from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.errors import StoreError
from cursor_api.domain.price import Price
from cursor_api.domain.quota import Limits
from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from tests.fakes import ListObserver
from tests.postgres_server import postgres_server


async def test_what_one_command_makes_the_next_one_knows(tmp_path: Path) -> None:
    """With what is left by the records, of which there are none yet."""
    settings = load_settings(SCHEMA, {"AUTH_TOKEN": "k" * 20}, tmp_path).settings
    async with open_keys(settings, ListObserver()) as house:
        assert list(house.keys.all) == []
    assert not settings.files.request_log_file.exists()
    async with open_keys(settings, ListObserver()) as house:
        terms = KeyTerms("Alice", limits=Limits(requests_per_day=5))
        made = (await house.keys.create(terms)).key
    async with open_keys(settings, ListObserver()) as house:
        assert list(house.keys.all) == [made]
        assert (await house.quota.stand(made)).lefts[0].left_count == 5


async def test_keys_of_the_file_are_copied_into_the_database(tmp_path: Path) -> None:
    """Once, with their secrets; what is there already stays as it is there."""
    with postgres_server() as server:
        variables = {"AUTH_TOKEN": "k" * 20}
        settings = load_settings(SCHEMA, variables, tmp_path).settings
        with pytest.raises(StoreError, match="DATABASE_URL is not set"):
            await copy_keys(settings)
        async with open_keys(settings, ListObserver()) as house:
            made = await house.keys.create(KeyTerms("Alice"))
            await house.keys.rotate(made.key.id)
            await house.prices.put(Price("m", dt.date(2025, 1, 1), 1, 2, "s"))
            [alice] = house.keys.all
        settings = load_settings(
            SCHEMA, variables | {"DATABASE_URL": server.url}, tmp_path
        ).settings
        moved = settings.files.request_log_file.rename(tmp_path / "moved")
        with pytest.raises(StoreError, match="to copy from"):
            await copy_keys(settings)
        moved.rename(settings.files.request_log_file)
        assert await copy_keys(settings) == Copied(("alice",), (), 1)
        assert await copy_keys(settings) == Copied((), ("alice",), 0)
        async with open_keys(settings, ListObserver()) as house:
            assert list(house.keys.all) == [replace(alice, version=1)]
            assert len(house.prices.all) == 1
