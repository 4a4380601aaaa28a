"""How setting up is called."""

from __future__ import annotations

import argparse

import pytest

from cursor_api.cli.start.commands import add_commands
from cursor_api.cli.terminal.subcommand import Subcommands


def test_one_thing_is_added_at_a_time() -> None:
    """The others have commands of their own."""
    parser = argparse.ArgumentParser()
    add_commands(Subcommands(parser))
    parsed = parser.parse_args(["init", "--upstream", "ollama"])
    assert (parsed.upstream, parsed.token, parsed.takes_editor, parsed.yes) == (
        "ollama",
        False,
        False,
        False,
    )
    with pytest.raises(SystemExit):
        parser.parse_args(["init", "--import", "--token"])
