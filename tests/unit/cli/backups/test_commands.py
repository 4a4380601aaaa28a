"""How saving and putting back are called."""

from __future__ import annotations

import argparse
from pathlib import Path

from cursor_api.cli.backups.commands import add_commands
from cursor_api.cli.terminal.subcommand import Subcommands


def test_a_file_is_named() -> None:
    """Nothing is replaced unless it is said."""
    parser = argparse.ArgumentParser()
    add_commands(Subcommands(parser))
    saved = parser.parse_args(["backup", "a.tar.gz"])
    assert (saved.file, saved.force, saved.without_records) == (Path("a.tar.gz"), False, False)
    assert parser.parse_args(["restore", "a.tar.gz", "--force"]).force is True
