"""How the commands that ask a running gateway are called."""

from __future__ import annotations

import argparse

from cursor_api.cli.asking.commands import add_commands
from cursor_api.cli.terminal.subcommand import Subcommands


def test_each_can_ask_another_gateway() -> None:
    """By its address, and the variable that holds its key."""
    parser = argparse.ArgumentParser()
    add_commands(Subcommands(parser))
    for command in (["chat", "hi"], ["models"], ["ui"], ["logs"], ["status"], ["reload"]):
        parsed = parser.parse_args([*command, "--url", "http://gate", "--key-env", "KEY"])
        assert (parsed.url, parsed.key_env, parsed.config) == ("http://gate", "KEY", None)
