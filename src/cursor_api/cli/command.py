"""The command line as a whole: parses and delegates."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from cursor_api import __version__
from cursor_api.cli import shells
from cursor_api.cli.asking import commands as asking
from cursor_api.cli.backups import commands as backups
from cursor_api.cli.clients import commands as clients
from cursor_api.cli.doctor import commands as doctor
from cursor_api.cli.home.folder import HomeError
from cursor_api.cli.keys import commands as keys
from cursor_api.cli.serving import commands as serving
from cursor_api.cli.start import commands as init
from cursor_api.cli.terminal.language import say, say_word, speak
from cursor_api.cli.terminal.output import open_missing_streams, print_error
from cursor_api.cli.terminal.subcommand import HelpFormatter, Subcommands
from cursor_api.cli.tokens import commands as tokens
from cursor_api.cli.upstreams import commands as upstreams
from cursor_api.options.masking import redact_shapes

PROGRAM_DESCRIPTION = """\
A self-hosted AI gateway: your Cursor account and your other API keys behind one address, for any
client of the OpenAI or Anthropic API.

New here? `cursor-api demo` needs no account and answers at once. To set up your own gateway:
  cursor-api init                    create the gateway's key and choose what to add
  cursor-api serve                   start the gateway; then, in another terminal:
  cursor-api chat "Say hello."       get a first answer
  cursor-api connect                 show the settings for a client program; `run` starts one
Add more at any time:
  cursor-api token add               a Cursor API key (crsr_…, official) or a session token
  cursor-api upstream add deepseek   another provider's key; `upstream presets` lists them
  cursor-api upstream add ollama     models on this machine
To let others use it, `cursor-api key create NAME` makes an API key with limits of its own.
If something does not work, run `cursor-api doctor`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    open_missing_streams()
    typed = sys.argv[1:] if arguments is None else arguments
    parsed = speak(make_parser(first=typed[0] if typed else "")).parse_args(typed)
    command: Callable[[argparse.Namespace], int] = parsed.command
    try:
        Path.cwd()
    except OSError as error:
        print_error(
            say(
                "error: the working directory cannot be used ({reason}); change to another one.",
                reason=error.strerror,
            )
        )
        return 1
    try:
        return command(parsed)
    except HomeError as error:
        print_error(say("error: {error}", error=error))
        return 1
    except KeyboardInterrupt:
        return 130


# What argparse says where it does not understand; a newer version may have other words.
_COMPLAINTS: Final = (
    "the following arguments are required: ",
    "unrecognized arguments: ",
    "argument ",
    "invalid choice: ",
    " (choose from ",
    "expected one argument",
    "not allowed with ",
)


class _Parser(argparse.ArgumentParser):
    """Repeats what it did not understand, but no token that stands in there."""

    def parse_known_args(self, *given: Any, **named: Any) -> tuple[Any, list[str]]:
        """What a command does not know is told with its own usage, and not with the program's."""
        parsed, unknown = super().parse_known_args(*given, **named)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, []

    def error(self, message: str) -> NoReturn:
        for words in _COMPLAINTS:
            message = message.replace(words, say_word(words))
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {say_word('error: ')}{redact_shapes(message)}\n")


def make_parser(first: str = "") -> argparse.ArgumentParser:
    """All commands with their options, or those that are needed where the `first` word is known.

    A gateway's start does not wait for the parsers of fifty other commands.
    """
    parser = _Parser(
        prog="cursor-api",
        description=PROGRAM_DESCRIPTION,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cursor-api {__version__}")
    commands = Subcommands(parser)
    if first == serving.SERVE_NAME:
        serving.add_commands(commands)
        return parser
    init.add_commands(commands)
    serving.add_commands(commands)
    tokens.add_commands(commands)
    upstreams.add_commands(commands)
    keys.add_commands(commands)
    asking.add_commands(commands)
    clients.add_commands(commands)
    doctor.add_commands(commands)
    backups.add_commands(commands)
    shells.add_commands(commands)
    return parser
