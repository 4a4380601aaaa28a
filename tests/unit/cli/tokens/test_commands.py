"""`cursor-api token`, run as its users run it: one life of a token from end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cursor_api.cli import main
from tests.unit.cli.editor_folder import TOKEN, held, make_token
from tests.unit.cli.keyboard import answer
from tests.unit.cli.token_house import House

COMMANDS = (
    *("show", "import", "list", "add", "remove", "test"),
    *("renew", "rename", "enable", "disable", "priority"),
)
PASTED = "eyJwYXN0ZWQi.eyJ0b2tlbiI6MX0.c2lnbmF0dXJl"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Nothing configured, no editor."""
    return House(tmp_path)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_by_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its help has a line that can be typed."""
    with pytest.raises(SystemExit) as ended:
        main(["token", name, "--help"])
    assert ended.value.code == 0
    assert f"\n  cursor-api token {name}" in capsys.readouterr().out


def test_from_the_editor_to_the_files_and_out_again(house: House) -> None:
    """Show, import, list, remove; the token itself is nowhere but in the files."""
    house.install_editor()
    shown = house.run("show")
    assert shown.status == 0
    assert "ann@example.com" in shown.out
    imported = house.run("import")
    assert imported.status == 0
    assert "Added ann" in imported.out
    assert house.tokens == f"ann::{TOKEN}\n"
    assert house.listed.startswith(f"{TOKEN},")
    again = house.run("import", "--alias", "other")
    assert (again.status, "already, as ann" in again.out) == (0, True)
    listed = house.run("list", "--json")
    assert [(one["alias"], one["state"]) for one in json.loads(listed.out)] == [("ann", "healthy")]
    removed = house.run("remove", "ann", "--yes")
    assert removed.status == 0
    assert house.tokens == house.listed == ""
    for done in (shown, imported, again, listed, removed):
        assert TOKEN not in done.all
        assert TOKEN.split(".")[1] not in done.all


def test_a_database_under_an_exclusive_lock_is_read(house: House) -> None:
    """The editor may be running."""
    house.install_editor()
    with held(house.database, "BEGIN EXCLUSIVE"):
        assert house.run("show").status == 0


def test_the_prompt_does_not_show_what_is_pasted(house: House) -> None:
    """At a terminal, where nothing else is given."""
    command = [sys.executable, "-m", "cursor_api", "token", "add", "--alias", "me"]
    status, said = answer(command, house.folder, house.environ, ("paste it): ", PASTED))
    assert status == 0
    assert "not shown" in said
    assert PASTED not in said
    assert house.tokens == f"me::{PASTED}\n"


def test_problems_of_other_settings_stop_nothing(house: House) -> None:
    """No AUTH_TOKEN, a port that is none, an upstream that is none: the files are all it needs."""
    (house.folder / ".env").write_text("PORT=seventy\nTOKEN_FILE=mine\n")
    (house.folder / "cursor-api.toml").write_text('[listener]\nhost = "no host"\n')
    done = house.run("add", "-", stdin=PASTED, CURSOR_BASE_URL="nonsense", PASSTHROUGH="perhaps")
    assert (done.status, done.err) == (0, "")
    assert (house.folder / "mine").read_text() == f"{PASTED}\n"
    tested = house.run("test", "x", CURSOR_BASE_URL="nonsense")
    assert tested.status == 1
    assert "CURSOR_BASE_URL" in tested.err


def test_a_problem_of_the_files_is_told_with_its_line(house: House) -> None:
    """And the token in that line is not."""
    (house.folder / ".token").write_text(f"good-token\nbad {TOKEN}\n")
    for arguments in (["list"], ["add", "-"], ["remove", "x", "--yes"], ["test", "x"]):
        done = house.run(*arguments, stdin=PASTED)
        assert done.status == 1
        assert ".token:2:" in done.err
        assert TOKEN not in done.all
    folder = house.run("list", TOKEN_FILE=".")
    assert (folder.status, "TOKEN_FILE" in folder.err) == (1, True)


def test_a_misspelled_option_does_not_repeat_a_token(house: House) -> None:
    """The parser quotes what it does not understand."""
    done = house.run("add", f"--tokn={TOKEN}")
    assert done.status == 2
    assert "--tokn" in done.err
    assert TOKEN not in done.all


def test_a_command_loads_only_what_it_needs() -> None:
    """Help and completion come at once, and a start loads nothing of the other commands."""
    names = (
        "asyncio",
        "msgspec",
        "cursor_api.cli.keys.words",
        "cursor_api.installed",
        "cursor_api.cli.serving.serve",
        "getpass",
        "cursor_api.cli.tokens.actions",
        "cursor_api.cli.terminal.display",
        "cursor_api.cli.tokens.editor_database",
        "cursor_api.cli.upstreams.changes",
        "cursor_api.cli.clients.connect",
        "cursor_api.cli.doctor.checkup",
        "cursor_api.clients.table",
    )
    code = (
        f"import sys, cursor_api.cli; print([n for n in {names} if n in sys.modules])\n"
        "import cursor_api.cli.serving.serve; print('cursor_api.simulator' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.split() == ["[]", "False"]


def test_renewing_keeps_the_device_and_the_wishes(house: House) -> None:
    """The editor's token changes every few weeks; priority and checksum are the owner's."""
    house.install_editor()
    house.run("import")
    checksum = house.listed.strip().partition(",")[2]
    newer = make_token(subject="auth0|user_NEWER")
    house.install_editor(accessToken=newer)
    refused = house.run("import")
    assert refused.status == 1
    assert "--replace" in refused.err
    renewed = house.run("import", "--replace")
    assert (renewed.status, "Renewed ann" in renewed.out) == (0, True)
    assert house.tokens == f"ann::{newer}\n"
    assert house.listed == f"{newer},{checksum}\n"
    assert newer not in renewed.all
