"""What commands print: instants, facts, text from elsewhere, and a table's rows."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.telling import in_words
from cursor_api.domain.problems import Notice
from cursor_api.options.said import encode_said
from cursor_api.settings.report import display_width

# More than any name, sentence or address that is worth reading in a terminal.
CELL_LENGTH_MAX: Final = 300
# Room for a word, or for three signs of Chinese.
COLUMN_WIDTH_MIN: Final = 8
_MINUTE_S: Final = 60
_HOUR_S: Final = 60 * _MINUTE_S
_DAY_S: Final = 24 * _HOUR_S
# Days are counted from two on: "in 30 h" tells more than "in 1 days".
_UNITS: Final = (
    (2 * _DAY_S, _DAY_S, "{count} days"),
    (2 * _HOUR_S, _HOUR_S, "{count} h"),
    (_MINUTE_S, _MINUTE_S, "{count} min"),
    (0, 1, "{count} s"),
)


class TerminalObserver:
    """Implements `ports.Observer` for a person who waits: warnings are told, the rest is not."""

    def notice(self, event: str, /, **facts: object) -> None:
        """Nothing: the command says itself what it has done."""

    def warn(
        self, event: str | Notice, /, *, exc_info: BaseException | None = None, **facts: object
    ) -> None:
        """One line on standard error."""
        told = facts.values() if exc_info is None else (*facts.values(), exc_info)
        details = "; ".join(map(in_words, told))
        text = f"{plain(in_words(event))}{': ' if details else ''}{plain(details)}"
        print_error(say("warning: {warning}", warning=text))


def plain(text: str) -> str:
    """A text from elsewhere without what a terminal would act upon, and not without end."""
    shown = "".join(sign if sign.isprintable() or sign == "\n" else "?" for sign in text)
    return shown if len(shown) <= CELL_LENGTH_MAX else f"{shown[: CELL_LENGTH_MAX - 1]}…"


def format_instant(at: datetime | None, now: datetime) -> str:
    """An instant as its reader counts it: `2026-12-01 14:05 (in 9 days)`, local time."""
    if at is None:
        return say("unknown")
    apart_s = (at - now).total_seconds()
    span = _span(abs(apart_s))
    distance = say("in {span}", span=span) if apart_s > 0 else say("{span} ago", span=span)
    return f"{at.astimezone():%Y-%m-%d %H:%M} ({distance})"


def format_ago(at: datetime, now: datetime) -> str:
    """How long ago; what a clock that runs ahead has called later was just now."""
    return say("{span} ago", span=_span(max((now - at).total_seconds(), 0.0)))


def _span(duration_s: float) -> str:
    """In the largest unit that tells enough."""
    unit_s, unit = next((unit_s, unit) for from_s, unit_s, unit in _UNITS if duration_s >= from_s)
    return say(unit, count=round(duration_s / unit_s))


def now_utc() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def print_json(value: object) -> None:
    """A result for scripts: indented, UTF-8, instants as ISO 8601."""
    print_result(
        msgspec.json.format(msgspec.json.encode(value, enc_hook=encode_said), indent=2).decode()
    )


def print_facts(facts: Mapping[str, str]) -> None:
    """One fact a line, never wrapped: what is copied from here must stay whole."""
    width = max(map(display_width, facts), default=0)
    for name, fact in facts.items():
        print_result(f"{name}{' ' * (width - display_width(name))}  {fact}")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns that fit the terminal; aligned plain text where nobody looks on."""
    widths = [max(map(display_width, cells)) for cells in zip(columns, *rows, strict=True)]
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        widths = _fit(widths, shutil.get_terminal_size().columns)
    for row in (columns, *rows):
        folded = [_fold(cell, width) for cell, width in zip(row, widths, strict=True)]
        for cells in itertools.zip_longest(*folded, fillvalue=""):
            padded = [
                cell + " " * (width - display_width(cell))
                for cell, width in zip(cells, widths, strict=True)
            ]
            print_result("  ".join(padded).rstrip())


def _fit(widths: Sequence[int], room: int) -> list[int]:
    """Widths of columns that fit, the widest made narrower first, as far as that goes."""
    found = list(widths)
    excess = sum(found) + 2 * (len(found) - 1) - room
    # An alias is typed again, a mask compared: those two are not broken.
    folded = range(2, len(found))
    while excess > 0 and max((found[at] for at in folded), default=0) > COLUMN_WIDTH_MIN:
        found[max(folded, key=found.__getitem__)] -= 1
        excess -= 1
    return found


def _fold(cell: str, width: int) -> list[str]:
    """A cell in lines of at most `width` columns, broken at spaces where there are some."""
    if display_width(cell) <= width:
        return [cell]
    lines = [""]
    for word in cell.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if display_width(joined) <= width:
            lines[-1] = joined
            continue
        lines.append("")
        for sign in word:
            if display_width(lines[-1]) + display_width(sign) > width:
                lines.append("")
            lines[-1] += sign
    return [line for line in lines if line]
