"""The commands as a tree, read from the parser: for completion and for the page about them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple


class Word(NamedTuple):
    """Something that may be typed, and what it is for."""

    text: str
    about: str


class Node(NamedTuple):
    """A command: the words that lead to it, what may follow, and its parser.

    `words` are commands below it, or the values that its argument may have.
    """

    path: tuple[str, ...]
    parser: argparse.ArgumentParser
    words: tuple[Word, ...]
    options: tuple[Word, ...]


def walk(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[Node]:
    """The command and all below it, as they were added."""
    words: list[Word] = []
    options: list[Word] = []
    below: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:  # noqa: SLF001 - argparse tells of itself nowhere else
        about = _plain(parser, action)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            words += [Word(one.dest, one.help or "") for one in action._choices_actions]  # noqa: SLF001
            below += action.choices.items()
        elif action.option_strings:
            options += [Word(text, about) for text in action.option_strings if len(text) > 2]  # noqa: PLR2004 - `--x`, not `-x`
        elif action.choices:
            words += [Word(str(choice), about) for choice in action.choices]
    yield Node(path, parser, tuple(words), tuple(options))
    for name, one in below:
        yield from walk(one, (*path, name))


def _plain(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    if not action.help or action.help == argparse.SUPPRESS:
        return ""
    return parser._get_formatter()._expand_help(action)  # noqa: SLF001 - with its default filled in
