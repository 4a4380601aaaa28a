"""Putting one variable into the text of a `.env` file, and taking one out.

Rules of this file:
- The rest of the text is not touched: comments, order and line ends stay as they are.
- A text is changed only where it reads afterwards as it did before, but for that variable.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dotenv.parser import Binding

_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./~-]+")
# What stands behind a value on its line; with a quote in it, it may be a part of the value.
_COMMENT: Final = re.compile(r"[ \t]+#[^\r\n\"'#]*$")


class TextChangeError(Exception):
    """The text cannot be changed; says why, in words for its owner."""


def set_variable(text: str, name: str, value: str | None, others: Collection[str] = ()) -> str:
    """The text with this value under this name; None takes it out.

    `others` are further spellings of the name, which go as well. Raises TextChangeError where the
    result would not say that.
    """
    wanted = {key: one for key, one in _read(text).items() if key != name and key not in others}
    if value is not None:
        wanted[name] = value
    changed = "".join(_pieces(text, name, value, others))
    if _read(changed) == wanted:
        return changed
    raise TextChangeError(f"{name} cannot be written there as it is; change the file by hand")


def _pieces(text: str, name: str, value: str | None, others: Collection[str]) -> Iterator[str]:
    newline = "\r\n" if "\r\n" in text else "\n"
    bindings = _parse(text)
    places = [
        place for place, one in enumerate(bindings) if one.key == name or one.key in {*others}
    ]
    for place, binding in enumerate(bindings):
        string = binding.original.string
        if place not in places:
            yield string
            continue
        # Blank lines above belong to the layout.
        body = string.lstrip("\r\n")
        yield string[: len(string) - len(body)]
        if value is not None and place == places[-1]:
            line = body.rstrip("\r\n")
            yield _line(name, value) + find_comment(line) + body[len(line) :]
    if value is not None and not places:
        if text and not text.endswith(("\n", "\r")):
            yield newline
        yield _line(name, value) + newline


def find_comment(line: str) -> str:
    """What stands behind a value, and the space before it; "" where it may be part of the value."""
    found = _COMMENT.search(line)
    return found[0] if found and line.count("#") == 1 else ""


def _line(name: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f"{name}={value}"
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{quoted}'"


def _read(text: str) -> dict[str, str | None]:
    """What it says, as it is read: the later of two wins."""
    return {one.key: one.value for one in _parse(text) if one.key is not None}


def _parse(text: str) -> list[Binding]:
    # Loaded for those alone who change such a file.
    from dotenv.parser import parse_stream  # noqa: PLC0415

    return list(parse_stream(io.StringIO(text, newline="")))
