"""Commands that ask a running gateway: what they are called and how they explain themselves.

What they do is loaded when one is run.
"""

from __future__ import annotations

import argparse

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

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


LOGS = """\
Show what became of requests: when, for whom, by what, how quickly, and why not.

  cursor-api logs                       the last 20 that ended, newest last
  cursor-api logs -f                    goes on with those that end, until Ctrl-C
  cursor-api logs --status failed --since 2h
  cursor-api logs --model gpt-5 -n 500 --json | jq .total_ms
  cursor-api logs 01a2266b378a705d331c4da80892c658     one of them, with its attempts

`--json` is a line of JSON for each. Neither has prompts or answers in it."""

STATUS = """\
Say how the running gateway stands: whether it can answer, with what, and how the last day went.

  cursor-api status
  cursor-api status --json | jq .credentials

Exits with 1 where it cannot answer, or none runs."""

RELOAD = """\
Have the running gateway read its settings and token files again.

  cursor-api reload

No request fails for it. What is wrong in them is told, and what was good before serves on; settings
that need a restart are named. Token files alone are noticed without it, within two seconds. Exits
with 1 where something could not be used."""

UI = """\
Open the running gateway's console in a browser, signed in.

  cursor-api ui
  cursor-api ui --print                 only prints the address, for a browser elsewhere

The address has a code in it that signs in once, within a minute; the gateway's key is not in it."""


def add_commands(commands: Subcommands) -> None:
    """Put `chat`, `models`, `logs`, `status`, `reload` and `ui` among the commands."""
    chat = commands.add("chat", run_later("asking.chat", "chat"), CHAT)
    chat.add_argument("text", nargs="+", metavar="TEXT", help="the question; `-`: standard input")
    chat.add_argument("--model", help="the model to ask (default: a fitting one)")
    chat.add_argument("--system", metavar="TEXT", help="instructions for the model")
    models = commands.add("models", run_later("asking.models", "show_models"), MODELS)
    models.add_argument("--json", action="store_true", help="for scripts")
    ui = commands.add("ui", run_later("asking.ui", "open_ui"), UI)
    ui.add_argument("--print", dest="only_prints", action="store_true", help="open nothing")
    status = commands.add("status", run_later("asking.status", "show_status"), STATUS)
    status.add_argument("--json", action="store_true", help="for scripts")
    reload = commands.add("reload", run_later("asking.reload", "reload"), RELOAD)
    for sub in (chat, models, ui, status, reload, _add_logs(commands)):
        _add_gateway(sub)


def _add_logs(commands: Subcommands) -> argparse.ArgumentParser:
    logs = commands.add("logs", run_later("asking.logs", "show_logs"), LOGS)
    logs.add_argument("id", nargs="?", metavar="ID", help="one request; none: the last ones")
    logs.add_argument("-f", "--follow", action="store_true", help="go on with those that end")
    logs.add_argument(
        "-n", "--count", type=int, default=20, metavar="N", help="how many (default: %(default)s)"
    )
    logs.add_argument("--since", metavar="WHEN", help="30m, 2h, 7d, or 2026-01-31T14:00")
    logs.add_argument("--status", help="success, failed, refused or cancelled")
    logs.add_argument("--model", help="for this model only")
    logs.add_argument("--caller", metavar="NAME", help="of this caller only")
    logs.add_argument("--credential", metavar="ALIAS", help="by this credential only")
    logs.add_argument("--text", help="with this in its error")
    logs.add_argument("--json", action="store_true", help="for scripts: a line for each")
    return logs


def _add_gateway(parser: argparse.ArgumentParser) -> None:
    """Where the gateway is, if it is not that of the settings here."""
    parser.add_argument("--url", help="another gateway's address")
    parser.add_argument("--key-env", metavar="NAME", help="the variable that holds its key")
    add_config(parser)
