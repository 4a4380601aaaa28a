"""Commands that ask a running gateway: what they are called and how they explain themselves.

What they do is loaded when one is run.
"""

from __future__ import annotations

import argparse

from cursor_api.cli.subcommand import Subcommands, add_config, run_later

CHAT = """\
Ask a model of the running gateway something, and show the answer as it comes.

  cursor-api chat "hi"
  cursor-api chat --model gpt-5 --system "Answer in one line." why is the sky blue?
  git diff | cursor-api chat "Write a commit message for this:" -

`-` stands for what comes from standard input. The request goes the way of every client's, so that
an answer here means that clients get theirs. Exits with 1 when there was no whole answer."""

MODELS = """\
List the models that the running gateway serves, and what they can do.

  cursor-api models
  cursor-api models --json | jq -r '.[].id'"""


UI = """\
Open the running gateway's console in a browser, signed in.

  cursor-api ui
  cursor-api ui --print                 only prints the address, for a browser elsewhere

The address has a code in it that signs in once, within a minute; the gateway's key is not in it."""


def add_commands(commands: Subcommands) -> None:
    """Put `chat`, `models` and `ui` among the commands."""
    chat = commands.add("chat", run_later("chat", "chat"), CHAT)
    chat.add_argument("text", nargs="+", metavar="TEXT", help="the question; `-`: standard input")
    chat.add_argument("--model", help="the model to ask (default: a fitting one)")
    chat.add_argument("--system", metavar="TEXT", help="instructions for the model")
    models = commands.add("models", run_later("models", "show_models"), MODELS)
    models.add_argument("--json", action="store_true", help="for scripts")
    ui = commands.add("ui", run_later("ui", "open_ui"), UI)
    ui.add_argument("--print", dest="only_prints", action="store_true", help="open nothing")
    for sub in (chat, models, ui):
        _add_gateway(sub)


def _add_gateway(parser: argparse.ArgumentParser) -> None:
    """Where the gateway is, if it is not that of the settings here."""
    parser.add_argument("--url", help="another gateway's address")
    parser.add_argument("--key-env", metavar="NAME", help="the variable that holds its key")
    add_config(parser)
