"""Words and tables, at a terminal and away from one."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from cursor_api.cli.terminal.display import (
    CELL_LENGTH_MAX,
    TerminalObserver,
    format_ago,
    format_instant,
    plain,
    print_facts,
    print_json,
    print_table,
)
from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.options.said import tell

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
COLUMNS = ("ALIAS", "TOKEN", "STATE")
ROWS = [("[red]a", "eyJh…9xYz", "healthy"), ("安娜", "eyJh…0000", "long " * 30)]


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        (timedelta(days=9), "in 9 days"),
        (timedelta(hours=30), "in 30 h"),
        (timedelta(minutes=10), "in 10 min"),
        (timedelta(seconds=-10), "10 s ago"),
        (timedelta(seconds=59), "in 59 s"),
        (timedelta(days=-400), "400 days ago"),
    ],
)
def test_an_instant_is_counted_in_the_unit_that_tells_most(
    apart: timedelta, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Local time, and how far away."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    try:
        at = NOW + apart
        assert format_instant(at, NOW) == f"{at:%Y-%m-%d %H:%M} ({expected})"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        (timedelta(seconds=4), "4 s ago"),
        (timedelta(minutes=10), "10 min ago"),
        (timedelta(days=9), "9 days ago"),
        (timedelta(seconds=-1), "0 s ago"),
    ],
)
def test_how_long_ago_is_told_to_the_second(apart: timedelta, expected: str) -> None:
    """A clock that was set back tells no future."""
    assert format_ago(NOW - apart, NOW) == expected


def test_no_instant_is_said_to_be_unknown() -> None:
    """An opaque token."""
    assert format_instant(None, NOW) == "unknown"


def test_foreign_text_cannot_steer_a_terminal() -> None:
    """Nor fill it; line ends and other scripts stay."""
    assert plain("a\x1b[31m\x9b\u202eb\n安") == "a?[31m??b\n安"
    assert len(plain("x" * 10_000)) == CELL_LENGTH_MAX


def test_a_table_is_aligned_text_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    """Wide characters counted as two columns, nothing cut, no control characters."""
    print_table(COLUMNS, ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ALIAS   TOKEN      STATE"
    assert lines[1] == "[red]a  eyJh…9xYz  healthy"
    assert lines[2] == f"安娜    eyJh…0000  {'long ' * 30}".rstrip()


def test_a_table_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alias and mask whole, the rest folded at spaces and in long words; markup is text."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    print_table(COLUMNS, [*ROWS, ("b", "m", f"{'安' * 20} [end]")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ALIAS   TOKEN      STATE"
    assert lines[1] == "[red]a  eyJh…9xYz  healthy"
    assert lines[2] == "安娜    eyJh…0000  long long long long"
    assert set(lines[3:-3]) == {f"{' ' * 19}long long long long", f"{' ' * 19}long long"}
    assert lines[-3] == f"b       m          {'安' * 10}"
    assert lines[-2:] == [f"{' ' * 19}{'安' * 10}", f"{' ' * 19}[end]"]
    assert all(len(line) <= 40 for line in lines)
    monkeypatch.setenv("TERM", "dumb")
    print_table(COLUMNS, ROWS)
    assert capsys.readouterr().out.splitlines()[1] == "[red]a  eyJh…9xYz  healthy"


def test_a_terminal_that_is_too_narrow_breaks_lines_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No column gets so narrow that nothing can be read in it."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    print_table(COLUMNS, ROWS[:1])
    print_table(COLUMNS[:1], [("a" * 30,)])
    assert capsys.readouterr().out.splitlines()[1::2] == [
        "[red]a  eyJh…9xYz  healthy",
        "a" * 30,
    ]


def test_facts_are_never_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    """What is copied from here is whole."""
    print_facts({"token": "x" * 500, "read from": "/a"})
    assert capsys.readouterr().out == f"token      {'x' * 500}\nread from  /a\n"


def test_json_is_indented_and_has_iso_instants(capsys: pytest.CaptureFixture[str]) -> None:
    """For eyes and for jq."""
    print_json({"at": NOW, "name": "安"})
    said = capsys.readouterr().out
    assert json.loads(said) == {"at": "2026-11-01T12:00:00Z", "name": "安"}
    assert "安" in said
    assert said.count("\n") > 2


def test_a_warning_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """What went as it should is not worth a word."""
    observer = TerminalObserver()
    observer.notice("reloaded", count=1)
    observer.warn("the list", detail="is\x1b wrong")
    observer.warn("alone", exc_info=None)
    observer.warn("stuck", exc_info=ValueError("a bug"))
    told = "warning: the list: is? wrong\nwarning: alone\nwarning: stuck: a bug\n"
    assert capsys.readouterr() == ("", told)


def test_a_notice_is_told_in_the_language_of_the_reader(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its code, as the console does it."""
    values = {"path": "/home/me/.token", "mode": "0644"}
    notice = Notice(NoticeCode.OPEN_TO_OTHERS, "/home/me/.token is open to others.", values)
    TerminalObserver().warn(notice)
    assert capsys.readouterr().err == "warning: /home/me/.token is open to others.\n"
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    TerminalObserver().warn(notice)
    assert capsys.readouterr().err.startswith(
        "警告：/home/me/.token 对此计算机的其他用户开放（权限 0644）"
    )


def test_the_details_of_a_warning_are_told_in_the_language_of_the_reader(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sentences by their words, notices by their code, and what is neither as it is."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    notice = Notice(NoticeCode.OLD_MOUNT, "There is a volume.", {"path": "/old"})
    event = tell("the credential {name} serves nobody", name="'a'")
    TerminalObserver().warn(event, detail=notice, count=2)
    told = capsys.readouterr().err
    assert told.startswith("警告：凭据 'a' 不会被使用: ")
    assert "volume" not in told
    assert told.endswith("; 2\n")
