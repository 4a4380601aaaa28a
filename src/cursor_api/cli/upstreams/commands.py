"""`cursor-api upstream …`: what the commands are called and how they explain themselves.

What they do is loaded when one is run, so that serving starts without it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

OVERVIEW = """\
Add, list, test and remove upstreams: the places that models are asked at, with your own keys.

A well-known one needs its name and a key, one on this machine not even that:
  cursor-api upstream add deepseek
  cursor-api upstream add ollama
  cursor-api upstream presets          lists the well-known ones

They stand as [[upstream]] blocks in cursor-api.toml, each key in a file of its own. Cursor's own
upstreams need no block: see `cursor-api token`."""

ADD = """\
Add an upstream to the TOML file, and its key to a file of its own.

  cursor-api upstream add deepseek                       asks for the key, and does not show it
  cursor-api upstream add deepseek < key.txt             takes the key from a file
  cursor-api upstream add deepseek --key-env DEEPSEEK_API_KEY
  cursor-api upstream add work --preset openai --model gpt-5 --model gpt-5-mini
  cursor-api upstream add box --base-url http://192.168.1.20:8000 --allow-http --no-key

The result is checked before the file is changed; comments and everything else in it stay as they
are. A key is never taken from the command line: it would stay in your shell's history."""

LIST = """\
List the upstreams with kind, address, models and where their keys are.

  cursor-api upstream list
  cursor-api upstream list --json"""

SHOW_PRESETS = """\
List the well-known upstreams that `add` knows by name.

  cursor-api upstream presets
  cursor-api upstream presets --json"""

REMOVE = """\
Take an upstream out of the TOML file again, and the file of keys that `add` has made for it.

  cursor-api upstream remove deepseek
  cursor-api upstream remove deepseek --yes           does not ask

The key itself stays valid at its provider."""

TEST = """\
Ask an upstream for its models, and with --chat one short question of one of them.

  cursor-api upstream test deepseek
  cursor-api upstream test deepseek --chat
  cursor-api upstream test deepseek --chat --model deepseek-chat

Asking for models costs nothing; the question costs a few tokens. Exits with 0 when it answered and
with 1 when it did not. Needs no running gateway."""


def add_commands(commands: Subcommands) -> None:
    """Put `upstream` and what stands below it among the commands."""
    own = Subcommands(commands.add("upstream", None, OVERVIEW))
    _add_add(own)
    listing = own.add("list", run_later("upstreams.actions", "show_all"), LIST)
    presets = own.add("presets", run_later("upstreams.actions", "show_presets"), SHOW_PRESETS)
    remove = own.add("remove", run_later("upstreams.changes", "remove"), REMOVE)
    remove.add_argument("name", metavar="NAME")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    test = own.add("test", run_later("upstreams.trial", "test"), TEST)
    test.add_argument("name", metavar="NAME")
    test.add_argument("--chat", action="store_true", help="ask a short question as well")
    test.add_argument("--model", help="the model to ask (default: the first that is listed)")
    for sub in (listing, presets, test):
        sub.add_argument("--json", action="store_true", help="for scripts")
    for sub in (listing, remove, test):
        add_config(sub)


def _add_add(own: Subcommands) -> None:
    add = own.add("add", run_later("upstreams.changes", "add"), ADD)
    add.add_argument("name", metavar="NAME", help="what to call it; a preset's name says the rest")
    # So that a key that stands there does not come back in argparse's message.
    add.add_argument("surplus", nargs="*", help=argparse.SUPPRESS)
    add.add_argument("--preset", metavar="PRESET", help="a well-known one (default: NAME)")
    add.add_argument("--base-url", metavar="URL", help="its address, with /v1 or without")
    add.add_argument("--kind", help="how it is spoken to (default: the preset's, else openai)")
    add.add_argument(
        "--model",
        action="append",
        metavar="MODEL",
        help="serve this one; may be repeated (default: what the upstream lists)",
    )
    keys = add.add_mutually_exclusive_group()
    keys.add_argument(
        "--key-file", type=Path, metavar="FILE", help="a file with the key, which stays where it is"
    )
    keys.add_argument("--key-env", metavar="NAME", help="the variable that holds the key")
    keys.add_argument("--no-key", action="store_true", help="the server asks for none")
    add.add_argument(
        "--allow-http",
        action="store_true",
        help="allow http:// to another machine: within your own network only",
    )
    add_config(add)
