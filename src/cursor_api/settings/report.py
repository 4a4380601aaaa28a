"""What `cursor-api check-config` prints: every value, where it came from, and what is wrong."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from cursor_api.options.rules import Finding
from cursor_api.settings.load import Loaded
from cursor_api.settings.resolve import DEFAULT, Row

WIDTH = 100
# Wide enough for the longest name, for a URL, and for "cursor-api.toml [listener]".
_NAME_WIDTH = 34
_VALUE_WIDTH = 36
_INDENT = 2


def render_check(loaded: Loaded[Any], *, width: int = WIDTH, only_set: bool = False) -> str:
    """The report as plain text without a line end at its end, at most `width` columns wide.

    `only_set` leaves out what has its default and no problem. Its last line begins with "OK"
    exactly when `loaded` has no problems.
    """
    wrong = {problem.variable for problem in loaded.problems}
    shown = [
        row for row in loaded.rows if not only_set or row.source != DEFAULT or row.name in wrong
    ]
    lines: list[str] = []
    for heading, rows in itertools.groupby(shown, key=lambda row: row.heading):
        lines.append(cut(heading, width))
        for row in rows:
            lines.extend(_row_lines(row, width, is_wrong=row.name in wrong))
        lines.append("")
    lines.extend(_finding_lines("Warnings", loaded.warnings, width))
    lines.extend(_finding_lines("Problems", loaded.problems, width))
    left_out_count = len(loaded.rows) - len(shown)
    if left_out_count:
        lines.append(f"{left_out_count} more have their defaults: cursor-api check-config --all")
    lines.append(_verdict(loaded))
    return "\n".join(lines)


def _row_lines(row: Row, width: int, *, is_wrong: bool) -> Iterator[str]:
    value_column = _INDENT + _NAME_WIDTH
    # In a narrow terminal the source comes close behind the value.
    value_width = min(_VALUE_WIDTH, max(width - WIDTH + _VALUE_WIDTH, 0))
    head = f"{'!' if is_wrong else '':<{_INDENT}}{row.label:<{_NAME_WIDTH}}"
    value = cut(row.shown, width - value_column)
    padding = max(value_width - display_width(value), 0) or 1
    source_column = value_column + display_width(value) + padding
    if source_column + display_width(row.source) <= width and (
        display_width(value) < value_width or width < WIDTH
    ):
        yield f"{head}{value}{' ' * padding}{row.source}".rstrip()
        return
    yield f"{head}{value}"
    source_column = value_column + value_width
    yield f"{' ' * source_column}{cut(row.source, width - source_column)}"


def _finding_lines(title: str, findings: Sequence[Finding], width: int) -> Iterator[str]:
    if not findings:
        return
    yield title
    for number, finding in enumerate(findings, start=1):
        mark = f"{number:>{_INDENT + 2}}. "
        for index, line in enumerate(wrap(str(finding), width - len(mark))):
            yield f"{mark if index == 0 else ' ' * len(mark)}{line}"
    yield ""


def _verdict(loaded: Loaded[Any]) -> str:
    warnings = _count(len(loaded.warnings), "warning")
    if loaded.problems:
        return f"NOT OK: {_count(len(loaded.problems), 'problem')}, {warnings}."
    return f"OK: {_count(len(loaded.rows), 'setting')}, no problems, {warnings}."


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"


def display_width(text: str) -> int:
    """Terminal columns: Chinese and emoji take two each."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def cut(text: str, width: int) -> str:
    """The text in at most `width` terminal columns; what is left out leaves a sign."""
    if display_width(text) <= width:
        return text
    while display_width(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken at spaces; an overlong word is cut."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if display_width(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(cut(word, width))
    return [line for line in lines if line]
