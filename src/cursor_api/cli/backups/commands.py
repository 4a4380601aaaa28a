"""`cursor-api backup` and `restore`: how they explain themselves. What they do is loaded then."""

from __future__ import annotations

from pathlib import Path

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

BACKUP = """\
Save all that a gateway keeps into one file: settings, tokens, API keys, its records.

  cursor-api backup gateway.tar.gz
  cursor-api backup gateway.tar.gz --without-records

The gateway may run meanwhile. The file has your keys and tokens in it as they are: it is made so
that only you can read it, and what in it is secret is listed. Not in it are files that the settings
name in other folders, and records, API keys and prices in a database elsewhere. API keys and prices
are kept with the records, and left out with them."""

RESTORE = """\
Put back what `backup` has saved, in this folder or in the one that CURSOR_API_HOME names.

  cursor-api restore gateway.tar.gz
  cursor-api restore gateway.tar.gz --force          replaces what is there

Everything is checked before anything is written. A gateway that runs there has to be stopped first.
The file may come from another machine: paths in its settings are kept as they are."""


def add_commands(commands: Subcommands) -> None:
    """Put `backup` and `restore` among the commands."""
    backup = commands.add("backup", run_later("backups.backup", "backup"), BACKUP)
    backup.add_argument("file", metavar="FILE", type=Path)
    backup.add_argument(
        "--without-records", action="store_true", help="leave the records, API keys and prices out"
    )
    backup.add_argument("--force", action="store_true", help="replace FILE if it is there")
    add_config(backup)
    restore = commands.add("restore", run_later("backups.restore", "restore"), RESTORE)
    restore.add_argument("file", metavar="FILE", type=Path)
    restore.add_argument("--force", action="store_true", help="replace what is there")
