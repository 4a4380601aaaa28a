"""Adding commands so that each one explains itself."""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

from cursor_api.cli.terminal.language import say_word
from cursor_api.cli.terminal.output import print_result

Run = Callable[[argparse.Namespace], int]


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help in the user's language: Chinese takes two columns a sign and has no spaces."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        """With its first word."""
        super().add_usage(usage, actions, groups, say_word("usage: ") if prefix is None else prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        if text.isascii():
            return super()._split_lines(text, width)
        lines, columns = [""], 0
        for sign in text:
            taken = 2 if unicodedata.east_asian_width(sign) in "WF" else 1
            if columns + taken > width:
                lines.append("")
                columns = 0
            lines[-1] += sign
            columns += taken
        return lines


class Subcommands:
    """The commands of a parser. A command's help is its text; the list shows its first line."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._commands = parser.add_subparsers(title="commands", metavar="COMMAND")
        # Whoever gives none wants to know what there is.
        parser.set_defaults(command=lambda _parsed: _help(parser))

    def add(self, name: str, run: Run | None, text: str) -> argparse.ArgumentParser:
        """A command that `run` carries out; None where further commands stand below it."""
        parser = self._commands.add_parser(
            name,
            help=text.split("\n", 1)[0],
            description=text,
            formatter_class=HelpFormatter,
        )
        if run is not None:
            parser.set_defaults(command=run)
        return parser


def _help(parser: argparse.ArgumentParser) -> int:
    print_result(parser.format_help().rstrip("\n"))
    return 0


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option that names another TOML file, relative to where the command is typed."""
    parser.add_argument(
        "--config", type=_absolute, metavar="FILE", help="TOML file (default: cursor-api.toml)"
    )


def _absolute(text: str) -> Path:
    return Path(text).absolute()


def run_later(module: str, function: str) -> Run:
    """A function of a module of `cli`, which is loaded when the command is run."""

    def run(parsed: argparse.Namespace) -> int:
        found: Run = getattr(_load(f"cursor_api.cli.{module}"), function)
        return found(parsed)

    return run


def _load(name: str) -> ModuleType:
    """A module with all that it needs.

    What is loaded stays: the collector need not look through it, now or later. That would take a
    sixth of the time from the start to the first answer.
    """
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()
