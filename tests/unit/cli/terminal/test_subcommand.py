"""Commands that explain themselves."""

from __future__ import annotations

import argparse
import gc
from pathlib import Path

import pytest

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later


def test_a_command_is_listed_with_its_first_line_and_run_by_its_function() -> None:
    """The rest of its text is for its own help, laid out as it was written."""
    parser = argparse.ArgumentParser()
    one = Subcommands(parser).add("one", lambda _parsed: 7, "Do one thing.\n\n  An example.")
    shown = parser.format_help()
    assert "Do one thing." in shown
    assert "An example." not in shown
    assert "\n  An example." in one.format_help()
    assert parser.parse_args(["one"]).command(argparse.Namespace()) == 7


def test_a_group_of_commands_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Without one of them its help is shown, which is what whoever types that wants."""
    parser = argparse.ArgumentParser()
    group = Subcommands(parser).add("group", None, "Several things.")
    Subcommands(group).add("one", lambda _parsed: 7, "One of them.")
    bare = parser.parse_args(["group"])
    assert bare.command(bare) == 0
    shown = capsys.readouterr().out
    assert "Several things." in shown
    assert "One of them." in shown
    one = parser.parse_args(["group", "one"])
    assert one.command(one) == 7


def test_a_named_toml_file_is_relative_to_where_the_command_is_typed(tmp_path: Path) -> None:
    """Whatever folder the command works in."""
    parser = argparse.ArgumentParser()
    add_config(parser)
    assert parser.parse_args(["--config", "a.toml"]).config == Path.cwd() / "a.toml"
    assert parser.parse_args(["--config", str(tmp_path)]).config == tmp_path
    assert parser.parse_args([]).config is None


def test_what_a_command_does_is_loaded_when_it_is_run() -> None:
    """A module that is not there is found out then, and not before."""
    later = run_later("no_such_module", "run")
    with pytest.raises(ModuleNotFoundError):
        later(argparse.Namespace())
    assert gc.isenabled()
