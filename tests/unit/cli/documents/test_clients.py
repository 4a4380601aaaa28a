"""The clients' part of docs/clients.md and of its Chinese twin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cursor_api.cli.documents.clients import BEGIN, END, FILES, put_clients, write_clients
from cursor_api.cli.documents.configuration import COMMAND
from cursor_api.clients.table import CLIENTS

CODE = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("language", FILES)
def test_the_pages_say_what_the_table_says(pytestconfig: pytest.Config, language: str) -> None:
    """Changed by the command, not by hand."""
    page = (pytestconfig.rootpath / "docs" / FILES[language]).read_text(encoding="utf-8")
    assert page == put_clients(page, language), f"run: {COMMAND}"
    assert all(f"\n### {client.title}\n" in page for client in CLIENTS.values())


def test_both_pages_have_the_same_sections_and_blocks(pytestconfig: pytest.Config) -> None:
    """To the letter, but for comments, which are translated."""
    pages = [
        (pytestconfig.rootpath / "docs" / name).read_text(encoding="utf-8")
        for name in FILES.values()
    ]
    one, other = (
        [re.sub(r"(?m)\s+#.*$", "", block) for block in CODE.findall(page)] for page in pages
    )
    assert one == other
    one, other = (re.findall(r"(?m)^#+ ", CODE.sub("", page)) for page in pages)
    assert one == other


def test_a_page_without_a_place_for_them_is_refused(tmp_path: Path) -> None:
    """Nothing is written anywhere else."""
    for name in FILES.values():
        (tmp_path / name).write_text(f"a\n{BEGIN}\nold\n{END}\nb\n")
    write_clients(tmp_path)
    text = (tmp_path / FILES["en"]).read_text()
    assert text.startswith(f"a\n{BEGIN}\n")
    assert text.endswith(f"{END}\nb\n")
    assert "old" not in text
    with pytest.raises(ValueError, match="no place"):
        put_clients("a", "en")
