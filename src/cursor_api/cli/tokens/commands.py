"""`cursor-api token …`: what the commands are called and how they explain themselves.

What they do is loaded when one is run, so that serving starts without it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

OVERVIEW = """\
Manage the Cursor API keys and session tokens that the gateway uses.

The official way is an API key (crsr_…) from Cursor's dashboard; it needs the package cursor-sdk:
  cursor-api token add --alias me
The older way is a session token, either that of the Cursor editor on this computer:
  cursor-api token import
or the value of the cookie WorkosCursorSessionToken at cursor.com:
  cursor-api token add --alias me

The commands use the files that TOKEN_FILE and TOKEN_LIST_FILE name, and do not need AUTH_TOKEN.
A running gateway picks up a change within two seconds."""

SHOW = """\
Show the token of the Cursor editor on this computer.

Reads the editor's database and changes nothing in it. The token is masked unless you add --reveal:
  cursor-api token show
  cursor-api token show --reveal
  cursor-api token show --reveal --json | jq -r .token"""

IMPORT = """\
Add the token of the Cursor editor on this computer to the token files.

  cursor-api token import
  cursor-api token import --alias laptop
  cursor-api token import --alias laptop --replace    after the editor has renewed its token

Without --alias, the name is the part of your e-mail address before the @, or else your user ID."""

LIST = """\
List the tokens (masked) with expiry, priority and state.

  cursor-api token list
  cursor-api token list --json | jq '.[] | select(.state != "healthy") | .alias'

The state is the one that the gateway saved last. A running gateway saves it every two seconds."""

ADD = """\
Add Cursor API keys and session tokens.

Accepts an API key (crsr_…, the official way), a session token, or the browser's cookie. A name may
come first, as in alias::token.

  cursor-api token add                       ask for it; what you paste is not shown
  cursor-api token add --alias me < file     read one token from a file
  pbpaste | cursor-api token add -           read one or more tokens, one per line

A token given as an argument works too, but stays in your shell's history."""

REMOVE = """\
Remove a token from both token files.

  cursor-api token remove me
  cursor-api token remove me --yes           do not ask for confirmation

The token stays valid at Cursor. To end it, sign out there."""

RENEW = """\
Replace an expired key or token; its name, priority and device stay the same.

  cursor-api token renew me                  ask for it; what you paste is not shown
  cursor-api token renew me < file"""

RENAME = """\
Rename a token.

  cursor-api token rename me work"""

ENABLE = """\
Enable a token that was disabled.

  cursor-api token enable me"""

DISABLE = """\
Disable a token without removing it.

  cursor-api token disable me"""

PRIORITY = """\
Set a token's priority. The gateway uses the highest number first; the default is 0.

  cursor-api token priority me 10            before all others
  cursor-api token priority me -- -1         only when no other token is free"""

TEST = """\
Send one small, real request with a token and show the result.

  cursor-api token test me
  cursor-api token test me --model gpt-4

Exits with 0 if the model answered and with 1 if not. No running gateway is needed."""

COPY = """\
Copy the tokens of the token files to the database DATABASE_URL, sealed with CREDENTIALS_KEY.

  cursor-api token copy

Their priorities and other settings go with them. Tokens that are in the database stay as they are
there; the files stay, too, and can be deleted afterwards."""

SEALING_KEY = """\
Make a new key that seals tokens, and show it. The key is not stored anywhere.

  cursor-api token sealing-key

Put it into CREDENTIALS_KEY, or into a file that CREDENTIALS_KEY_FILE names, and restart: the tokens
in the token files are sealed then. Keep it apart from them and from backups."""

RESEAL = """\
Seal all tokens with the first key of CREDENTIALS_KEY, in the token files or in the database.

To change the key:
  CREDENTIALS_KEY=OLD,NEW                    at every node, one after the other
  CREDENTIALS_KEY=NEW,OLD                    at every node, one after the other
  cursor-api token reseal
  CREDENTIALS_KEY=NEW                        at every node, one after the other

One gateway alone needs no first step. It can be repeated at any time, and changes either all
tokens or none."""

TAKE_OVER = """\
Import tokens from the earlier program, from its later versions, or from a file of your own.

  cursor-api import /path/to/its/folder --dry-run    show what would happen to each line
  cursor-api import /path/to/its/folder
  cursor-api import old/.tokens

Reads .token and .token-list (0.1), .tokens (0.1.3 and later: token,checksum and an optional third
column), and the JSON that later versions return from POST /tokens/get. It cannot read their
tokens.bin. Tokens that you already have stay as they are, with their device. The source is never
changed. Exits with 1 if any line could not be imported."""


ALIAS = "the name that `token list` shows"


def add_commands(commands: Subcommands) -> None:
    """Put `token` and what stands below it among the commands, and `import`."""
    own = Subcommands(commands.add("token", None, OVERVIEW))

    show = own.add("show", run_later("tokens.editor", "show"), SHOW)
    show.add_argument("--reveal", action="store_true", help="show the token itself")
    take = own.add("import", run_later("tokens.editor", "take_over"), IMPORT)
    take.add_argument("--alias", help="name for the token")
    take.add_argument(
        "--replace",
        action="store_true",
        help="replace the token of this name; its device stays",
    )
    for sub in (show, take):
        sub.add_argument(
            "--database",
            type=Path,
            metavar="FILE",
            help="the editor's state.vscdb, if it is not found by itself",
        )

    listing = own.add("list", run_later("tokens.actions", "show_all"), LIST)
    add = own.add("add", run_later("tokens.actions", "add"), ADD)
    # Any number, so that a surplus one does not come back in argparse's message.
    add.add_argument(
        "token", nargs="*", help="`-` reads standard input; without it, the command asks"
    )
    add.add_argument("--alias", help="name for the token")
    add.add_argument("--checksum", help="the device that the token belongs to (default: a new one)")
    remove = own.add("remove", run_later("tokens.actions", "remove"), REMOVE)
    remove.add_argument("alias", metavar="ALIAS", help=ALIAS)
    remove.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    test = own.add("test", run_later("tokens.trial", "test"), TEST)
    test.add_argument("alias", metavar="ALIAS", help=ALIAS)
    test.add_argument("--model", help="the model to ask (default: a cheap one)")

    changes = _add_changes(own)
    sealing = _add_sealing(own)

    for sub in (show, listing, test):
        sub.add_argument("--json", action="store_true", help="print JSON, for scripts")
    over = commands.add("import", run_later("tokens.import_files", "import_files"), TAKE_OVER)
    over.add_argument("path", metavar="PATH", type=Path, help="a folder or a file")
    over.add_argument("--dry-run", action="store_true", help="only show what would be done")
    for sub in (take, listing, add, remove, test, over, *changes, *sealing):
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
        sub.add_argument("alias", metavar="ALIAS", help=ALIAS)
    rename.add_argument("name", metavar="NAME", help="the new name")
    priority.add_argument("priority", metavar="NUMBER", type=int, help="the highest is used first")
    return changes


def _add_sealing(own: Subcommands) -> tuple[argparse.ArgumentParser, ...]:
    """Those about the key and the database; given are the ones that read settings."""
    copy = own.add("copy", run_later("tokens.sealing", "copy"), COPY)
    own.add("sealing-key", run_later("tokens.sealing", "make_key"), SEALING_KEY)
    return copy, own.add("reseal", run_later("tokens.sealing", "reseal"), RESEAL)
