"""The pages in both languages say what the table says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from cursor_api.cli.documents.configuration import (
    BLOCK_ROWS,
    BLOCKS_EXAMPLE,
    COMMAND,
    EXAMPLE,
    FILES,
    render_configuration,
    write_configuration,
)
from cursor_api.installed import SCHEMA
from cursor_api.options.setting import find_rows
from cursor_api.settings import chinese
from cursor_api.settings.load import load_settings

DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize(("language", "name"), FILES.items())
def test_the_page_is_up_to_date(language: str, name: str) -> None:
    """A setting that changed without its page: run the command that the message names."""
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == render_configuration(language), f"run: {COMMAND}"


@pytest.mark.parametrize("language", FILES)
def test_every_setting_has_its_row(language: str) -> None:
    """In the table's order, each with five cells, none of which breaks the table."""
    rows = re.findall(r"^\| `([A-Z_]+)`.*\|$", render_configuration(language), re.MULTILINE)
    assert rows == [setting.variable for setting in SCHEMA.rows]
    table_lines = [line for line in render_configuration(language).splitlines() if line[:1] == "|"]
    assert {line.count("|") for line in table_lines[: len(SCHEMA.rows)]} == {6}
    assert {line.count("|") for line in table_lines} == {5, 6}


@pytest.mark.parametrize("language", FILES)
def test_every_key_of_a_block_has_its_row(language: str) -> None:
    """And those of a kind are named."""
    page = render_configuration(language).partition("`[[upstream]]` `[[model]]`")[2]
    of_kinds: list[str] = []
    for kind, options in SCHEMA.kinds.items():
        names = [row.name for row in find_rows(options).values()]
        if kind in SCHEMA.own_kinds:
            assert ", ".join(f"`{name}`" for name in names) in page
        else:
            of_kinds += names
    rows = re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE)
    assert rows == [*BLOCK_ROWS["upstream"], *of_kinds, *BLOCK_ROWS["model"]]


def test_the_chinese_page_is_chinese() -> None:
    """No row was left in English."""
    page = render_configuration("zh")
    for setting in SCHEMA.rows:
        assert chinese.REASONS[setting.variable] in page
        assert setting.reason not in page


def test_the_example_works(tmp_path: Path) -> None:
    """It can be copied as it stands, and each entry in it counts."""
    (tmp_path / "cursor-api.toml").write_text(EXAMPLE, encoding="utf-8")
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": "k" * 16}, tmp_path)
    assert (loaded.problems, loaded.warnings) == ((), ())
    entries = sum(len(table) for table in tomllib.loads(EXAMPLE).values())
    assert len([row for row in loaded.rows if "cursor-api.toml [" in row.source]) == entries


def test_the_example_of_blocks_works(tmp_path: Path) -> None:
    """With the variable that it names; each block is an upstream or a model."""
    (tmp_path / "cursor-api.toml").write_text(BLOCKS_EXAMPLE, encoding="utf-8")
    environ = {"AUTH_TOKEN": "k" * 16, "WORK_TOKEN": "a-token-of-work"}
    loaded = load_settings(SCHEMA, environ, tmp_path)
    assert (loaded.problems, loaded.warnings) == ((), ())
    *own, work, relay = loaded.settings.upstreams
    assert [one.name for one in own] == ["cursor", "cursor-sdk"]
    assert (work.name, relay.name) == ("work", "relay")
    assert [key.reveal() for key in work.api_keys] == ["a-token-of-work"]
    assert (len(relay.api_keys), relay.models) == (2, ("gpt-4o", "gpt-4o-mini"))
    (fast,) = loaded.settings.models
    assert [route.endpoint for route in fast.routes] == ["work", "relay", "cursor"]


def test_both_pages_are_written(tmp_path: Path) -> None:
    """The command leaves both where the documentation is."""
    write_configuration(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES.values())


def test_another_language_is_a_mistake() -> None:
    """There are two."""
    with pytest.raises(KeyError):
        render_configuration("fr")
