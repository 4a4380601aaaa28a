"""`cursor-api upstream …`: what the commands are called and how they explain themselves.

What they do is loaded when one is run, so that serving starts without it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later

OVERVIEW = """\
Manage upstreams: the services that the gateway asks for models, with your own keys.

For a well-known upstream, a name and a key are enough; one on this machine needs no key:
  cursor-api upstream add deepseek
  cursor-api upstream add ollama
  cursor-api upstream presets          list the well-known upstreams

Each upstream is an [[upstream]] block in cursor-api.toml, and its key is in a file of its own.
Cursor needs no block: see `cursor-api token`."""

ADD = """\
Add an upstream to the TOML file, and its key to a separate file.

  cursor-api upstream add deepseek                       ask for the key; it is not shown
  cursor-api upstream add deepseek < key.txt             read the key from a file
  cursor-api upstream add deepseek --key-env DEEPSEEK_API_KEY
  cursor-api upstream add work --preset openai --model gpt-5 --model gpt-5-mini
  cursor-api upstream add box --base-url http://192.168.1.20:8000 --allow-http --no-key

The result is checked before the file is changed. Comments and everything else in the file stay as
they are. A key is never accepted as an argument, because it would stay in your shell's history."""

LIST = """\
List the upstreams with kind, address, models and where their keys are.

  cursor-api upstream list
  cursor-api upstream list --json"""

SHOW_PRESETS = """\
List the well-known upstreams that `upstream add` knows by name.

  cursor-api upstream presets
  cursor-api upstream presets --json"""

REMOVE = """\
Remove an upstream from the TOML file, and the key file that `upstream add` made for it.

  cursor-api upstream remove deepseek
  cursor-api upstream remove deepseek --yes           do not ask for confirmation

The key stays valid at its provider."""

TEST = """\
Ask an upstream for its list of models; with --chat, also send one short question.

  cursor-api upstream test deepseek
  cursor-api upstream test deepseek --chat
  cursor-api upstream test deepseek --chat --model deepseek-chat

The list costs nothing; the question costs a few tokens. Exits with 0 if the upstream answered and
with 1 if not. No running gateway is needed."""


NAME = "the name that `upstream list` shows"


def add_commands(commands: Subcommands) -> None:
    """Put `upstream` and what stands below it among the commands."""
    own = Subcommands(commands.add("upstream", None, OVERVIEW))
    _add_add(own)
    listing = own.add("list", run_later("upstreams.actions", "show_all"), LIST)
    presets = own.add("presets", run_later("upstreams.actions", "show_presets"), SHOW_PRESETS)
    remove = own.add("remove", run_later("upstreams.changes", "remove"), REMOVE)
    remove.add_argument("name", metavar="NAME", help=NAME)
    remove.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    test = own.add("test", run_later("upstreams.trial", "test"), TEST)
    test.add_argument("name", metavar="NAME", help=NAME)
    test.add_argument("--chat", action="store_true", help="also send a short question")
    test.add_argument("--model", help="the model to ask (default: the first that is listed)")
    for sub in (listing, presets, test):
        sub.add_argument("--json", action="store_true", help="print JSON, for scripts")
    for sub in (listing, remove, test):
        add_config(sub)


def _add_add(own: Subcommands) -> None:
    add = own.add("add", run_later("upstreams.changes", "add"), ADD)
    add.add_argument(
        "name", metavar="NAME", help="name of the upstream; a preset's name is enough by itself"
    )
    # So that a key that stands there does not come back in argparse's message.
    add.add_argument("surplus", nargs="*", default=[], help=argparse.SUPPRESS)
    add.add_argument(
        "--preset", metavar="PRESET", help="the preset to use (default: the one called NAME)"
    )
    add.add_argument("--base-url", metavar="URL", help="its address, with or without /v1")
    add.add_argument("--kind", help="which API it has (default: the preset's, else openai)")
    add.add_argument(
        "--model",
        action="append",
        metavar="MODEL",
        help="a model to serve; may be repeated (default: all that the upstream lists)",
    )
    keys = add.add_mutually_exclusive_group()
    keys.add_argument(
        "--key-file", type=Path, metavar="FILE", help="file that holds the key; it is not copied"
    )
    keys.add_argument("--key-env", metavar="NAME", help="environment variable that holds the key")
    keys.add_argument("--no-key", action="store_true", help="the upstream needs no key")
    add.add_argument(
        "--allow-http",
        action="store_true",
        help="allow http:// to another machine; only for your own network",
    )
    add_config(add)
