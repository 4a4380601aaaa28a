"""The command line as a whole: parses and delegates."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress

from cursor_api import __version__
from cursor_api.cli import serving
from cursor_api.cli.subcommand import Subcommands

DESCRIPTION = """\
A self-hosted gateway that puts your own Cursor account behind an OpenAI-compatible API.

New here? `cursor-api demo` needs no account and answers at once.
For real: put a line with your Cursor token into a file named .token, then
  AUTH_TOKEN=<a long random key> cursor-api serve
and point any OpenAI client at http://127.0.0.1:3000/v1 with that key."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parsed = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = parsed.command
    with suppress(KeyboardInterrupt):
        return command(parsed)
    return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cursor-api",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cursor-api {__version__}")
    commands = Subcommands(parser)
    serving.add_commands(commands)
    return parser
