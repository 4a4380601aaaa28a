"""How the commands that serve are called."""

from __future__ import annotations

import argparse

from cursor_api.cli.serving.commands import SIMULATOR_KINDS, add_commands
from cursor_api.cli.serving.simulators import SIMULATORS
from cursor_api.cli.terminal.subcommand import Subcommands


def test_every_simulator_can_be_chosen() -> None:
    """Their names stand twice, as looking at the table would load them all."""
    assert tuple(SIMULATORS) == SIMULATOR_KINDS


def test_the_listener_can_be_said() -> None:
    """What is not said stays open for the settings."""
    parser = argparse.ArgumentParser()
    add_commands(Subcommands(parser))
    parsed = parser.parse_args(["serve", "--port", "8080"])
    assert (parsed.host, parsed.port, parsed.config) == (None, "8080", None)
    assert parser.parse_args(["demo", "--host", "::1"]).host == "::1"
