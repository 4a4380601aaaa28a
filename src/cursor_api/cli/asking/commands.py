"""Commands that ask a running gateway: what they are called and how they explain themselves.

What they do is loaded when one is run.
"""

from __future__ import annotations

import argparse

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

CHAT = """\
Ask the running gateway a question and show the answer as it arrives.

  cursor-api chat "hi"
  cursor-api chat --model gpt-5 --system "Answer in one line." why is the sky blue?
  git diff | cursor-api chat "Write a commit message for this:" -

`-` stands for standard input. The request takes the same path as any client's, so an answer here
means that clients get answers too. Exits with 1 if there was no complete answer."""

MODELS = """\
List the models that the running gateway serves, and what they can do.

  cursor-api models
  cursor-api models --json | jq -r '.[].id'"""


LOGS = """\
Show finished requests: when, from whom, with which credential, how fast, and why they failed.

  cursor-api logs                       the last 20, newest at the end
  cursor-api logs -f                    keep showing new ones until Ctrl-C
  cursor-api logs --status failed --since 2h
  cursor-api logs --model gpt-5 -n 500 --json | jq .total_ms
  cursor-api logs 01a2266b378a705d331c4da80892c658     one request with all its attempts

With `--json`, each request is one line of JSON. Prompts and answers are never shown."""

STATUS = """\
Show whether the running gateway can answer, with what, and how the last 24 hours went.

  cursor-api status
  cursor-api status --json | jq .credentials

Exits with 1 if it cannot answer or is not running."""

RELOAD = """\
Make the running gateway read its settings and token files again.

  cursor-api reload

No request fails because of it. If something is wrong, the errors are shown and the old values stay
in use; settings that need a restart are listed. Changes to token files need no reload: the gateway
picks them up within two seconds. Exits with 1 if something could not be used."""

UI = """\
Open the running gateway's console in a browser, signed in.

  cursor-api ui
  cursor-api ui --print                 only print the address, for a browser elsewhere

The address contains a one-time code that is valid for one minute. It does not contain the gateway's
key."""


def add_commands(commands: Subcommands) -> None:
    """Put `chat`, `models`, `logs`, `status`, `reload` and `ui` among the commands."""
    chat = commands.add("chat", run_later("asking.chat", "chat"), CHAT)
    chat.add_argument(
        "text", nargs="+", metavar="TEXT", help="the question; `-` reads standard input"
    )
    chat.add_argument("--model", help="the model to ask (default: a suitable one)")
    chat.add_argument("--system", metavar="TEXT", help="instructions for the model")
    models = commands.add("models", run_later("asking.models", "show_models"), MODELS)
    models.add_argument("--json", action="store_true", help="print JSON, for scripts")
    ui = commands.add("ui", run_later("asking.ui", "open_ui"), UI)
    ui.add_argument(
        "--print",
        dest="only_prints",
        action="store_true",
        help="print the address and open no browser",
    )
    status = commands.add("status", run_later("asking.status", "show_status"), STATUS)
    status.add_argument("--json", action="store_true", help="print JSON, for scripts")
    reload = commands.add("reload", run_later("asking.reload", "reload"), RELOAD)
    for sub in (chat, models, ui, status, reload, _add_logs(commands)):
        _add_gateway(sub)


def _add_logs(commands: Subcommands) -> argparse.ArgumentParser:
    logs = commands.add("logs", run_later("asking.logs", "show_logs"), LOGS)
    logs.add_argument(
        "id", nargs="?", metavar="ID", help="show this request only (default: the last ones)"
    )
    logs.add_argument(
        "-f", "--follow", action="store_true", help="keep showing requests as they finish"
    )
    logs.add_argument(
        "-n", "--count", type=int, default=20, metavar="N", help="how many (default: %(default)s)"
    )
    logs.add_argument("--since", metavar="WHEN", help="since when: 30m, 2h, 7d or 2026-01-31T14:00")
    logs.add_argument("--status", help="only answered, failed, refused or cancelled")
    logs.add_argument("--model", help="only requests for this model")
    logs.add_argument("--caller", metavar="NAME", help="only requests of this caller")
    logs.add_argument(
        "--credential", metavar="ALIAS", help="only requests that used this credential"
    )
    logs.add_argument("--text", help="only requests whose error contains this text")
    logs.add_argument(
        "--json", action="store_true", help="one line of JSON per request, for scripts"
    )
    return logs


def _add_gateway(parser: argparse.ArgumentParser) -> None:
    """Where the gateway is, if it is not that of the settings here."""
    parser.add_argument("--url", help="address of another gateway")
    parser.add_argument(
        "--key-env", metavar="NAME", help="environment variable that holds the gateway's key"
    )
    add_config(parser)
