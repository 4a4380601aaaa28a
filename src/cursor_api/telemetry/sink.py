"""Where lines go: one stream that may be full, closed, or read by nobody.

Rules of this file:
- Writing never raises and never waits for long: a full disk, a closed pipe and a reader that has
  stopped cost lines, not requests. Lost lines are counted, and reported once others
  get through again.
- A stream with a file descriptor is written to there, around Python's buffer: what a full disk
  leaves in a buffer would be tried again at the program's end and spoil its exit status.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys
import threading
from collections.abc import Callable
from typing import Final, TextIO

# POSIX's PIPE_BUF on Linux: a pipe that says it can be written takes this much without waiting.
PIPE_WRITE_BYTES: Final = 4096
# What a busy reader gets to make room, once: after that it is taken for one that has stopped.
WRITE_WAIT_MS: Final = 20


class LineSink:
    """Writes whole lines to one stream, from any thread, and never raises for it.

    `dropped_count` says how many lines could not be written. `loss_line` makes the line that says
    so, of how many were lost since the last one that got through.
    """

    def __init__(self, stream: TextIO, loss_line: Callable[[int], str] | None = None) -> None:
        self._stream = stream
        self._loss_line = loss_line
        # A loss is reported inside a write, by a chain that may write itself.
        self._lock = threading.RLock()
        self._descriptor = _find_descriptor(stream)
        self._poll = _make_poll(self._descriptor)
        self._write_wait_ms = WRITE_WAIT_MS
        self._is_torn = False
        self._unreported_count = 0
        self.dropped_count = 0

    def __repr__(self) -> str:
        return f"LineSink(dropped={self.dropped_count})"

    def write_line(self, line: str) -> None:
        """One line, given without its line end."""
        with self._lock:
            lost_count, self._unreported_count = self._unreported_count, 0
            if lost_count and self._loss_line is not None:
                line = f"{self._loss_line(lost_count)}\n{line}"
            try:
                self._write(line + "\n")
            except (OSError, ValueError):  # a full disk, a closed pipe, a closed stream
                self.dropped_count += 1
                self._unreported_count += lost_count + 1

    def _write(self, text: str) -> None:
        if self._descriptor is None:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._stream.write(text.encode("ascii", "backslashreplace").decode())
            self._stream.flush()
            return
        if self._stream.closed:
            raise ValueError("the stream is closed, and its descriptor may be another's")
        data = text.encode(getattr(self._stream, "encoding", None) or "utf-8", "backslashreplace")
        self._write_bytes(self._descriptor, b"\n" + data if self._is_torn else data)

    def _write_bytes(self, descriptor: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._require_room()
            piece = rest[:PIPE_WRITE_BYTES] if self._poll is not None else rest
            rest = rest[os.write(descriptor, piece) :]
            # Until its end is out, the next line has to begin on one of its own.
            self._is_torn = bool(rest)

    def _require_room(self) -> None:
        """Raise BlockingIOError where a write would wait for a reader."""
        if self._poll is None:
            return
        if not self._poll.poll(self._write_wait_ms):
            self._write_wait_ms = 0
            raise BlockingIOError
        self._write_wait_ms = WRITE_WAIT_MS


def _find_descriptor(stream: TextIO) -> int | None:
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):  # a stream in memory, or a closed one
        return None
    if sys.platform != "win32" and os.isatty(descriptor):
        # A stopped terminal (Ctrl-S) may say that it has room and then wait all the same. Opened
        # once more it can be told not to; its other users, the shell above all, see nothing of it.
        with contextlib.suppress(OSError):
            name = os.ttyname(descriptor)
            return os.open(name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    return descriptor


def _make_poll(descriptor: int | None) -> select.poll | None:
    """What asks whether a write would wait; None where it cannot, or cannot be asked."""
    if descriptor is None or not hasattr(select, "poll"):
        return None
    with contextlib.suppress(OSError):
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return poll
