"""Keys for commands: what a gateway stores is there, and nothing is made by looking."""

from __future__ import annotations

from pathlib import Path

from cursor_api.bootstrap import open_keys
from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.quota import Limits
from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from tests.fakes import ListObserver


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
