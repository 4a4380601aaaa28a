"""docs/commands.md and its Chinese twin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cursor_api.cli.command import make_parser
from cursor_api.cli.documents.commands import FILES, render_commands, write_commands
from cursor_api.cli.terminal.command_tree import walk


@pytest.mark.parametrize("language", FILES)
def test_the_pages_say_what_the_parser_says(pytestconfig: pytest.Config, language: str) -> None:
    """Whoever changes a command writes them anew."""
    page = (pytestconfig.rootpath / "docs" / FILES[language]).read_text(encoding="utf-8")
    command = "python -m cursor_api.cli.document docs"
    assert page == render_commands(language), f"run: {command}"


def test_both_pages_have_every_command_and_option() -> None:
    """In the same order."""
    pages = [render_commands(language) for language in FILES]
    heads = [re.findall(r"^##+ `(.*)`$", page, re.MULTILINE) for page in pages]
    paths = [" ".join(("cursor-api", *node.path)) for node in walk(make_parser())]
    assert heads == [paths, paths]
    one, other = (re.findall(r"^\| `(-.*?)` \|", page, re.MULTILINE) for page in pages)
    assert one == other


def test_they_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    """Both."""
    write_commands(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES.values())
