"""The command that sets a gateway up: its key, and the first credential or upstream.

Rules of this file:
- What is there stays: a key is made only where none is set, and nothing is replaced.
- The key is not shown; `connect` shows it to whoever copies it.
- Each thing that is added is added by the command that adds it alone.
"""

from __future__ import annotations

import argparse
import re
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from cursor_api.cli.home.folder import DOTENV, make_home
from cursor_api.cli.home.settings import load_groups, load_upstreams
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.telling import told
from cursor_api.cli.tokens import actions as token_actions
from cursor_api.cli.tokens import editor as token_editor
from cursor_api.cli.upstreams import changes as upstream_changes
from cursor_api.domain.errors import StoreError
from cursor_api.files.disk import Disk
from cursor_api.installed import SCHEMA, Names, Settings, TokenFiles
from cursor_api.options.rules import find_mode
from cursor_api.settings.block_file import change_file

KEY_BYTES: Final = 24
ALIAS: Final = "me"
OTHERS: Final = 0o077
# A line that gives the key an empty value, for somebody to fill in.
_EMPTY_KEY: Final = re.compile(r"^(?:export[ \t]+)?AUTH_TOKEN[ \t]*=[ \t]*$", re.MULTILINE)

MENU: Final = """
What do you want to use? You can add more at any time.
  1  Cursor, with an API key (crsr_…) or a session token that you paste
  2  Cursor, with the session token of the editor on this computer
  3  another provider with its key, or models on this machine
  4  nothing yet"""
NOTHING_TO_ASK: Final = """
The gateway has no upstream yet. Add one or more:
  cursor-api token add                 your Cursor API key (crsr_…), or a session token
  cursor-api token import              the session token of the Cursor editor on this computer
  cursor-api upstream add deepseek     another provider's key; `upstream presets` lists them"""
NEXT: Final = """
Next:
  cursor-api serve                     start the gateway; then, in another terminal:
  cursor-api chat "Say hello."         get a first answer
  cursor-api connect                   show the settings for your programs"""
ELSEWHERE: Final = (
    "The commands work in this folder. To use them anywhere: export CURSOR_API_HOME={home}"
)


def init(parsed: argparse.Namespace) -> int:
    """`init`."""
    home = make_home()
    print_result(say("home: {home}", home=home))
    try:
        is_ready = _ensure_key(home, parsed)
    except StoreError as error:
        print_error(say("error: {error}", error=told(error)))
        return 1
    if not is_ready:
        return 1
    status = _add(parsed)
    if status == 0:
        print_result(say(NEXT) if _has_something(parsed) else say(NOTHING_TO_ASK))
        if home == Path.cwd():
            print_result(say(ELSEWHERE, home=home))
    return status


# --- The key


def _ensure_key(home: Path, parsed: argparse.Namespace) -> bool:
    """Whether there is one now; a word on it where there is not. Raises StoreError."""
    loaded = load_groups(frozenset({"access"}), parsed.config)
    for problem in loaded.problems:
        print_error(say("error: {error}", error=told(problem)))
    if loaded.problems:
        return False
    place = loaded.facts.places.get("AUTH_TOKEN")
    # A key that was made up for loading the settings stands in no place.
    if place is not None and loaded.facts.find("AUTH_TOKEN") and not _is_empty(home, place):
        print_result(say("The gateway has a key already (AUTH_TOKEN, {place}).", place=place))
        return True
    dotenv = home / DOTENV
    change_file(dotenv, _with_key, lambda _draft: None, Disk())
    print_result(
        say(
            "Created the gateway's key: AUTH_TOKEN in {path}. Your programs use it as their"
            " API key.",
            path=dotenv,
        )
    )
    if find_mode(dotenv) & OTHERS:
        print_error(
            say("warning: other users of this computer can read it: chmod 600 {path}", path=dotenv)
        )
    return True


def _is_empty(home: Path, place: str) -> bool:
    """Whether an empty value there had the default put in its place."""
    if not place.startswith(DOTENV):
        return False
    return bool(_EMPTY_KEY.search((home / DOTENV).read_text(encoding="utf-8-sig")))


def _with_key(text: str) -> str:
    line = f"AUTH_TOKEN={secrets.token_hex(KEY_BYTES)}"
    if _EMPTY_KEY.search(text):
        return _EMPTY_KEY.sub(line, text, count=1)
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{line}\n"


# --- What it shall ask


def _add(parsed: argparse.Namespace) -> int:
    """What the options say, or whoever sits there; nothing where neither does."""
    if parsed.takes_editor:
        return _take_editor(parsed)
    if parsed.token:
        return _add_token(parsed)
    if parsed.upstream is not None:
        return _add_upstream(parsed.upstream, parsed)
    if parsed.yes or not sys.stdin.isatty() or _has_something(parsed):
        return 0
    return _ask(parsed)


def _ask(parsed: argparse.Namespace) -> int:
    print_result(say(MENU))
    match _answer(say("Number [4]: ")):
        case "1":
            return _add_token(parsed)
        case "2":
            return _take_editor(parsed)
        case "3":
            name = _answer(say("Which? (openai, anthropic, deepseek, openrouter, ollama, …): "))
            return _add_upstream(name, parsed) if name else 0
        case _:
            return 0


def _answer(question: str) -> str:
    with suppress(EOFError):
        return input(question).strip()
    return ""


def _add_token(parsed: argparse.Namespace) -> int:
    alias = parsed.alias or ALIAS
    return token_actions.add(
        argparse.Namespace(token=[], alias=alias, checksum=None, config=parsed.config)
    )


def _take_editor(parsed: argparse.Namespace) -> int:
    return token_editor.take_over(
        argparse.Namespace(alias=parsed.alias, replace=False, database=None, config=parsed.config)
    )


def _add_upstream(name: str, parsed: argparse.Namespace) -> int:
    unsaid = ("preset", "base_url", "kind", "model", "key_file", "key_env", "no_key", "allow_http")
    given = dict.fromkeys(unsaid)
    return upstream_changes.add(
        argparse.Namespace(name=name, surplus=[], **given, config=parsed.config)
    )


def _has_something(parsed: argparse.Namespace) -> bool:
    """Whether a gateway that is started now has anything to ask. Problems are told by `serve`."""
    loaded = load_upstreams(parsed.config)
    if loaded.checked is None:
        return True
    settings = loaded.settings
    has_keys = any(one.api_keys or one.name not in SCHEMA.own_kinds for one in settings.upstreams)
    return has_keys or _has_tokens(settings)


def _has_tokens(settings: Settings) -> bool:
    names = Names(str(settings.files.token_file), str(settings.files.token_list_file))
    try:
        book = TokenFiles(names, _no_checksum).look()
    except StoreError:
        return True
    return bool(book.credentials or book.lacking)


def _no_checksum() -> str:
    raise RuntimeError("a look gives nobody a device")
