"""A stream that takes no lines, for whatever reason, costs lines and nothing else."""

from __future__ import annotations

import io
import os
import pty
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from cursor_api.telemetry.sink import LineSink

PIPE_BYTES = 65_536


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, _text: str) -> int:
        """Fail as the disk does."""
        raise OSError(28, "No space left on device")


class Narrow(io.StringIO):
    """A terminal that knows ASCII only."""

    def write(self, text: str) -> int:
        """Fail as the codec does."""
        text.encode("ascii")
        return super().write(text)


def loss_line(count: int) -> str:
    """As the log does."""
    return f"({count} lost)"


@contextmanager
def pipe() -> Iterator[tuple[int, TextIO]]:
    """A reading end and a text stream on the writing end; the reader may be closed by the test."""
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w", encoding="utf-8")
    try:
        yield reader, stream
    finally:
        stream.close()


def drain(reader: int) -> str:
    """All that is in a pipe now."""
    os.set_blocking(reader, False)
    data = b""
    try:
        while part := os.read(reader, PIPE_BYTES):
            data += part
    except BlockingIOError:
        pass
    return data.decode()


def test_a_line_that_cannot_be_written_costs_nobody_anything() -> None:
    """A full disk and a closed stream lose lines and count them; nothing is raised."""
    closed = io.StringIO()
    closed.close()
    for stream in (Full(), closed):
        sink = LineSink(stream)
        sink.write_line("hello")
        assert repr(sink) == "LineSink(dropped=1)"


def test_a_stream_of_a_narrow_encoding_gets_escapes() -> None:
    """Chinese on an ASCII terminal is spelled out rather than lost."""
    stream = Narrow()
    LineSink(stream).write_line("中 done")
    assert stream.getvalue() == "\\u4e2d done\n"


def test_a_descriptor_of_a_narrow_encoding_gets_escapes(tmp_path: Path) -> None:
    """The same where Python's buffer is gone around."""
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        LineSink(stream).write_line("中 done")
    assert (tmp_path / "log").read_text() == "\\u4e2d done\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_full_disk_leaves_nothing_in_a_buffer() -> None:
    """What stayed there would be written again at the end, and fail again, loudly."""
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        sink = LineSink(stream)
        for _ in range(100):
            sink.write_line("hello")
        assert sink.dropped_count == 100
        stream.flush()


def test_a_pipe_without_a_reader_takes_nothing() -> None:
    """`serve | head` has seen enough."""
    with pipe() as (reader, stream):
        os.close(reader)
        sink = LineSink(stream)
        sink.write_line("hello")
        assert sink.dropped_count == 1


def test_a_reader_that_has_stopped_is_not_waited_for() -> None:
    """`serve | less`: the pipe fills, and from then on a line costs a look and is lost."""
    with pipe() as (reader, stream):
        sink = LineSink(stream, loss_line)
        began = time.monotonic()
        for number in range(2000):
            sink.write_line(f"line {number} {'x' * 100}")
        assert time.monotonic() - began < 5
        lost_count = sink.dropped_count
        assert lost_count > 1000
        seen = drain(reader)
        assert [line.split()[1] for line in seen.splitlines()] == [
            str(number) for number in range(2000 - lost_count)
        ]
        sink.write_line("again")
        assert drain(reader) == f"({lost_count} lost)\nagain\n"
        sink.write_line("and again")
        assert drain(reader) == "and again\n"
        os.close(reader)


def test_a_long_line_that_was_torn_does_not_swallow_the_next() -> None:
    """The pipe took a part of it: the next line begins on a line of its own."""
    with pipe() as (reader, stream):
        sink = LineSink(stream, loss_line)
        sink.write_line("x" * 2 * PIPE_BYTES)
        assert sink.dropped_count == 1
        assert set(drain(reader)) == {"x"}
        sink.write_line("next")
        assert drain(reader) == "\n(1 lost)\nnext\n"
        os.close(reader)


def test_a_terminal_that_was_stopped_is_not_waited_for() -> None:
    """Ctrl-S in the operator's terminal does not stop the gateway."""
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as stream:
        sink = LineSink(stream)
        began = time.monotonic()
        for _ in range(2000):
            sink.write_line("x" * 1000)
        assert sink.dropped_count
        assert time.monotonic() - began < 5
        assert os.get_blocking(follower), "the terminal has other users"
        os.close(leader)


def test_a_descriptor_that_became_somebody_elses_is_not_written_to(tmp_path: Path) -> None:
    """A closed stream's number belongs to the next file that is opened."""
    stream = (tmp_path / "log").open("w", encoding="utf-8")
    sink = LineSink(stream)
    stream.close()
    with (tmp_path / "other").open("w", encoding="utf-8"):
        sink.write_line("hello")
    assert (tmp_path / "other").read_text() == ""
    assert sink.dropped_count == 1
