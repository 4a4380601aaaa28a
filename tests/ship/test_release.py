"""What may be released, and when the command says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api import __version__
from scripts.release import ROOT, find_problem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one release and one change since."""
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 0.2.0 (2026-01-02)\n")
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d" / "README.md").write_text("about")
    (tmp_path / "changelog.d" / "1.added.md").write_text("more")
    return tmp_path


def test_a_new_version_with_changes_can_be_released(folder: Path) -> None:
    """A candidate of one, too."""
    assert find_problem("0.3.0", folder) is None
    assert find_problem("0.3.0rc1", folder) is None


def test_a_version_is_released_once(folder: Path) -> None:
    """The second time the version has to be raised first."""
    problem = find_problem("0.2.0", folder)
    assert problem is not None
    assert "raise __version__" in problem


def test_a_version_of_development_is_none(folder: Path) -> None:
    """It would be published for ever."""
    for version in ("0.3.0.dev1", "0.3", "next"):
        assert find_problem(version, folder) is not None


def test_without_a_change_there_is_nothing_to_release(folder: Path) -> None:
    """The page about fragments is none."""
    (folder / "changelog.d" / "1.added.md").unlink()
    problem = find_problem("0.3.0", folder)
    assert problem is not None
    assert "changelog.d" in problem


def test_this_repositorys_version_could_be_released() -> None:
    """Or it has been, and nothing has changed since."""
    problem = find_problem(__version__, ROOT)
    assert problem is None or "changelog.d" in problem or "released already" in problem
