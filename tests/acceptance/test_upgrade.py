"""What docs/upgrade.md says can be done: its lines are settings, its tables know all variables."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from cursor_api.settings.earlier import UNUSED
from cursor_api.upstreams.cursor.models import MODELS
from cursor_api.web.http.earlier import SAME
from tests.unit.cli.running import environ

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("upgrade.md", "upgrade.zh-CN.md")
CODE = re.compile(r"`([^`]+)`")
LINE = re.compile(r"`([A-Z_]+=[^`]+)`")
NAME = re.compile(r"[A-Z][A-Z0-9_]+")


def section(page: str, number: int) -> str:
    """One of the page's sections, from 0."""
    return re.split(r"^## ", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)[number]


@pytest.mark.parametrize("page", PAGES)
def test_what_is_brought_from_a_later_version_can_be_started(page: str, tmp_path: Path) -> None:
    """The lines for an empty folder, up to the start; the key is the old one."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    (old / ".tokens").write_text(f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln,paaotdDV{1:064x}\n")
    (old / ".env").write_text("AUTH_TOKEN=a-key-of-ones-own-0123\n")
    block = re.findall(r"```sh\n(.*?)```", section(page, 1), re.DOTALL)[1]
    script = block.replace("/path/to/the/old/folder", str(old)).replace(
        "cursor-api ", f"{sys.executable} -m cursor_api "
    )
    assert script.count("cursor_api serve\n") == 1
    script = script.replace("cursor_api serve\n", "cursor_api check-config\n")
    done = subprocess.run(
        ["sh", "-ec", script], cwd=new, env=environ(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 added" in done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_each_line_that_restores_something_is_a_setting(page: str, tmp_path: Path) -> None:
    """As they stand there, all of them together in one file."""
    lines = [line for line in LINE.findall(section(page, 3)) if line != "HOST=127.0.0.1"]
    assert len(lines) == 7
    (tmp_path / ".env").write_text("\n".join(["AUTH_TOKEN=a-key-of-ones-own-0123", *lines]))
    loaded = load_settings(SCHEMA, {}, tmp_path)
    assert loaded.problems == ()
    # That others can read the log then.
    assert [one.variable for one in loaded.warnings] == ["LOGS_PUBLIC"]


@pytest.mark.parametrize("page", PAGES)
def test_variables_of_later_versions_are_what_the_page_says(page: str) -> None:
    """Those that are read under their old name, and those that nothing comes of."""
    read, near = section(page, 4).split("|---|---|")[1:]
    successors = {row.earlier: row.variable for row in SCHEMA.rows if row.earlier}
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)`", read, re.MULTILINE)
    assert dict(rows) == successors
    for there, here in re.findall(r"^\| (.+?) \| (.+?) \|$", near, re.MULTILINE):
        assert {NAME.findall(one)[0] for one in CODE.findall(there)} <= UNUSED
        named = {NAME.findall(one)[0] for one in CODE.findall(here)}
        assert named - {"HTTPS_PROXY"} <= SCHEMA.by_variable.keys()


@pytest.mark.parametrize("page", PAGES)
def test_the_addresses_that_have_a_second_name_are_named(page: str) -> None:
    """Nobody has to guess which."""
    codes = {one.removeprefix("GET ") for one in CODE.findall(section(page, 2))}
    assert SAME.keys() <= codes


def test_the_old_names_can_be_had_as_they_are_shipped(tmp_path: Path) -> None:
    """All that the earlier program listed, none of them wrong as it stands."""
    text = (DOCS.parent / "deploy" / "old-model-names.toml").read_text(encoding="utf-8")
    (tmp_path / "cursor-api.toml").write_text(text)
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": "a-key-of-ones-own-0123"}, tmp_path)
    assert (loaded.problems, loaded.warnings) == ((), ())
    vectors = re.findall(r'^name = "(.+)"$', text, re.MULTILINE)
    assert vectors == [model.id for model in MODELS]
