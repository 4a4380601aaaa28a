"""The command line as a whole: parses and delegates."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from cursor_api import __version__
from cursor_api.cli import clients, doctor, serving, tokens, upstreams
from cursor_api.cli.output import open_missing_streams, print_error
from cursor_api.cli.subcommand import Subcommands
from cursor_api.options.masking import redact_shapes

PROGRAM_DESCRIPTION = """\
A self-hosted gateway: your own Cursor account and your other keys behind one API.

New here? `cursor-api demo` needs no account and answers at once.
For real: `cursor-api token import` (or `token add`) puts your Cursor token into .token, then
  AUTH_TOKEN=<a long random key> cursor-api serve
and point any client at it: `cursor-api connect` shows the settings of many, `run` starts them.
`cursor-api upstream add deepseek` serves another provider's models with your own key.
When something does not work: `cursor-api doctor`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    open_missing_streams()
    parsed = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = parsed.command
    try:
        Path.cwd()
    except OSError as error:
        print_error(
            f"error: the working directory cannot be used ({error.strerror}); cd to another."
        )
        return 1
    with suppress(KeyboardInterrupt):
        return command(parsed)
    return 130


class _Parser(argparse.ArgumentParser):
    """Repeats what it did not understand, but no token that stands in there."""

    def error(self, message: str) -> NoReturn:
        super().error(redact_shapes(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="cursor-api",
        description=PROGRAM_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cursor-api {__version__}")
    commands = Subcommands(parser)
    serving.add_commands(commands)
    tokens.add_commands(commands)
    upstreams.add_commands(commands)
    clients.add_commands(commands)
    doctor.add_commands(commands)
    return parser
