"""The documents say the same in both languages, and what they name exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.version import Version

from cursor_api import __version__

READMES = ("README.md", "README.zh-CN.md")
FRAGMENT = re.compile(r"^(\d+|\+[a-z0-9-]+)\.(added|changed|fixed|removed|security)(\.\d+)?\.md$")
CODE_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)")


def headings(text: str) -> list[str]:
    """The marks of the headings in order: `["#", "##", ...]`."""
    return re.findall(r"^(#{1,6}) ", CODE_BLOCK.sub("", text), re.MULTILINE)


def code_blocks(text: str) -> list[tuple[str, str]]:
    """Each fenced block as (language, text), its comments taken out: they are translated."""
    return [
        (language, re.sub(r"(^|\s+)#.*$", "", code, flags=re.MULTILINE))
        for language, code in CODE_BLOCK.findall(text)
    ]


def first_cells(text: str) -> list[str]:
    """The first cell of every table row that holds code: settings, endpoints."""
    return re.findall(r"^\| (`[^|]+?) +\|", text, re.MULTILINE)


@pytest.fixture(scope="module")
def readmes(root: Path) -> list[str]:
    """Both texts."""
    return [(root / name).read_text(encoding="utf-8") for name in READMES]


def test_both_readmes_have_the_same_sections(readmes: list[str]) -> None:
    """A section added to one language is missing in the other until it is translated."""
    english, chinese = map(headings, readmes)
    assert english == chinese


def test_both_readmes_have_the_same_commands(readmes: list[str]) -> None:
    """Commands and snippets are alike to the letter, but for their comments."""
    english, chinese = map(code_blocks, readmes)
    assert english == chinese


def test_both_readmes_have_the_same_tables(readmes: list[str]) -> None:
    """Every setting and every endpoint stands in both."""
    english, chinese = map(first_cells, readmes)
    assert english == chinese
    assert english


def test_the_readmes_settings_are_the_real_ones(root: Path, readmes: list[str]) -> None:
    """Each setting in the short tables exists, with the default that they give."""
    page = (root / "docs" / "configuration.md").read_text(encoding="utf-8")
    defaults = dict(
        re.findall(r"^\| `([A-Z_]+)`[^|]*\|[^|]*\|[^|]*\| ([^|]+?) \|", page, re.MULTILINE)
    )
    for text in readmes:
        rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", text, re.MULTILINE)
        assert rows
        assert {name for name, _default in rows} <= defaults.keys()
        stated = {name: default for name, default in rows if default.startswith("`")}
        assert stated == {name: defaults[name] for name in stated}


def test_the_readmes_point_at_each_other(readmes: list[str]) -> None:
    """A reader of one language finds the other."""
    assert READMES[1] in readmes[0]
    assert READMES[0] in readmes[1]


def test_the_two_commands_are_in_the_readme(readmes: list[str]) -> None:
    """`make demo` and `make test` are what a newcomer needs to know."""
    for text in readmes:
        assert "make demo" in text
        assert "make test" in text


def test_every_link_within_the_repository_leads_somewhere(
    root: Path, tracked_files: list[Path]
) -> None:
    """No document points at a file that has moved."""
    documents = [path for path in tracked_files if path.suffix == ".md"]
    assert [
        f"{document.relative_to(root)}: {target}"
        for document in documents
        for target in LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ] == []


def test_every_make_command_in_the_documents_exists(root: Path, tracked_files: list[Path]) -> None:
    """What the documents tell people to type can be typed."""
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        target
        for path in tracked_files
        if path.suffix == ".md"
        for target in re.findall(
            r"(?:`|^|&& )make ([a-z-]+)", path.read_text("utf-8"), re.MULTILINE
        )
    }
    assert named <= targets


def test_every_changelog_fragment_can_be_read(root: Path) -> None:
    """`<issue>.<kind>.md` or `+<word>.<kind>.md`; towncrier is silent about any other name."""
    names = [path.name for path in (root / "changelog.d").iterdir() if path.name != "README.md"]
    assert [name for name in names if not FRAGMENT.match(name)] == []


def test_the_version_is_one(root: Path) -> None:
    """It stands in the package alone, above that of the program which this one replaces."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in pyproject["project"]["dynamic"]
    assert pyproject["tool"]["hatch"]["version"]["path"] == "src/cursor_api/__init__.py"
    assert Version(__version__) >= Version("0.2.0")


def test_the_architecture_page_lists_every_package(root: Path) -> None:
    """A package or a top-level module that the page does not explain is a hole in it."""
    text = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = root / "src" / "cursor_api"
    names = [
        f"{path.name}/" if path.is_dir() else path.name
        for path in sorted(package.iterdir())
        if not path.name.startswith("__") and path.suffix in {"", ".py"}
    ]
    assert [name for name in names if f"{name} " not in text] == []
