"""What `cursor-api check-config` prints: every value, where it came from, and what is wrong."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from cursor_api.options.rules import Finding
from cursor_api.settings import chinese_labels
from cursor_api.settings.findings import in_chinese
from cursor_api.settings.load import Loaded
from cursor_api.settings.resolve import DEFAULT, Row

WIDTH = 100
# Wide enough for the longest name, for a URL, and for "cursor-api.toml [listener]".
_NAME_WIDTH = 34
_VALUE_WIDTH = 36
_INDENT = 2
# What a line is not broken in: spaces, one wide sign, a word; with what has to stand behind it.
# Compiled when a page is first written: it takes a hundredth of the start.
_PIECES = r" +|(?:[\u2e80-\uffef]|[^ \u2e80-\uffef]+)[，。；：、？！）】”]*"


class Page(Struct, frozen=True):
    """How wide it may be, in terminal columns, and in which language."""

    width: int = WIDTH
    is_chinese: bool = False

    def say(self, english: str, chinese: str) -> str:
        """The one that is wanted."""
        return chinese if self.is_chinese else english


PAGE: Final = Page()


def render_check(loaded: Loaded[Any], page: Page = PAGE, *, only_set: bool = False) -> str:
    """The report as plain text without a line end at its end.

    `only_set` leaves out what has its default and no problem. Its last line begins with "OK"
    ("检查通过") exactly when `loaded` has no problems.
    """
    wrong = {problem.variable for problem in loaded.problems}
    shown = [
        row for row in loaded.rows if not only_set or row.source != DEFAULT or row.name in wrong
    ]
    lines: list[str] = []
    for heading, rows in itertools.groupby(shown, key=lambda row: row.heading):
        group = list(rows)
        title = chinese_labels.TITLES.get(group[0].setting.table, heading)
        lines.append(cut(page.say(heading, title), page.width))
        for row in group:
            lines.extend(_row_lines(row, page, is_wrong=row.name in wrong))
        lines.append("")
    lines.extend(_finding_lines(page.say("Warnings", "警告"), loaded.warnings, page))
    lines.extend(_finding_lines(page.say("Problems", "错误"), loaded.problems, page))
    left_out_count = len(loaded.rows) - len(shown)
    if left_out_count:
        lines.append(
            page.say(
                f"{left_out_count} more have their defaults: cursor-api check-config --all",
                f"另有 {left_out_count} 项为默认值：cursor-api check-config --all",
            )
        )
    lines.append(_verdict(loaded, page))
    return "\n".join(lines)


def _row_lines(row: Row, page: Page, *, is_wrong: bool) -> Iterator[str]:
    width, source = page.width, page.say(row.source, chinese_labels.translate_source(row.source))
    value_column = _INDENT + _NAME_WIDTH
    # In a narrow terminal the source comes close behind the value.
    value_width = min(_VALUE_WIDTH, max(width - WIDTH + _VALUE_WIDTH, 0))
    head = f"{'!' if is_wrong else '':<{_INDENT}}{row.label:<{_NAME_WIDTH}}"
    shown = page.say(row.shown, chinese_labels.translate_shown(row.shown))
    value = cut(shown, width - value_column)
    padding = max(value_width - display_width(value), 0) or 1
    source_column = value_column + display_width(value) + padding
    if source_column + display_width(source) <= width and (
        display_width(value) < value_width or width < WIDTH
    ):
        yield f"{head}{value}{' ' * padding}{source}".rstrip()
        return
    yield f"{head}{value}"
    source_column = value_column + value_width
    yield f"{' ' * source_column}{cut(source, width - source_column)}"


def _finding_lines(title: str, findings: Sequence[Finding], page: Page) -> Iterator[str]:
    if not findings:
        return
    yield title
    for number, finding in enumerate(findings, start=1):
        mark = f"{number:>{_INDENT + 2}}. "
        shown = in_chinese(finding) if page.is_chinese else finding
        for index, line in enumerate(wrap(str(shown), page.width - len(mark))):
            yield f"{mark if index == 0 else ' ' * len(mark)}{line}"
    yield ""


def _verdict(loaded: Loaded[Any], page: Page) -> str:
    warnings = _count(len(loaded.warnings), "warning")
    said = f"OK: {_count(len(loaded.rows), 'setting')}, no problems, {warnings}."
    if loaded.problems:
        said = f"NOT OK: {_count(len(loaded.problems), 'problem')}, {warnings}."
    if not page.is_chinese:
        return said
    rest = f"{len(loaded.problems)} 个错误，{len(loaded.warnings)} 个警告。"
    return (
        f"检查未通过：{rest}" if loaded.problems else f"检查通过：{len(loaded.rows)} 项设置，{rest}"
    )


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
    """The text in lines of at most `width` columns; an overlong word is cut.

    Lines break at spaces, and between Chinese signs, but before none that ends something.
    """
    lines = [""]
    for piece in re.findall(_PIECES, text):
        joined = lines[-1] + piece
        if display_width(joined.rstrip()) <= width:
            lines[-1] = joined
        elif piece.strip():
            lines.append(cut(piece, width))
    return [line.strip() for line in lines if line.strip()]
