"""In which language the commands speak: Chinese where the user's is, else English.

The English stands where it is said. The Chinese stands in `chinese.toml`, by the English or by the
name of the command; what is missing there is said in English. What programs read is English,
whatever the user's language is: a script matches one text on every machine.
"""

from __future__ import annotations

import argparse
import functools
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from cursor_api.cli.terminal.command_tree import walk

# The first that is set counts, as for every program.
VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
CHINESE: Final = Path(__file__).parent.parent / "chinese.toml"

Table = Mapping[str, Mapping[str, str]]

_IS_FOR_PROGRAMS: Final = ContextVar("is_for_programs", default=False)


@contextmanager
def for_programs() -> Iterator[None]:
    """What is said within is read by programs, as with `--json`: it is English."""
    token = _IS_FOR_PROGRAMS.set(True)
    try:
        yield
    finally:
        _IS_FOR_PROGRAMS.reset(token)


def is_chinese(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the user's language is Chinese, as the environment says."""
    if _IS_FOR_PROGRAMS.get():
        return False
    environ = os.environ if environ is None else environ
    language = next((value for name in VARIABLES if (value := environ.get(name))), "")
    return language.lower().startswith("zh")


@functools.cache
def load_chinese() -> Table:
    """All of it, by section; loaded by those alone who want it."""
    return tomllib.loads(CHINESE.read_text(encoding="utf-8"))


def say(text: str, /, **facts: object) -> str:
    """The text in the user's language, with the facts in its braces.

    A text without facts is taken as it is, braces and all.
    """
    said = load_chinese()["said"].get(text, text) if is_chinese() else text
    return said.format(**facts) if facts else said


def say_word(text: str) -> str:
    """A word of the parser's own, or of a table where it means another thing than elsewhere."""
    return load_chinese()["words"].get(text, text) if is_chinese() else text


def speak(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser, with its help in the user's language."""
    if is_chinese():
        translate(parser, load_chinese())
    return parser


def translate(parser: argparse.ArgumentParser, table: Table) -> None:
    """Put the table's words in the place of the parser's, in all commands below it."""
    for node in list(walk(parser)):
        own = node.parser
        own.description = table["help"].get(" ".join(node.path), own.description)
        groups: Any = own._action_groups  # noqa: SLF001 - argparse has no other way to them
        for group in groups:
            group.title = table["words"].get(group.title, group.title)
        for action in own._actions:  # noqa: SLF001 - as above
            if action.help:
                action.help = table["options"].get(action.help, action.help)
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
                for one in action._choices_actions:  # noqa: SLF001 - as above
                    text = table["help"].get(" ".join((*node.path, one.dest)))
                    one.help = text.split("\n", 1)[0] if text else one.help
