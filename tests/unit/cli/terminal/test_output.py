"""Which stream a command speaks on, and what becomes of it where that stream takes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cursor_api.cli.terminal.output import (
    WIDTH,
    WIDTH_MIN,
    find_width,
    print_error,
    print_note,
    print_piece,
    print_result,
)

FULL = Path("/dev/full")
PROGRAM = "from cursor_api.cli.terminal.output import print_result; print_result('result')"
COMMAND = [sys.executable, "-c", PROGRAM]


def test_results_and_complaints_go_different_ways(capsys: pytest.CaptureFixture[str]) -> None:
    """So that `cursor-api ... > file` holds the result alone."""
    print_result("result")
    print_note("by the way")
    print_error("trouble")
    assert capsys.readouterr() == ("result\nby the way\n", "trouble\n")


def test_words_stand_in_the_order_in_which_they_were_said(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Also after something that stayed in Python's buffer."""
    sys.stdout.write("first ")
    print_result("second 中")
    assert capfd.readouterr().out == "first second 中\n"


@pytest.mark.skipif(not FULL.exists(), reason="Linux has a device that is always full")
def test_a_result_that_cannot_be_written_is_a_failure() -> None:
    """One sentence, exit status 1."""
    with FULL.open("wb") as full:
        done = subprocess.run(
            COMMAND, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "error: the output cannot be written: No space left on device.\n"


@pytest.mark.skipif(not FULL.exists(), reason="Linux has a device that is always full")
def test_words_beside_the_work_end_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk under the log is no reason not to serve."""
    with FULL.open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        monkeypatch.setattr(sys, "stderr", full)
        print_note("by the way")
        print_error("trouble")
        with pytest.raises(SystemExit) as ended:
            print_result("result")
        assert ended.value.code == 1
        full.flush()


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """`cursor-api token list | head -1`: no words about it."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            COMMAND, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(sys.platform == "win32", reason="closes streams with a POSIX shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_give_their_numbers_to_nobody(tmp_path: Path, closed: str) -> None:
    """What a program opens later gets other numbers, and none of our words."""
    program = (
        "import os;"
        "from cursor_api.cli.terminal.output import open_missing_streams, print_error, print_note;"
        "open_missing_streams(); other = os.open('other', os.O_WRONLY | os.O_CREAT);"
        "print_note('by the way'); print_error('trouble'); os.write(other, b'%d' % other)"
    )
    subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, program],
        cwd=tmp_path,
        check=True,
        timeout=30,
        capture_output=True,
    )
    assert int((tmp_path / "other").read_text()) > 2


def test_prose_is_as_wide_as_the_terminal_up_to_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere it has its usual width."""
    assert find_width() == WIDTH
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for columns, width in (("80", 80), ("20", WIDTH_MIN), ("300", WIDTH)):
        monkeypatch.setenv("COLUMNS", columns)
        assert find_width() == width


def test_a_piece_has_no_line_end(capsys: pytest.CaptureFixture[str]) -> None:
    """The next one goes on behind it."""
    print_piece("a")
    print_piece("b\n")
    assert capsys.readouterr().out == "ab\n"
