"""Putting one `[[upstream]]` or `[[model]]` into the text of a TOML file, and taking one out.

Rules of this file:
- The rest of the text is not touched: comments, order and line ends stay as they are.
- A block is taken out only where the rest, read again, is what it was without it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cursor_api.options.said import tell
from cursor_api.settings.dotenv_text import TextChangeError
from cursor_api.settings.toml_text import BOM, parse, says

_HEADER: Final = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
# A block's own sub-tables end nothing; one with more of them than this is left to its owner.
_ENDS_MAX: Final = 20


def render_block(table: str, entries: Mapping[str, object]) -> str:
    """`[[table]]` and its keys, a line each: texts, flags, numbers, lists and tables of texts."""
    lines = [f"[[{table}]]", *(f"{name} = {_render(value)}" for name, value in entries.items())]
    return "".join(f"{line}\n" for line in lines)


def _render(value: object) -> str:
    match value:
        case list() | tuple():
            return f"[{', '.join(map(_render, value))}]"
        case dict():
            pairs = (f"{_render(name)} = {_render(one)}" for name, one in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case _:
            # JSON's escapes are TOML's as well, and so are its numbers and flags.
            return json.dumps(value, ensure_ascii=False)


def append_block(text: str, block: str) -> str:
    """The text with the block at its end, an empty line before it."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += newline
    gap = newline if text.strip(f"{BOM}\r\n") and not text.endswith(newline * 2) else ""
    return text + gap + block.replace("\n", newline)


def find_block(text: str, table: str, name: str) -> Mapping[str, Any] | None:
    """What the block of this name says; None where there is none. TextChangeError: no TOML."""
    return _find(parse(text), table, name)


def cut_block(text: str, table: str, name: str) -> str:
    """The text without the block of this name; raises TextChangeError where it is not found whole.

    Comments behind its last key stay, as they may belong to what follows.
    """
    wanted = parse(text)
    block = _find(wanted, table, name)
    if block is None:
        raise TextChangeError(
            tell('there is no [[{table}]] with name = "{name}"', table=table, name=name)
        )
    rest = [one for one in wanted[table] if one is not block]
    if rest:
        wanted[table] = rest
    else:
        del wanted[table]
    lines = text.splitlines(keepends=True)
    for start, end in _candidates(lines, table):
        shorter = "".join(_without(lines, start, end))
        if says(shorter, wanted):
            return shorter
    raise TextChangeError(
        tell(
            'the [[{table}]] with name = "{name}" is not written as a block of its own; take it out'
            " by hand",
            table=table,
            name=name,
        )
    )


def _find(tables: Mapping[str, Any], table: str, name: str) -> Mapping[str, Any] | None:
    blocks = tables.get(table)
    if not isinstance(blocks, list):
        return None
    return next((one for one in blocks if isinstance(one, dict) and one.get("name") == name), None)


def _candidates(lines: Sequence[str], table: str) -> Iterator[tuple[int, int]]:
    """From each `[[table]]` to each header after it, the nearest first."""
    headers = [(number, match[1]) for number, line in enumerate(lines) if (match := _header(line))]
    for place, (start, name) in enumerate(headers):
        if name.strip("\"'") == table and lines[start].lstrip().startswith("[["):
            ends = [number for number, _ in headers[place + 1 : place + _ENDS_MAX]]
            if len(headers) <= place + _ENDS_MAX:
                ends.append(len(lines))
            yield from ((start, end) for end in ends)


def _header(line: str) -> re.Match[str] | None:
    return _HEADER.match(line.rstrip("\r\n").lstrip(BOM))


def _without(lines: Sequence[str], start: int, end: int) -> Sequence[str]:
    while end > start + 1 and _is_idle(lines[end - 1]):
        end -= 1
    # The empty line that was put before it goes with it.
    if start and not lines[start - 1].strip():
        start -= 1
    return [*lines[:start], *lines[end:]]


def _is_idle(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")
