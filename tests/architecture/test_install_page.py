"""The page of ways to install: each says what proves it, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGES = ("docs/install.md", "docs/install.zh-CN.md")
CODE = re.compile(r"`([^`]+)`")
# What somebody else's tools are called with; the rest are files and commands of this repository.
OUTSIDE = {"pip", "py", "pipx", "uv", "uvx", "docker", "helm", "apt", "cp", "python3"}
# Nobody here can run it: the page says so in the place of a command.
UNPROVEN = ("Windows, from a checkout", "Windows，源码目录")


def rows(root: Path, page: str) -> list[list[str]]:
    """The cells of the table's rows, its head left out."""
    lines = re.findall(r"^\|(.*)\|$", (root / page).read_text(encoding="utf-8"), re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines[2:]]


@pytest.mark.parametrize("page", PAGES)
def test_every_way_says_by_which_command_it_is_proven(root: Path, page: str) -> None:
    """Or that nobody could."""
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    found = rows(root, page)
    assert len(found) > 10
    for way, *_, proof in found:
        proven = re.findall(r"`make ([a-z-]+)`", proof)
        assert set(proven) <= targets, way
        assert proven or way in UNPROVEN, way


@pytest.mark.parametrize("page", PAGES)
def test_what_a_way_names_exists(root: Path, page: str) -> None:
    """Targets of make, scripts and folders."""
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    for _way, commands, *_ in rows(root, page):
        for command in CODE.findall(commands):
            first, *more = command.split()
            if first == "make":
                assert more[0] in targets, command
            elif first not in OUTSIDE:
                assert first.startswith("cursor-api"), command
            paths = [word for word in more if word.startswith(("deploy/", "scripts/", ".env."))]
            assert [path for path in paths if not (root / path).exists()] == [], command


def test_both_languages_have_the_same_ways(root: Path) -> None:
    """The same commands, proven by the same."""
    english, chinese = (
        [[CODE.findall(cell) for cell in (row[1], row[3])] for row in rows(root, page)]
        for page in PAGES
    )
    assert english == chinese


def test_nothing_that_can_be_deployed_is_left_out(root: Path) -> None:
    """What a folder in deploy/ is for has its row, but for what stands beside a gateway."""
    text = (root / PAGES[0]).read_text(encoding="utf-8")
    folders = {path.name for path in (root / "deploy").iterdir() if path.is_dir()}
    ways = folders - {"prometheus", "grafana", "nginx", "caddy", "haproxy"}
    assert [name for name in ways if not re.search(rf"\b{name}\b", text)] == []
