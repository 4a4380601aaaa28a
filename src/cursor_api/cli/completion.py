"""The command that prints a shell's script for completion, made from the parser.

Rules of this file:
- The scripts know all words themselves: the program is not started at each press of a key.
- Where a script knows nothing it leaves the shell's own completion of files alone.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from cursor_api.cli.command import make_parser
from cursor_api.cli.terminal.command_tree import Node, Word, walk
from cursor_api.cli.terminal.language import speak
from cursor_api.cli.terminal.output import print_result


def completion(parsed: argparse.Namespace) -> int:
    """`completion`."""
    nodes = list(walk(speak(make_parser())))
    print_result("\n".join(_SCRIPTS[parsed.shell](nodes)))
    return 0


def _bash(nodes: Sequence[Node]) -> Iterator[str]:
    yield "_cursor_api() {"
    yield "    local at='' words='' i"
    yield "    for ((i = 1; i < COMP_CWORD; i++)); do"
    yield '        case "$at ${COMP_WORDS[i]}" in'
    yield f'            {_paths(nodes)}) at="$at ${{COMP_WORDS[i]}}" ;;'
    yield "        esac"
    yield "    done"
    yield '    case "$at" in'
    for node in nodes:
        words = " ".join(word.text for word in (*node.words, *node.options))
        yield f"        {_at(node)}) words={shlex.quote(words)} ;;"
    yield "    esac"
    yield '    COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))'
    yield "}"
    yield "complete -o bashdefault -o default -F _cursor_api cursor-api"


def _zsh(nodes: Sequence[Node]) -> Iterator[str]:
    yield "#compdef cursor-api"
    yield "_cursor_api() {"
    yield "    local at='' i"
    yield "    local -a found"
    yield "    for ((i = 2; i < CURRENT; i++)); do"
    yield '        case "$at ${words[i]}" in'
    yield f'            {_paths(nodes)}) at="$at ${{words[i]}}" ;;'
    yield "        esac"
    yield "    done"
    yield '    case "$at" in'
    for node in nodes:
        told = (*node.words, *node.options) if not node.words else node.words
        words = " ".join(shlex.quote(_zsh_word(word)) for word in told)
        options = " ".join(shlex.quote(_zsh_word(word)) for word in node.options)
        yield f"        {_at(node)})"
        yield f"            found=({words})"
        yield f"            [[ ${{words[CURRENT]}} == -* ]] && found=({options}) ;;"
    yield "    esac"
    yield "    _describe 'cursor-api' found || _files"
    yield "}"
    # Both ways of loading it: as a file of the function path, and by `source`.
    yield "if [[ ${funcstack[1]} == _cursor_api ]]; then"
    yield '    _cursor_api "$@"'
    yield "else"
    yield "    compdef _cursor_api cursor-api"
    yield "fi"


def _zsh_word(word: Word) -> str:
    return f"{word.text}:{word.about}" if word.about else word.text


def _fish(nodes: Sequence[Node]) -> Iterator[str]:
    yield "function __cursor_api_at"
    yield "    set -l at ''"
    yield "    for word in (commandline -opc)[2..]"
    yield '        switch "$at $word"'
    yield f"            case {' '.join(_at(node) for node in nodes if node.path)}"
    yield '                set at "$at $word"'
    yield "        end"
    yield "    end"
    yield '    test "$at" = "$argv[1]"'
    yield "end"
    for node in nodes:
        here = f"complete -c cursor-api -n {shlex.quote(f'__cursor_api_at {_at(node)}')}"
        for word in node.words:
            yield f"{here} -f -a {word.text}{_fish_about(word)}"
        for option in node.options:
            yield f"{here} -l {option.text.removeprefix('--')}{_fish_about(option)}"


def _fish_about(word: Word) -> str:
    # In fish a backslash counts within single quotes as well.
    text = word.about.replace("\\", "\\\\").replace("'", "\\'")
    return f" -d '{text}'" if text else ""


def _paths(nodes: Sequence[Node]) -> str:
    """All that can be walked, as a pattern."""
    return "|".join(_at(node) for node in nodes if node.path)


def _at(node: Node) -> str:
    """The place of a command as the scripts know it."""
    return shlex.quote("".join(f" {word}" for word in node.path))


_SCRIPTS: Final[Mapping[str, Callable[[Sequence[Node]], Iterator[str]]]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
}
