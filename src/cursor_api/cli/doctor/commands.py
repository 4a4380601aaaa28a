"""`cursor-api doctor`: how it explains itself. What it does is loaded when it is run."""

from __future__ import annotations

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

DOCTOR = """\
Check every credential and upstream: what works, what is wrong, and how to fix it.

  cursor-api doctor
  cursor-api doctor --json | jq '.checks[] | select(.verdict == "problem")'

Checks the settings and files line by line, the folders, disk, port, clock, certificates and proxy,
and asks each upstream for its list of models, which costs nothing. It changes nothing. Its output
contains no secrets. Exits with 1 if there is a problem.

  cursor-api doctor --live               ask before spending anything
  cursor-api doctor --live --yes --route deepseek --model deepseek-chat

With --live, it also sends four small chats to one model of each upstream, as a client would (a
complete answer, a stream, a tool call, and a stream that is cancelled), and prints a report that
you can paste into an issue."""


def add_commands(commands: Subcommands) -> None:
    """Put `doctor` among the commands."""
    doctor = commands.add("doctor", run_later("doctor.checkup", "doctor"), DOCTOR)
    doctor.add_argument("--json", action="store_true", help="print JSON, for scripts")
    doctor.add_argument("--live", action="store_true", help="also try a few small, real chats")
    doctor.add_argument("--yes", action="store_true", help="do not ask before --live spends tokens")
    doctor.add_argument(
        "--route",
        action="append",
        metavar="UPSTREAM",
        help="with --live: only this upstream; may be repeated",
    )
    doctor.add_argument("--model", help="with --live: use this model")
    add_config(doctor)
