"""`cursor-api connect` and `cursor-api run`: what they are called and how they explain themselves.

What they do is loaded when one is run, so that serving starts without it.
"""

from __future__ import annotations

import argparse

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

CONNECT = """\
Show the settings of a client program for this gateway, in a form to copy.

  cursor-api connect                       lists the clients
  cursor-api connect claude-code
  cursor-api connect codex --model gpt-5
  eval "$(cursor-api connect aider --shell)"

Address and key are those of the settings here; the models are chosen from what the running gateway
serves. The key is shown, as it has to be copied: --hide-key leaves it out."""

RUN = """\
Start a client program that uses this gateway, and leave no trace.

  cursor-api run claude-code
  cursor-api run codex exec "what does this folder do?"
  cursor-api run --model gpt-5 aider README.md
  cursor-api run openai python my_program.py     any program, with the variables of OpenAI's SDK

Nothing is written to the client's own settings: it gets variables, and where it needs a file a
folder that is removed afterwards. Its exit status is that of this command. Options of this command
come before the client's name; all that follows it is the client's."""


def add_commands(commands: Subcommands) -> None:
    """Put `connect` and `run` among the commands."""
    connect = commands.add("connect", run_later("clients.connect", "connect"), CONNECT)
    connect.add_argument("client", nargs="?", metavar="CLIENT", help="none: list them")
    connect.add_argument("--shell", action="store_true", help="nothing but lines for a shell")
    connect.add_argument("--hide-key", action="store_true", help="leave the key out")
    run = commands.add("run", run_later("clients.run", "run"), RUN)
    for sub in (connect, run):
        sub.add_argument("--model", help="the model to work with (default: a fitting one)")
        sub.add_argument("--small-model", metavar="MODEL", help="the one for small tasks")
        sub.add_argument("--url", help="another gateway's address")
        sub.add_argument("--key-env", metavar="NAME", help="the variable that holds its key")
        add_config(sub)
    run.add_argument("client", metavar="CLIENT")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="the client's own")
