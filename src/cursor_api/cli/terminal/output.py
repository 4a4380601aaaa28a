"""What a command prints: results on standard output, everything else on standard error.

Rules of this file:
- A result that cannot be written ends the command with status 1: whoever asked for it has not got
  it. Words that go beside the work (`print_note`, `print_error`) end nothing.
- What could not be written is not left in a buffer: Python would try again at the end, and change
  the exit status.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final, TextIO

from cursor_api.cli.terminal.language import say

STANDARD_STREAMS = 3
# Longer lines are hard to read, and in shorter ones a name and its value have no room.
WIDTH: Final = 100
WIDTH_MIN: Final = 60


def print_result(text: str) -> None:
    """What was asked for; ends the command where it cannot be written."""
    _require(_write(sys.stdout, text))


def find_width() -> int:
    """How many columns a line of prose may have: the terminal's, or the usual 100 elsewhere."""
    if not sys.stdout.isatty():
        return WIDTH
    return max(WIDTH_MIN, min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH))


def print_piece(text: str) -> None:
    """A part of what was asked for, as it comes, without a line end."""
    _require(_write(sys.stdout, text, ""))


def print_note(text: str) -> None:
    """What is good to know while something else is going on."""
    _write(sys.stdout, text)


def print_error(text: str) -> None:
    """What went wrong, or is worth a word."""
    _write(sys.stderr, text)


def open_missing_streams() -> None:
    """Put the null device in the place of standard streams that are closed (`>&-`).

    Their numbers would go to the first sockets that are opened, and those would get our words.
    """
    for number in range(STANDARD_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            # A new descriptor gets the lowest number that is free.
            os.open(os.devnull, os.O_RDWR)
    # Python has None for a stream that was closed when it started.
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            null = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - lasts as long as we
            setattr(sys, name, null)


def _require(error: OSError | None) -> None:
    if error is not None:
        if not isinstance(error, BrokenPipeError):
            reason = error.strerror
            print_error(say("error: the output cannot be written: {reason}.", reason=reason))
        raise SystemExit(1)


def _write(stream: TextIO, text: str, end: str = "\n") -> OSError | None:
    try:
        descriptor = _find_descriptor(stream)
        if descriptor is None:
            print(text, file=stream, end=end, flush=True)
        else:
            stream.flush()
            _write_around(descriptor, f"{text}{end}".encode(stream.encoding, "backslashreplace"))
    except OSError as error:
        return error
    return None


def _find_descriptor(stream: TextIO) -> int | None:
    # Windows' consoles take text, not bytes.
    if sys.platform == "win32":
        return None
    try:
        return stream.fileno()
    except (OSError, ValueError):  # replaced by a stream in memory
        return None


def _write_around(descriptor: int, data: bytes) -> None:
    """Write past Python's buffer."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
