"""The folder that every command works in."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.cli.home.folder import HomeError, environment, find_home, make_home
from tests.unit.cli.gateway_folder import enter


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a home beside it that is named by the variable."""
    folder, home = tmp_path / "here", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    enter(folder, monkeypatch)
    monkeypatch.setenv("CURSOR_API_HOME", str(home))
    return folder


def test_without_the_variable_it_is_the_working_directory(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unset and empty are the same."""
    monkeypatch.setenv("CURSOR_API_HOME", " ")
    assert find_home() == here
    monkeypatch.delenv("CURSOR_API_HOME")
    assert find_home() == here


def test_the_variable_names_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, with `~`, or relative."""
    home = here.parent / "home"
    assert find_home() == home
    monkeypatch.setenv("HOME", str(here.parent))
    monkeypatch.setenv("CURSOR_API_HOME", "~/home")
    assert find_home() == home
    monkeypatch.setenv("CURSOR_API_HOME", "there")
    with pytest.raises(HomeError, match=f"mkdir -p {here}/there"):
        find_home()


@pytest.mark.parametrize("name", [".token", "cursor-api.toml"])
def test_a_working_directory_with_files_of_the_gateway_wins(here: Path, name: str) -> None:
    """Two gateways on one machine are two folders."""
    (here / name).touch()
    assert find_home() == here


@pytest.mark.parametrize(
    ("text", "is_ours"),
    [
        ("AUTH_TOKEN=x", True),
        ("# a gateway\nexport GATEWAY_LOG_LEVEL = debug\n", True),
        ("CURSOR_BASE_URL=http://127.0.0.1:1", True),
        ("HOST=0.0.0.0\nPORT=80\nDATABASE_URL=x\n# AUTH_TOKEN=x\n", False),
        ("", False),
    ],
)
def test_a_dotenv_file_wins_where_it_is_the_gateways(
    here: Path, text: str, *, is_ours: bool
) -> None:
    """Every other project has one as well."""
    (here / ".env").write_text(text)
    assert (find_home() == here) is is_ours


def test_a_dotenv_that_is_no_file_is_none(here: Path) -> None:
    """A folder of that name, say."""
    (here / ".env").mkdir()
    assert find_home() == here.parent / "home"


def test_it_is_made_where_it_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And left as it is where it is there."""
    monkeypatch.setenv("CURSOR_API_HOME", "new/home")
    assert make_home() == here / "new" / "home"
    assert find_home() == make_home()


def test_it_is_no_setting(here: Path) -> None:
    """Nothing else would know what to do with it."""
    assert find_home() != here
    assert "CURSOR_API_HOME" not in environment()
