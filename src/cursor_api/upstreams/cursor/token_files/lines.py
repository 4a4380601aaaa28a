"""Changing single lines of a file's bytes; every other byte stays where it is.

Line numbers count from 1 and agree with those of `token_text`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from cursor_api.upstreams.cursor.token_files.text import UTF8_BOM

# As many lines are named.
NAMED_MAX: Final = 10


def name_lines(numbers: Sequence[int]) -> str:
    """`line 3` or `lines 3, 7`; where there are many, how many more."""
    named = f"line{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers[:NAMED_MAX]))}"
    more = len(numbers) - NAMED_MAX
    return f"{named} and {more} more" if more > 0 else named


def split_lines(data: bytes) -> list[bytes]:
    """The lines with their ends; joined they are `data` again. A last empty one is left out."""
    *ended, last = data.split(b"\n")
    lines = [line + b"\n" for line in ended]
    return [*lines, last] if last else lines


def append_lines(data: bytes, texts: Sequence[str]) -> bytes:
    """Add lines with the line end that the file's last line has, LF in a new file."""
    if not texts:
        return data
    lines = split_lines(data)
    ended = next((line for line in reversed(lines) if line.endswith(b"\n")), b"")
    end = b"\r\n" if ended.endswith(b"\r\n") else b"\n"
    is_open = data not in {b"", UTF8_BOM} and not data.endswith(b"\n")
    added = b"".join(text.encode() + end for text in texts)
    return data + (end if is_open else b"") + added


def remove_lines(data: bytes, numbers: Collection[int]) -> bytes:
    """Take lines out, with their ends. A byte order mark stays the first thing in the file."""
    mark, lines = _split_mark(data)
    return mark + b"".join(
        line for number, line in enumerate(lines, start=1) if number not in numbers
    )


def replace_lines(data: bytes, texts: Mapping[int, str]) -> bytes:
    """Put texts in the place of lines, each with the end that the line had."""
    mark, lines = _split_mark(data)
    for number, text in texts.items():
        old = lines[number - 1]
        end = old[len(old.rstrip(b"\r\n")) :]
        lines[number - 1] = text.encode() + end
    return mark + b"".join(lines)


def _split_mark(data: bytes) -> tuple[bytes, list[bytes]]:
    mark = UTF8_BOM if data.startswith(UTF8_BOM) else b""
    return mark, split_lines(data[len(mark) :])
