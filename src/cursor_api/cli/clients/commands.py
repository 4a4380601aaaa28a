"""`cursor-api connect` and `cursor-api run`: what they are called and how they explain themselves.

What they do is loaded when one is run, so that serving starts without it.
"""

from __future__ import annotations

import argparse

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

CONNECT = """\
Show the settings that make a client program use this gateway, ready to copy.

  cursor-api connect                       list the clients
  cursor-api connect claude-code
  cursor-api connect codex --model gpt-5
  eval "$(cursor-api connect aider --shell)"

Address and key come from the settings in this folder; the models are chosen from those that the
running gateway serves. The key is shown so that you can copy it; --hide-key hides it."""

RUN = """\
Start a client program that uses this gateway, without changing the client's own settings.

  cursor-api run claude-code
  cursor-api run codex exec "what does this folder do?"
  cursor-api run --model gpt-5 aider README.md
  cursor-api run openai python my_program.py     any program that uses the OpenAI SDK's variables

The client gets environment variables and, if it needs a file, a temporary folder that is deleted
afterwards. The exit status is the client's. Options of this command come before the client's name;
everything after the name is passed to the client."""


def add_commands(commands: Subcommands) -> None:
    """Put `connect` and `run` among the commands."""
    connect = commands.add("connect", run_later("clients.connect", "connect"), CONNECT)
    connect.add_argument(
        "client", nargs="?", metavar="CLIENT", help="the client; without it, all are listed"
    )
    connect.add_argument("--shell", action="store_true", help="print only lines for a shell")
    connect.add_argument("--hide-key", action="store_true", help="do not show the key")
    run = commands.add("run", run_later("clients.run", "run"), RUN)
    for sub in (connect, run):
        sub.add_argument("--model", help="the model to use (default: a suitable one)")
        sub.add_argument("--small-model", metavar="MODEL", help="the model for small tasks")
        sub.add_argument("--url", help="address of another gateway")
        sub.add_argument(
            "--key-env", metavar="NAME", help="environment variable that holds the gateway's key"
        )
        add_config(sub)
    run.add_argument("client", metavar="CLIENT", help="a name that `connect` lists")
    rest = run.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments for the client")
    # Nobody has to give any, which argparse would say of a command line without a client.
    rest.required = False
