"""What the repository may not hold: addresses of registries, paths of a machine, secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

# Put together from parts, since this file is searched as well.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("proxy", "golang", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
    )
]

# A person's folder on a person's computer; `/home/you` is an example and allowed.
HOME_FOLDER = re.compile(
    r"(?<![\w./:~<-])(?:/home/|/Users/|[A-Z]:\\Users\\)(?![<$*{]|(?:you|me|somebody)\b)\w+"
)

# The first part of a JWT, in the only form that real tokens have, and long enough to be one.
TOKEN = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{40,}\.[\w-]{40,}")

BINARY_SUFFIXES = {".bin", ".png", ".jpg", ".gif", ".woff2", ".gz", ".ico"}


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """A text file's lines, numbered from 1; none of a binary file."""
    if path.suffix not in BINARY_SUFFIXES:
        yield from enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)


@pytest.fixture(scope="module")
def lines(root: Path, tracked_files: list[Path]) -> list[tuple[str, str]]:
    """Every line of every tracked text file as (place, text)."""
    return [
        (f"{path.relative_to(root)}:{number}", line)
        for path in tracked_files
        for number, line in lines_of(path)
    ]


def test_no_file_names_a_registry(lines: list[tuple[str, str]]) -> None:
    """Everybody installs from the registries or mirrors that their own machine is set up for."""
    host = re.compile("|".join(map(re.escape, REGISTRY_HOSTS)))
    assert [place for place, line in lines if host.search(line)] == []


def test_no_file_names_the_place_it_was_written_at(
    root: Path, lines: list[tuple[str, str]]
) -> None:
    """Neither this checkout's path nor anybody's home folder is in a file."""
    # A path of one part ("/app", "/") is too common a text to be told from an example.
    here = [str(path) + "/" for path in (root, Path.home()) if len(path.parts) > 2]
    assert [place for place, line in lines if any(path in line for path in here)] == []
    assert [place for place, line in lines if HOME_FOLDER.search(line)] == []


def test_no_file_holds_a_token(lines: list[tuple[str, str]]) -> None:
    """Nothing that looks like a real session token, not even in a test."""
    assert [place for place, line in lines if TOKEN.search(line)] == []


def test_no_credential_file_is_tracked(root: Path, tracked_files: list[Path]) -> None:
    """The files that a person running from a checkout leaves behind stay out."""
    names = {str(path.relative_to(root)) for path in tracked_files}
    assert names.isdisjoint({".env", ".token", ".token-list", ".token-state"})


def test_text_files_end_with_a_newline_and_use_plain_line_ends(
    root: Path, tracked_files: list[Path]
) -> None:
    """A diff shows what has changed and nothing else."""
    for path in tracked_files:
        data = path.read_bytes()
        if path.suffix in BINARY_SUFFIXES or not data:
            continue
        assert b"\r" not in data, path.relative_to(root)
        assert data.endswith(b"\n"), path.relative_to(root)
