"""`cursor-api token …`: what the commands are called and how they explain themselves.

What they do is loaded when one is run, so that serving starts without it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

OVERVIEW = """\
Show, import, list, add, change, remove and test the tokens that the gateway serves with.

The official way needs an API key (crsr_…) from Cursor's dashboard, and the package cursor-sdk:
  cursor-api token add --alias me
The old way is a session token: of the Cursor editor on this computer,
  cursor-api token import
or else the value of the cookie WorkosCursorSessionToken at cursor.com:
  cursor-api token add --alias me

The commands work on the files named by TOKEN_FILE and TOKEN_LIST_FILE, read as `cursor-api serve`
reads them, and need no AUTH_TOKEN. A running gateway notices a change within two seconds."""

SHOW = """\
Show the token of the Cursor editor on this computer.

Reads the editor's own database and changes nothing there. The token is masked unless you ask:
  cursor-api token show
  cursor-api token show --reveal
  cursor-api token show --reveal --json | jq -r .token"""

IMPORT = """\
Add the token of the Cursor editor on this computer to the token files.

  cursor-api token import
  cursor-api token import --alias laptop
  cursor-api token import --alias laptop --replace    when the editor has a newer token

Without --alias the name is the part of your e-mail address before the @, else your user id."""

LIST = """\
List the configured tokens: masked, with expiry, priority and state.

  cursor-api token list
  cursor-api token list --json | jq '.[] | select(.state != "healthy") | .alias'

The state is what the gateway saved last; a running one saves every two seconds."""

ADD = """\
Add Cursor API keys and session tokens.

It takes an API key (crsr_…, the official way), a session token, and the browser's cookie; a key or
token may have a name before it, as in alias::token.

  cursor-api token add                       asks, and does not show what you paste
  cursor-api token add --alias me < file     one token from a file
  pbpaste | cursor-api token add -           one or many, a line each

A token given as an argument works too, but stays in your shell's history."""

REMOVE = """\
Remove a token from both files.

  cursor-api token remove me
  cursor-api token remove me --yes           does not ask

The token itself stays valid at Cursor; sign out there to end it."""

RENEW = """\
Put a new key or token in the place of one that has expired; name, priority and device stay.

  cursor-api token renew me                  asks, and does not show what you paste
  cursor-api token renew me < file"""

RENAME = """\
Give a token another name.

  cursor-api token rename me work"""

ENABLE = """\
Use a token again that was switched off.

  cursor-api token enable me"""

DISABLE = """\
Switch a token off without removing it.

  cursor-api token disable me"""

PRIORITY = """\
Say which tokens are used first: those with the highest number, 0 being the usual one.

  cursor-api token priority me 10            before all others
  cursor-api token priority me -- -1         only when no other is free"""

TEST = """\
Send one real, minimal request with a token and say what came of it.

  cursor-api token test me
  cursor-api token test me --model gpt-4

Exits with 0 when it answered and with 1 when it did not. Needs no running gateway."""

SEALING_KEY = """\
Make a key that seals tokens, and show it. Nothing else is done, and it is kept nowhere.

  cursor-api token sealing-key

Put it into CREDENTIALS_KEY, or into a file that CREDENTIALS_KEY_FILE names, and restart: the tokens
in the token files are sealed then. Keep it apart from them and from backups. To change it:
  CREDENTIALS_KEY=NEW,OLD                    and restart: tokens are sealed with the new one
  CREDENTIALS_KEY=NEW                        later"""

TAKE_OVER = """\
Take over the tokens of the earlier program, of its later versions, or of a file of your own.

  cursor-api import /path/to/its/folder --dry-run    says what would become of each line
  cursor-api import /path/to/its/folder
  cursor-api import old/.tokens

Reads .token and .token-list (0.1), .tokens (0.1.3 and later: token,checksum, perhaps a third
column), and the JSON that later ones give at POST /tokens/get; their tokens.bin cannot be read.
What is here already stays, with its device. Sources are never changed, so that a line which could
not be taken is still there; then the command exits with 1."""


def add_commands(commands: Subcommands) -> None:
    """Put `token` and what stands below it among the commands, and `import`."""
    own = Subcommands(commands.add("token", None, OVERVIEW))

    show = own.add("show", run_later("tokens.editor", "show"), SHOW)
    show.add_argument("--reveal", action="store_true", help="show the token itself")
    take = own.add("import", run_later("tokens.editor", "take_over"), IMPORT)
    take.add_argument("--alias", help="the name to give it")
    take.add_argument(
        "--replace",
        action="store_true",
        help="renew the token that has this name; keeps its device",
    )
    for sub in (show, take):
        sub.add_argument(
            "--database", type=Path, metavar="FILE", help="the editor's state.vscdb, if not found"
        )

    listing = own.add("list", run_later("tokens.actions", "show_all"), LIST)
    add = own.add("add", run_later("tokens.actions", "add"), ADD)
    # Any number, so that a surplus one does not come back in argparse's message.
    add.add_argument("token", nargs="*", help="`-` reads standard input; none asks")
    add.add_argument("--alias", help="the name to give it")
    add.add_argument("--checksum", help="the device it belongs to; made up when not given")
    remove = own.add("remove", run_later("tokens.actions", "remove"), REMOVE)
    remove.add_argument("alias", metavar="ALIAS")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    test = own.add("test", run_later("tokens.trial", "test"), TEST)
    test.add_argument("alias", metavar="ALIAS")
    test.add_argument("--model", help="the model to ask (default: a cheap one)")

    changes = _add_changes(own)
    own.add("sealing-key", run_later("tokens.sealing", "make_key"), SEALING_KEY)

    for sub in (show, listing, test):
        sub.add_argument("--json", action="store_true", help="for scripts")
    over = commands.add("import", run_later("tokens.import_files", "import_files"), TAKE_OVER)
    over.add_argument("path", metavar="PATH", type=Path, help="a folder, or a file in it")
    over.add_argument("--dry-run", action="store_true", help="say what would be done, and no more")
    for sub in (take, listing, add, remove, test, over, *changes):
        add_config(sub)


def _add_changes(own: Subcommands) -> list[argparse.ArgumentParser]:
    """Those that change one token."""
    renew = own.add("renew", run_later("tokens.changes", "renew"), RENEW)
    rename = own.add("rename", run_later("tokens.changes", "rename"), RENAME)
    enable = own.add("enable", run_later("tokens.changes", "enable"), ENABLE)
    disable = own.add("disable", run_later("tokens.changes", "disable"), DISABLE)
    priority = own.add("priority", run_later("tokens.changes", "prefer"), PRIORITY)
    changes = [renew, rename, enable, disable, priority]
    for sub in changes:
        sub.add_argument("alias", metavar="ALIAS")
    rename.add_argument("name", metavar="NAME", help="the new one")
    priority.add_argument("priority", metavar="NUMBER", type=int, help="the highest is used first")
    return changes
