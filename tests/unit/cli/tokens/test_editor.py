"""Showing and importing the editor's token, within this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cursor_api.cli import main
from tests.unit.cli.editor_folder import TOKEN, USER_ID, make_token
from tests.unit.cli.token_house import House


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A home folder that this process takes for its own."""
    house = House(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(house.home))
    for name in ("XDG_CONFIG_HOME", "TOKEN_FILE", "TOKEN_LIST_FILE"):
        monkeypatch.delenv(name, raising=False)
    return house


def token(*arguments: str) -> int:
    """The command's exit status."""
    return main(["token", *arguments])


def test_the_token_is_shown_only_when_asked_for(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Masked, with account, plan and expiry; whole and on one line with --reveal."""
    house.install_editor()
    assert token("show") == 0
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
    assert TOKEN[:4] in said.out
    assert "ann@example.com" in said.out
    assert "pro" in said.out
    assert "2100-01-01" in said.out
    assert str(house.database) in said.out
    assert token("show", "--reveal") == 0
    assert f"  {TOKEN}\n" in capsys.readouterr().out


def test_scripts_get_json(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Masked too, and it says so."""
    house.install_editor()
    assert token("show", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["is_revealed"] is False
    assert shown["token"] != TOKEN
    assert shown["user_id"] == USER_ID
    assert shown["expires_at"] == "2100-01-01T00:00:00Z"
    assert token("show", "--json", "--reveal") == 0
    assert json.loads(capsys.readouterr().out)["token"] == TOKEN


def test_without_an_editor_every_place_is_named(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """For both commands; and one can name the file."""
    for name in ("show", "import"):
        assert token(name) == 1
        assert str(house.database) in capsys.readouterr().err
    house.install_editor()
    moved = house.folder / "copy.vscdb"
    house.database.rename(moved)
    assert token("show", "--database", str(moved)) == 0


@pytest.mark.parametrize("name", ["show", "import"])
def test_what_is_wrong_with_the_database_is_a_sentence(
    house: House, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not signed in; no database at all."""
    house.install_editor(accessToken="")
    assert token(name) == 1
    assert "nobody is signed in" in capsys.readouterr().err
    house.database.write_bytes(b"junk")
    assert token(name) == 1
    assert "no SQLite database" in capsys.readouterr().err


def test_an_expired_token_is_not_imported(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """The editor renews it when it starts."""
    house.install_editor(accessToken=make_token(expires_at=1_000_000_000))
    assert token("show") == 0
    assert "has expired" in capsys.readouterr().err
    assert token("import") == 1
    assert "Start Cursor" in capsys.readouterr().err
    assert house.tokens == ""


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("ann@example.com", "ann"),
        ("a,b::c d@example.com", "a-b-c-d"),
        ("安娜@example.com", "安娜"),
        ("", USER_ID),
        ("\x1b[31m", "31m"),
    ],
)
def test_the_name_comes_from_the_account(house: House, email: str, expected: str) -> None:
    """Of signs that no file and no header trips over."""
    house.install_editor(cachedEmail=email)
    assert token("import") == 0
    assert house.tokens == f"{expected}::{TOKEN}\n"


def test_a_token_without_an_account_has_a_name_all_the_same(house: House) -> None:
    """There is one editor on this computer."""
    house.install_editor(accessToken="eyJ1.of.nobody", cachedEmail="")
    assert token("import") == 0
    assert house.tokens == "cursor::eyJ1.of.nobody\n"


def test_a_word_that_is_no_token_is_not_added(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told what a token looks like and where there is one; the word is not shown."""
    house.install_editor(accessToken="a-word-of-somebody", cachedEmail="")
    assert token("import") == 1
    told = capsys.readouterr()
    for words in ("no session token", "begins with eyJ", "WorkosCursorSessionToken", "token add"):
        assert words in told.err, words
    assert "a-word" not in told.out + told.err
    assert house.tokens == ""


def test_control_characters_of_the_account_do_not_reach_the_terminal(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """The database is somebody else's text."""
    house.install_editor(cachedEmail="\x1b]0;title\x07@x", stripeMembershipType="pro\x1b[2J")
    assert token("show") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_chosen_alias_has_to_be_one(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is added under a wrong one."""
    house.install_editor()
    assert token("import", "--alias", "a::b") == 1
    assert "an alias is" in capsys.readouterr().err
    assert house.tokens == ""
