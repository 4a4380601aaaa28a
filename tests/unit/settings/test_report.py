"""The report can be read, fits a terminal, and ends with a verdict."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cursor_api.installed import SCHEMA
from cursor_api.options.rules import Finding
from cursor_api.settings.load import Loaded, load_settings
from cursor_api.settings.report import WIDTH, Page, display_width, render_check, wrap

KEY = "canary-key-0123456789"


def test_a_good_configuration_is_ok(tmp_path: Path) -> None:
    """Every group, every variable, and OK at the end."""
    lines = render_check(load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, tmp_path)).splitlines()
    assert lines[-1] == f"OK: {len(SCHEMA.rows)} settings, no problems, no warnings."
    for title in SCHEMA.titles.values():
        assert title in lines
    assert [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "] == [
        setting.variable for setting in SCHEMA.rows
    ]


def test_columns_are_aligned(tmp_path: Path) -> None:
    """Names, values and sources each begin in one column."""
    report = render_check(load_settings(SCHEMA, {"AUTH_TOKEN": KEY, "PORT": "4000"}, tmp_path))
    lines = {line.split()[0]: line for line in report.splitlines() if line.startswith("  ")}
    assert lines["PORT"].index("4000") == lines["HOST"].index("127.0.0.1")
    assert lines["PORT"].index("environment") == lines["HOST"].index("default")
    assert "set (21 characters, hidden)" in lines["AUTH_TOKEN"]
    assert KEY not in report


def test_what_is_wrong_is_marked_and_counted(tmp_path: Path) -> None:
    """A mark at its row, the list below, and the count at the end."""
    environ = {"PORT": "x", "CURSOR_BASE_UR": "x"}
    report = render_check(load_settings(SCHEMA, environ, tmp_path))
    lines = report.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("!")] == ["PORT", "AUTH_TOKEN"]
    assert '   1. PORT (environment): "x" is not a whole number from 0 to 65535' in report
    assert "   1. CURSOR_BASE_UR (environment): no such setting" in report
    assert lines[-1] == "NOT OK: 2 problems, 1 warning."


@pytest.mark.parametrize("text", ["x" * 5000, "词" * 5000, "a b " * 2000, "😀" * 80, "x" * 41])
def test_no_line_is_wider_than_a_terminal(tmp_path: Path, text: str) -> None:
    """Long values, Chinese and emoji, in values, names and messages."""
    environ = {
        "AUTH_TOKEN": KEY,
        "CURSOR_INSTRUCTIONS": text,
        "TOKEN_FILE": text[:200],
        "PORT": text,
        f"CURSOR_{text}": "1",
        "GATEWAY_CONFIG": text[:80],
    }
    report = render_check(load_settings(SCHEMA, environ, tmp_path))
    assert max(map(display_width, report.splitlines())) <= WIDTH


@pytest.mark.parametrize("width", [60, 79, 80, 99])
def test_a_narrow_terminal_is_kept_to(tmp_path: Path, width: int) -> None:
    """Whatever the values are."""
    environ = {"AUTH_TOKEN": KEY, "CURSOR_INSTRUCTIONS": "词 " * 80, "PORT": "4000", "HOST": "::1"}
    loaded = load_settings(SCHEMA, environ | {"CURSOR_PORT": "x" * 80}, tmp_path)
    report = render_check(loaded, Page(width))
    assert max(map(display_width, report.splitlines())) <= width
    assert re.search(r"^  PORT +4000 +environment$", report, re.MULTILINE)


def test_only_what_is_set_can_be_shown(tmp_path: Path) -> None:
    """And what is wrong; the rest is counted."""
    environ = {"AUTH_TOKEN": "", "PORT": "x", "ROUTE_PREFIX": "/me"}
    report = render_check(load_settings(SCHEMA, environ, tmp_path), only_set=True)
    rows = [line[2:].split()[0] for line in report.splitlines() if line[:2] in {"  ", "! "}]
    assert rows[:3] == ["PORT", "ROUTE_PREFIX", "AUTH_TOKEN"]
    assert "HOST" not in rows
    assert f"\n{len(SCHEMA.rows) - 3} more have their defaults: " in report
    assert "Failover" not in report


def test_wrapping_counts_columns() -> None:
    """Chinese takes two columns a sign, and breaks anywhere but before what ends it; words not."""
    assert wrap("中文 中文 ab", 7) == ["中文 中", "文 ab"]
    assert wrap("设置（PORT）。请改正", 9) == ["设置（", "PORT）。", "请改正"]
    assert wrap("abcdefgh ij", 5) == ["abcd…", "ij"]
    assert wrap("", 5) == []


def test_ok_means_no_problems() -> None:
    """Warnings alone do not spoil it."""
    warning = Finding("", ".env:1", "odd")
    assert render_check(Loaded((), (), (warning,), None)).endswith(
        "OK: no settings, no problems, 1 warning."
    )
    assert render_check(Loaded((), (warning,), (), None)).endswith(
        "NOT OK: 1 problem, no warnings."
    )


def test_a_reader_of_chinese_gets_all_of_it(tmp_path: Path) -> None:
    """Headings, what stands for values, who set them, what is wrong, and the count."""
    environ = {"AUTH_TOKEN": KEY, "PORT": "many", "PORTT": "1"}
    loaded = load_settings(SCHEMA, environ, tmp_path)
    report = render_check(loaded, Page(is_chinese=True))
    assert max(map(display_width, report.splitlines())) <= WIDTH
    for words in ("监听\n", "已设置（21 个字符，已隐藏）", "环境变量", "默认值", "（未设置）"):
        assert words in report
    assert '1. PORT (环境变量): "many" 不是 0 到 65535 的整数' in report
    assert report.splitlines()[-1].startswith("检查未通过：1 个错误，")
    shorter = render_check(loaded, Page(is_chinese=True), only_set=True)
    assert "项为默认值：cursor-api check-config --all" in shorter
    good = load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, tmp_path)
    assert render_check(good, Page(is_chinese=True)).splitlines()[-1].startswith("检查通过：")
