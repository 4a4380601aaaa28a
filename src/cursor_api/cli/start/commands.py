"""`cursor-api init`: how it explains itself. What it does is loaded when it is run."""

from __future__ import annotations

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

INIT = """\
Set a gateway up in this folder: make its key, and add what it shall ask.

  cursor-api init                            asks what to add
  cursor-api init --yes                      makes the key and asks nothing
  cursor-api init --import                   with the token of the Cursor editor on this computer
  cursor-api init --token < file             with a Cursor API key or session token from a file
  cursor-api init --upstream ollama          with another upstream; `upstream presets` lists them

The key that your programs will present goes into .env, which only you can read. What is there
already stays as it is, so that it may be run again. In place of this folder it is the one that
CURSOR_API_HOME names, which is made if need be."""


def add_commands(commands: Subcommands) -> None:
    """Put `init` among the commands."""
    init = commands.add("init", run_later("start.init", "init"), INIT)
    ways = init.add_mutually_exclusive_group()
    ways.add_argument("--yes", action="store_true", help="ask nothing, add nothing")
    ways.add_argument(
        "--import", dest="takes_editor", action="store_true", help="add the editor's token"
    )
    ways.add_argument("--token", action="store_true", help="add a key or token from standard input")
    ways.add_argument(
        "--upstream", metavar="NAME", help="add this upstream; its key from standard input"
    )
    init.add_argument("--alias", help="the name to give the key or token (default: me)")
    add_config(init)
