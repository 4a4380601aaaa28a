"""Putting another value for one key into the text of a TOML file, and taking a key out.

Rules of this file:
- The rest of the text is not touched: comments, order and line ends stay as they are.
- A text is changed only where it reads afterwards as it did before, but for that key.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cursor_api.options.said import tell
from cursor_api.settings.dotenv_text import TextChangeError, find_comment

BOM: Final = "\ufeff"
_HEADER: Final = re.compile(r"\s*\[(?!\[)\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_ANY_HEADER: Final = re.compile(r"\s*\[")


def set_key(text: str, table: str, key: str, value: str | None) -> str:
    """The text with this value, which is TOML already, for a key that is there; None: without it.

    Raises TextChangeError where the key is not written on a line of its own.
    """
    wanted = copy.deepcopy(parse(text))
    there = wanted.get(table)
    if not isinstance(there, dict) or key not in there:
        raise TextChangeError(f"[{table}] has no {key}")
    if value is None:
        del there[key]
    else:
        there[key] = tomllib.loads(f"x = {value}")["x"]
    lines = text.splitlines(keepends=True)
    for number in _candidates(lines, table, key):
        changed = "".join(
            [*lines[:number], _replace(lines[number], key, value), *lines[number + 1 :]]
        )
        if says(changed, wanted):
            return changed
    raise TextChangeError(
        f"{key} in [{table}] is not written on a line of its own; change the file by hand"
    )


def write_value(text: str, types: Sequence[type]) -> str:
    """A setting's text as TOML: of these types where it is written like one, else a string."""
    if bool in types and text.lower() in {"true", "false"}:
        return text.lower()
    if int in types and re.fullmatch(r"0|[1-9][0-9]{0,17}", text):
        return text
    # JSON's escapes are TOML's as well.
    return json.dumps(text, ensure_ascii=False)


def _candidates(lines: Sequence[str], table: str, key: str) -> Iterator[int]:
    pattern = re.compile(rf"\s*(?:{re.escape(key)}|\"{re.escape(key)}\"|'{re.escape(key)}')\s*=")
    is_inside = False
    for number, line in enumerate(lines):
        bare = line.rstrip("\r\n").lstrip(BOM)
        if _ANY_HEADER.match(bare):
            header = _HEADER.match(bare)
            is_inside = header is not None and header[1].strip("\"'") == table
        elif is_inside and pattern.match(bare):
            yield number


def _replace(line: str, key: str, value: str | None) -> str:
    if value is None:
        return ""
    body = line.rstrip("\r\n")
    indent = body[: len(body) - len(body.lstrip())]
    return f"{indent}{key} = {value}{find_comment(body)}{line[len(body) :]}"


def says(text: str, wanted: Mapping[str, Any]) -> bool:
    """Whether the text is TOML of this meaning."""
    try:
        return parse(text) == wanted
    except TextChangeError:
        return False


def parse(text: str) -> dict[str, Any]:
    """What it means; raises TextChangeError where it is no TOML."""
    try:
        return tomllib.loads(text.removeprefix(BOM))
    except (ValueError, RecursionError) as error:
        raise TextChangeError(
            tell("it is not TOML; `cursor-api check-config` says where")
        ) from error
