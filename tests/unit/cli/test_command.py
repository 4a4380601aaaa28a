"""The command line as a whole."""

from __future__ import annotations

import re

import pytest

from cursor_api import __version__
from cursor_api.cli import main

COMMANDS = (
    "serve",
    "demo",
    "simulate",
    "check-config",
    "checksum",
    "token",
    "upstream",
    "connect",
    "run",
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
