"""Commands that explain themselves."""

from __future__ import annotations

import argparse

import pytest

from cursor_api.cli.subcommand import Subcommands, run_later


def test_a_command_is_listed_with_its_first_line_and_run_by_its_function() -> None:
    """The rest of its text is for its own help, laid out as it was written."""
    parser = argparse.ArgumentParser()
    one = Subcommands(parser).add("one", lambda _parsed: 7, "Do one thing.\n\n  An example.")
    shown = parser.format_help()
    assert "Do one thing." in shown
    assert "An example." not in shown
    assert "\n  An example." in one.format_help()
    assert parser.parse_args(["one"]).command(argparse.Namespace()) == 7


def test_a_group_of_commands_asks_which_one() -> None:
    """Without one it is a mistake, not silence."""
    parser = argparse.ArgumentParser()
    group = Subcommands(parser).add("group", None, "Several things.")
    Subcommands(group).add("one", lambda _parsed: 0, "One of them.")
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["group"])
    assert ended.value.code == 2


def test_what_a_command_does_is_loaded_when_it_is_run() -> None:
    """A module that is not there is found out then, and not before."""
    later = run_later("no_such_module", "run")
    with pytest.raises(ModuleNotFoundError):
        later(argparse.Namespace())
