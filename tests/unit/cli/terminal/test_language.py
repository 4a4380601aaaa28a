"""In which language the commands speak."""

from __future__ import annotations

import argparse
import ast
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

import cursor_api.cli
from cursor_api.cli import main
from cursor_api.cli.command import make_parser
from cursor_api.cli.terminal.command_tree import walk
from cursor_api.cli.terminal.language import (
    for_programs,
    is_chinese,
    load_chinese,
    say,
    say_word,
    speak,
)
from cursor_api.domain.api_key import KeyState
from cursor_api.domain.diagnosis import Verdict
from cursor_api.domain.periods import Period, Unit
from cursor_api.domain.record import Status
from cursor_api.installed import SCHEMA
from cursor_api.service.credentials.report import State

SOURCES = Path(cursor_api.cli.__file__).parent
PRINTING = {"print_result", "print_error", "print_note", "_refuse", "_RefusedError"}
PRINTING |= {"BackupError", "CallError", "HomeError", "ArgumentTypeError"}
NAMES = re.compile(r"\{(\w*)(?:[:!][^}]*)?\}")


def said() -> Iterator[str]:
    """Every text that the source hands to `say`."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "say":
                continue
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value
            elif isinstance(first, ast.JoinedStr | ast.BinOp):
                pytest.fail(f"{path.name}:{node.lineno}: not a text that can be looked up")


def constants() -> Iterator[str]:
    """Every text of a constant of the source, for those that are said by their names."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    # What the gateway tells by a word of a closed set.
    yield from (one.value for one in (*State, *Status, *KeyState, *Period, *Unit, *Verdict))
    yield from (preset.title for preset in SCHEMA.presets)
    yield "requests"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, True),
    ],
)
def test_the_language_is_the_users(environ: dict[str, str], *, expected: bool) -> None:
    """The first variable that is set counts."""
    assert is_chinese(environ) is expected


def test_what_programs_read_is_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is said afterwards is the user's language again."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with for_programs():
        assert (say("unknown"), say_word("error: ")) == ("unknown", "error: ")
    assert say("unknown") == "未知"


def test_every_command_and_every_option_has_its_chinese() -> None:
    """And there is no Chinese for what there is not."""
    table = load_chinese()
    nodes = list(walk(make_parser()))
    assert set(table["help"]) == {" ".join(node.path) for node in nodes}
    helps = {
        action.help
        for node in nodes
        for action in node.parser._actions
        if action.help and action.help != argparse.SUPPRESS
        if not isinstance(action, argparse._SubParsersAction)
    }
    assert set(table["options"]) == helps


def test_every_text_that_is_said_has_its_chinese() -> None:
    """With the same facts in it; and there is none left over."""
    table, texts = load_chinese()["said"], set(said())
    assert texts <= set(table)
    assert set(table) <= texts | set(constants())
    for english, chinese in table.items():
        assert sorted(NAMES.findall(english)) == sorted(NAMES.findall(chinese)), english


def words_of(node: ast.expr) -> str:
    """What of a text stands in the source: without the facts in it."""
    match node:
        case ast.Constant():
            return str(node.value)
        case ast.JoinedStr():
            return "".join(map(words_of, node.values))
        case ast.IfExp():
            return words_of(node.body) + words_of(node.orelse)
        case ast.BinOp():
            return words_of(node.left) + words_of(node.right)
        case _:
            return ""


def test_nothing_is_said_past_the_table() -> None:
    """What a command prints, or refuses with, is English only where it is no word of ours."""
    past = []
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            words = words_of(node.args[0])
            if name in PRINTING and re.search("[a-z]{3}", words):
                past.append(f"{path.relative_to(SOURCES)}:{node.lineno}: {words}")
    assert past == []


def test_examples_are_commands_in_both_languages() -> None:
    """What may be typed in one may be typed in the other, but for words that are said."""
    table = load_chinese()["help"]
    for node in walk(make_parser()):
        english, chinese = node.parser.description or "", table[" ".join(node.path)]
        counts = [
            [line.split()[:2] for line in text.splitlines() if "  cursor-api " in f"  {line}"]
            for text in (english, chinese)
        ]
        assert counts[0] == counts[1], node.path


def test_no_line_of_help_is_wider_than_a_page() -> None:
    """Chinese takes two columns a sign."""
    for text in load_chinese()["help"].values():
        for line in text.splitlines():
            wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in line)
            assert len(line) + wide <= 100, line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("key create", "cursor-api key create: 错误：缺少参数：NAME"),
        ("checksum x", "cursor-api checksum: 错误：无法识别的参数：x"),
        ("sreve", "cursor-api: 错误：参数 COMMAND: 没有这一项：'sreve'（可选："),
        ("serve --port", "cursor-api serve: 错误：参数 --port: 后面需要一个值"),
        ("init --yes --token", "cursor-api init: 错误：参数 --token: 不能同时使用：参数 --yes"),
    ],
)
def test_a_command_line_that_is_not_understood_is_told_in_the_users_language(
    words: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentences are argparse's; English stays where a version of it says them otherwise."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_the_help_is_in_the_users_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Down to the last command; lines of options are as wide as the terminal."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("COLUMNS", "60")
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("用法：cursor-api ")
    assert "usage" not in shown
    with pytest.raises(SystemExit):
        main(["upstream", "add", "--help"])
    shown = capsys.readouterr().out
    assert shown.count("用法：") == 1
    options = shown.partition("选项")[2]
    for line in options.splitlines():
        wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in line)
        assert len(line) + wide <= 60, line


def test_without_chinese_nothing_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is not even read."""
    monkeypatch.setenv("LC_ALL", "C")
    load_chinese.cache_clear()
    parser = make_parser()
    assert speak(parser) is parser
    assert parser.description == make_parser().description
    assert (say("a {b}", b=1), say("{}"), say_word("usage: ")) == ("a 1", "{}", "usage: ")
    assert load_chinese.cache_info().currsize == 0


def test_what_is_not_translated_is_said_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Better than nothing."""
    monkeypatch.setenv("LC_ALL", "zh_CN")
    assert say("no such text {n}", n=3) == "no such text 3"
