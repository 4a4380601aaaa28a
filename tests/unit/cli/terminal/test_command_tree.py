"""The commands as a tree."""

from __future__ import annotations

import argparse

from cursor_api.cli.command import make_parser
from cursor_api.cli.terminal.command_tree import Word, walk
from cursor_api.cli.terminal.subcommand import Subcommands


def test_commands_options_and_choices_are_found() -> None:
    """Each with what it is for, its default filled in; what is hidden stays so."""
    parser = argparse.ArgumentParser()
    group = Subcommands(parser).add("group", None, "Several things.\n\nMore.")
    one = Subcommands(group).add("one", lambda _parsed: 0, "One of them.")
    one.add_argument("colour", choices=("red", "blue"), help="which")
    one.add_argument("-n", "--number", default=3, help="default: %(default)s")
    one.add_argument("surplus", nargs="*", help=argparse.SUPPRESS)
    root, first, second = walk(parser)
    assert (root.path, root.words) == ((), (Word("group", "Several things."),))
    assert (first.path, first.words) == (("group",), (Word("one", "One of them."),))
    assert second.path == ("group", "one")
    assert second.words == (Word("red", "which"), Word("blue", "which"))
    assert Word("--number", "default: 3") in second.options
    assert [word.text for word in second.options] == ["--help", "--number"]


def test_the_whole_program_can_be_walked() -> None:
    """Every command stands in it once."""
    paths = [node.path for node in walk(make_parser())]
    assert len(set(paths)) == len(paths)
    assert {("serve",), ("token",), ("token", "add")} <= set(paths)
