"""`cursor-api backup` and `restore`: how they explain themselves. What they do is loaded then."""

from __future__ import annotations

from pathlib import Path

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

BACKUP = """\
Save everything that a gateway keeps to one file: settings, tokens, API keys, request records.

  cursor-api backup gateway.tar.gz
  cursor-api backup gateway.tar.gz --without-records

The gateway can keep running. The file contains your keys and tokens unencrypted. Only you can read
it, and the command lists what in it is secret. Not included are files in other folders that the
settings name, and records, API keys and prices in a database. API keys and prices are stored with
the records, so --without-records leaves them out too."""

RESTORE = """\
Restore what `backup` saved, into this folder or the one that CURSOR_API_HOME names.

  cursor-api restore gateway.tar.gz
  cursor-api restore gateway.tar.gz --force          replace what is there
  cursor-api restore gateway.tar.gz --outside        also write where its settings say

Stop a gateway that runs in that folder first. Everything is checked before anything is written. The
file may come from another machine; paths in its settings are not changed."""


def add_commands(commands: Subcommands) -> None:
    """Put `backup` and `restore` among the commands."""
    backup = commands.add("backup", run_later("backups.backup", "backup"), BACKUP)
    backup.add_argument("file", metavar="FILE", type=Path, help="the file to write")
    backup.add_argument(
        "--without-records", action="store_true", help="leave out records, API keys and prices"
    )
    backup.add_argument("--force", action="store_true", help="replace FILE if it exists")
    add_config(backup)
    restore = commands.add("restore", run_later("backups.restore", "restore"), RESTORE)
    restore.add_argument("file", metavar="FILE", type=Path, help="a file that `backup` wrote")
    restore.add_argument("--force", action="store_true", help="replace files that exist")
    restore.add_argument(
        "--outside",
        action="store_true",
        help="restore files outside of this folder, too, if the settings in FILE name such places",
    )
