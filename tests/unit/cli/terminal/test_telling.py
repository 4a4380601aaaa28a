"""What is told is in the user's language, down to the line of a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from cursor_api.cli.terminal.telling import (
    told,
    told_advice,
    told_by_code,
    told_of_line,
    told_shortly,
)
from cursor_api.domain.errors import FaultKind, LineProblem, StoreError
from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.installed import Names, TokenFiles
from cursor_api.options.rules import Finding
from cursor_api.options.said import Words, tell
from cursor_api.ports.configuration import ShownFinding, WrongUpstreamError
from cursor_api.stores.sqlite.file import RecordFile

FINDING = Finding("PORT", ".env:1", tell("there is no preset {name}", name="x"))
SHOWN = ShownFinding("HOST", "", "it is wrong", Words("it is wrong", "不正确"))


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's language."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")


def refused(folder: Path) -> StoreError:
    """By a token file with two wrong lines."""
    (folder / ".token").write_text("a b\nc,d\n")
    names = Names(str(folder / ".token"), str(folder / ".token-list"))
    with pytest.raises(StoreError) as caught:
        TokenFiles(names, lambda: "").look()
    return caught.value


def test_english_is_as_it_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whatever kind."""
    monkeypatch.setenv("LC_ALL", "C")
    error = refused(tmp_path)
    assert told(error) == str(error)
    assert told_shortly(error) == "2 lines cannot be used; nothing was changed."
    assert told_of_line(error.problems[1]).startswith("a comma: a line here is")
    assert told(FINDING) == "PORT (.env:1): there is no preset x"
    assert told(SHOWN) == "HOST: it is wrong"


@pytest.mark.usefixtures("chinese")
def test_a_wrong_token_file_is_told_with_its_lines(tmp_path: Path) -> None:
    """In the console's words for the same code."""
    lines = told(refused(tmp_path)).splitlines()
    assert lines == [
        "有 2 行无法使用，未作任何改动。",
        f"{tmp_path}/.token:1: 令牌中有空格（U+0020 SPACE）",
        f"{tmp_path}/.token:2: 含有逗号：此处每行应为“令牌”或“名称::令牌”；"
        "带校验和的令牌应写在令牌列表中",
    ]


@pytest.mark.usefixtures("chinese")
def test_a_database_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """With what to do, which is a sentence within the sentence."""
    path = tmp_path / "log"
    path.write_text("no database at all" * 100)
    with pytest.raises(StoreError) as caught:
        RecordFile(path).check()
    assert told(caught.value) == (
        f"{path} 不是本程序的请求日志；移走它，就会新建一个；"
        "或在 REQUEST_LOG_FILE 中指定另一个文件。"
    )


@pytest.mark.usefixtures("chinese")
def test_everything_else_is_told() -> None:
    """Findings, notices, upstreams that cannot be added; what others say stays as it is."""
    assert told(FINDING) == "PORT (.env:1): 没有预设 x"
    assert told(replace(FINDING, where="environment")) == "PORT (环境变量): 没有预设 x"
    assert told(SHOWN) == "HOST: 不正确"
    notice = Notice(NoticeCode.SAME_FILE, "one file: x", {"path": "x"})
    assert told(notice) == "令牌文件和令牌列表是同一个文件：x"
    assert told(StoreError(notice)) == told(notice)
    assert told(WrongUpstreamError("name", tell("there is no preset {name}", name="x"))) == (
        "没有预设 x"
    )
    assert told(WrongUpstreamError("", "it is wrong", findings=(SHOWN,))) == "HOST: 不正确"
    assert told(OSError(28, "No space left on device")) == "[Errno 28] No space left on device"
    assert told_of_line(LineProblem("input", 1, "not ours")) == "not ours"


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("kind", [one.value for one in FaultKind])
def test_every_fault_has_its_name_and_its_advice(kind: str) -> None:
    """With the model's name where one is known, and never with a place for it."""
    assert told_by_code("cause", kind) != kind
    for model in ("", "gpt-9"):
        advice = told_advice(kind, "English.", model)
        assert not {"{", "}"} & set(advice)
        assert advice != "English."
    assert told_advice("of_another_version", "English.") == "English."


def test_in_english_the_upstreams_own_advice_stays() -> None:
    """It knows what helps there."""
    assert told_advice("rate_limited", "Wait for Monday.") == "Wait for Monday."
