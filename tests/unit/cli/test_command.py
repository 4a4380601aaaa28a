"""The command line as a whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cursor_api import __version__
from cursor_api.cli import main
from cursor_api.cli.command import make_parser
from cursor_api.cli.terminal.command_tree import walk
from tests.unit.cli.gateway_folder import enter

COMMANDS = (
    *("init", "serve", "demo", "simulate", "check-config", "checksum", "token", "upstream"),
    *(
        "chat",
        "models",
        "logs",
        "status",
        "ui",
        "connect",
        "run",
        "doctor",
        "completion",
        "backup",
        "restore",
    ),
)


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command is listed with what it does, and the first one to try is named."""
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(re.search(rf"^ +{name}\s+[A-Z]", shown, re.MULTILINE) for name in COMMANDS)
    assert "cursor-api demo" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """More than its option list."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 6


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """What a bug report needs."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == f"cursor-api {__version__}"


@pytest.mark.parametrize("bare", [[], ["token"], ["upstream"]])
def test_bare_it_shows_its_help(bare: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """And ends well: nothing was wrong."""
    assert main(bare) == 0
    shown = capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*bare, "--help"])
    assert shown == capsys.readouterr().out


def test_serve_is_parsed_alike_without_the_other_commands() -> None:
    """Their parsers are not made where the gateway is started."""
    nodes = {node.path: node.parser for node in walk(make_parser())}
    few = {node.path: node.parser for node in walk(make_parser("serve"))}
    assert few["serve",].format_help() == nodes["serve",].format_help()
    assert few[()].format_usage() == nodes[()].format_usage()
    assert ("token",) in nodes
    assert ("token",) not in few


def test_a_home_that_is_not_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do; nothing is made in the working directory in its place."""
    enter(tmp_path, monkeypatch)
    monkeypatch.setenv("CURSOR_API_HOME", str(tmp_path / "gone"))
    assert main(["token", "list"]) == 1
    said = capsys.readouterr().err
    assert said == (
        f"error: CURSOR_API_HOME: there is no folder {tmp_path}/gone;"
        f" create it with: mkdir -p {tmp_path}/gone\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_what_a_command_does_not_know_is_told_with_its_own_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The program's usage would not say what the command does know."""
    cases = ((["chat", "-m", "x", "hi"], "chat [-h]", "-m"), (["--foo"], "[-h]", "--foo"))
    for arguments, usage, unknown in cases:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        told = capsys.readouterr().err
        assert told.startswith(f"usage: cursor-api {usage} ")
        assert told.endswith(f"unrecognized arguments: {unknown}\n")


@pytest.mark.parametrize(
    ("typed", "missing"), [("upstream add", "NAME"), ("run", "CLIENT"), ("chat", "TEXT")]
)
def test_what_is_missing_is_what_has_to_be_given(
    typed: str, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no name that only the program knows."""
    with pytest.raises(SystemExit):
        main(typed.split())
    assert capsys.readouterr().err.endswith(f"arguments are required: {missing}\n")
