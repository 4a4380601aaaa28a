"""Setting a gateway up: its key, and what it shall ask."""

from __future__ import annotations

import io
import re
import stat
from pathlib import Path

import pytest

from cursor_api.cli import main
from tests.unit.cli.editor_folder import linux_path, make_database, make_token
from tests.unit.cli.gateway_folder import enter

TOKEN = "eyJwYXN0ZWQi.eyJ0b2tlbiI6MX0.c2lnbmF0dXJl"
KEY_LINE = re.compile(r"^AUTH_TOKEN=[0-9a-f]{48}$", re.MULTILINE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and nobody at the keyboard."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    return enter(tmp_path, monkeypatch)


def sit_down(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Somebody is at the keyboard, and answers the questions; `answers` are then used up."""
    left = list(answers)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: left.pop(0))
    monkeypatch.setattr("getpass.getpass", lambda _question: left.pop(0))


def test_it_makes_a_key_that_only_its_owner_can_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not shown; and what to do next is."""
    assert main(["init"]) == 0
    dotenv = folder / ".env"
    key = KEY_LINE.fullmatch(dotenv.read_text().strip())
    assert key is not None
    assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600
    said = capsys.readouterr().out
    assert said.startswith(f"home: {folder}\n")
    assert key[0].partition("=")[2] not in said
    assert "cursor-api token add" in said
    assert f"export CURSOR_API_HOME={folder}" in said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("PORT=3001", "PORT=3001\n{}\n"),
        ("# mine\nAUTH_TOKEN=\nPORT=3001\n", "# mine\n{}\nPORT=3001\n"),
        ("export AUTH_TOKEN = ", "{}"),
    ],
)
def test_what_stands_in_dotenv_stays(folder: Path, before: str, after: str) -> None:
    """An empty key is filled in where it stands."""
    (folder / ".env").write_text(before)
    assert main(["init", "--yes"]) == 0
    text = (folder / ".env").read_text()
    key = KEY_LINE.search(text)
    assert key is not None
    assert text == after.format(key[0])


@pytest.mark.parametrize("place", [".env", "environment", "cursor-api.toml"])
def test_a_key_that_is_there_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """Wherever it is."""
    if place == "environment":
        monkeypatch.setenv("AUTH_TOKEN", TOKEN)
    elif place == ".env":
        (folder / ".env").write_text(f"AUTH_TOKEN={TOKEN}\n")
    else:
        (folder / place).write_text(f'[access]\nauth_token = "{TOKEN}"\n')
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert main(["init"]) == 0
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    said = capsys.readouterr().out
    assert f"has a key already (AUTH_TOKEN, {place}" in said
    assert TOKEN not in said


def test_others_who_can_read_the_key_are_told_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is there keeps its mode."""
    (folder / ".env").write_text("PORT=3001\n")
    (folder / ".env").chmod(0o644)
    assert main(["init"]) == 0
    assert f"chmod 600 {folder}/.env" in capsys.readouterr().err


def test_a_named_home_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For its owner alone."""
    home = folder / "deep" / "home"
    monkeypatch.setenv("CURSOR_API_HOME", str(home))
    assert main(["init", "--upstream", "ollama"]) == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert 'name = "ollama"' in (home / "cursor-api.toml").read_text()
    assert KEY_LINE.search((home / ".env").read_text())


def test_a_home_that_cannot_be_made_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file stands in the way."""
    (folder / "file").touch()
    monkeypatch.setenv("CURSOR_API_HOME", str(folder / "file" / "home"))
    assert main(["init"]) == 1
    assert "CURSOR_API_HOME" in capsys.readouterr().err


def test_settings_that_cannot_be_read_stop_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second key beside them would help nobody."""
    (folder / ".env").write_text('AUTH_TOKEN="half\n')
    assert main(["init"]) == 1
    assert ".env:1" in capsys.readouterr().err
    assert (folder / ".env").read_text() == 'AUTH_TOKEN="half\n'


def test_a_token_comes_from_standard_input(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under a name that the next commands use."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n"))
    assert main(["init", "--token"]) == 0
    assert (folder / ".token").read_text() == f"me::{TOKEN}\n"
    said = capsys.readouterr().out
    assert "cursor-api token test me" in said
    assert "cursor-api serve" in said
    assert TOKEN not in said


def test_the_editors_token_is_taken(folder: Path) -> None:
    """As `token import` takes it."""
    token = make_token()
    database = linux_path(folder / "nobody")
    make_database(
        database,
        {"cursorAuth/accessToken": token, "cursorAuth/cachedEmail": "ann@example.com"},
    )
    assert main(["init", "--import"]) == 0
    assert (folder / ".token").read_text() == f"ann::{token}\n"


def test_whoever_sits_there_is_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once: where there is something to ask, nobody is."""
    sit_down(monkeypatch, "1", TOKEN)
    assert main(["init"]) == 0
    assert (folder / ".token").read_text() == f"me::{TOKEN}\n"
    assert "What do you want to use?" in capsys.readouterr().out
    sit_down(monkeypatch)
    assert main(["init"]) == 0
    assert "What do you want to use?" not in capsys.readouterr().out


@pytest.mark.parametrize("answers", [("3", "ollama"), ("3", ""), ("4",), ("",), ("x",)])
def test_every_answer_leads_somewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...]
) -> None:
    """What is no number of the list adds nothing."""
    sit_down(monkeypatch, *answers)
    assert main(["init"]) == 0
    assert (folder / "cursor-api.toml").exists() is (answers[-1] == "ollama")


def test_nothing_added_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what was asked for; the key is there all the same."""
    sit_down(monkeypatch, "2")
    assert main(["init"]) == 1
    said = capsys.readouterr()
    assert "error: " in said.err
    assert "Next" not in said.out
