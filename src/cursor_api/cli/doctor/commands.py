"""`cursor-api doctor`: how it explains itself. What it does is loaded when it is run."""

from __future__ import annotations

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

DOCTOR = """\
Say for each credential and each upstream what works, what is missing and what to do.

  cursor-api doctor
  cursor-api doctor --json | jq '.checks[] | select(.verdict == "problem")'

Looks at the settings and the files line by line, the folders, the disk, the port, the clock, the
certificates and the proxy; asks each upstream for its models, which costs nothing. Changes nothing.
Exits with 1 when there is a problem. Its output holds no secret.

  cursor-api doctor --live               asks before it spends
  cursor-api doctor --live --yes --route deepseek --model deepseek-chat

sends four small chats to a model of each upstream, the way a client's would go (a whole answer, a
stream, a tool, a stream that is broken off), and prints a report that can be pasted into a bug
report."""


def add_commands(commands: Subcommands) -> None:
    """Put `doctor` among the commands."""
    doctor = commands.add("doctor", run_later("doctor.checkup", "doctor"), DOCTOR)
    doctor.add_argument("--json", action="store_true", help="for scripts")
    doctor.add_argument("--live", action="store_true", help="try it with a few real, small chats")
    doctor.add_argument("--yes", action="store_true", help="do not ask before --live spends")
    doctor.add_argument(
        "--route", action="append", metavar="UPSTREAM", help="--live with this one; may be repeated"
    )
    doctor.add_argument("--model", help="--live with this model of the upstream")
    add_config(doctor)
