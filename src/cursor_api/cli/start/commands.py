"""`cursor-api init`: how it explains itself. What it does is loaded when it is run."""

from __future__ import annotations

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

INIT = """\
Set up a gateway in this folder: create its key and add a first upstream.

  cursor-api init                            ask what to add
  cursor-api init --yes                      create the key and ask nothing
  cursor-api init --import                   add the token of the Cursor editor on this computer
  cursor-api init --token < file             add a Cursor API key or session token from a file
  cursor-api init --upstream ollama          add another upstream; `upstream presets` lists them

The key that your programs use is written to .env, which only you can read. Nothing that exists is
changed, so you can run this again. If CURSOR_API_HOME is set and this folder holds no gateway yet,
that folder is used instead; it is created if needed."""


def add_commands(commands: Subcommands) -> None:
    """Put `init` among the commands."""
    init = commands.add("init", run_later("start.init", "init"), INIT)
    ways = init.add_mutually_exclusive_group()
    ways.add_argument("--yes", action="store_true", help="ask nothing and add nothing")
    ways.add_argument(
        "--import", dest="takes_editor", action="store_true", help="add the editor's token"
    )
    ways.add_argument(
        "--token", action="store_true", help="read a key or token from standard input"
    )
    ways.add_argument(
        "--upstream", metavar="NAME", help="add this upstream; its key is read from standard input"
    )
    init.add_argument("--alias", help="name for the key or token (default: me)")
    add_config(init)
