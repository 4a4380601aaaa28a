"""A running gateway told to read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cursor_api.cli import main
from tests.unit.cli.gateway_folder import enter
from tests.unit.cli.gateway_stage import ListingGateway

DONE: dict[str, Any] = {
    "changed": [],
    "added": [],
    "removed": [],
    "waiting": [],
    "problems": [],
    "credential_count": 5,
    "credential_problem": None,
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With both keys."""
    enter(tmp_path, monkeypatch)
    (tmp_path / ".env").write_text("AUTH_TOKEN=of-the-operator\nCLIENT_TOKENS=for-chats-only\n")
    return tmp_path


def reload(scripted: ListingGateway, **done: Any) -> int:
    """The command's status where that is the answer."""
    scripted.body = json.dumps(DONE | done).encode()
    return main(["reload", "--url", scripted.url])


def problem(name: str, where: str, english: str, chinese: str = "") -> dict[str, Any]:
    """As the gateway tells it, in both languages."""
    words = {"en": english, "zh": chinese}
    return {"name": name, "where": where, "text": english, "words": words}


def test_what_changed_is_told(scripted: ListingGateway, capsys: pytest.CaptureFixture[str]) -> None:
    """It is the operator who asks."""
    assert reload(scripted, changed=["ROUTE_PREFIX"], waiting=["PORT", "HOST"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "settings: ROUTE_PREFIX",
        "need a restart: PORT, HOST",
        "credentials: 5",
    ]
    assert scripted.asked[-1].headers["authorization"] == "Bearer of-the-operator"
    assert reload(scripted) == 0
    assert "settings: nothing changed" in capsys.readouterr().out
    assert reload(scripted, added=["upstream.more"], removed=["model.m"]) == 0
    assert capsys.readouterr().out == "added: upstream.more\nremoved: model.m\ncredentials: 5\n"


def test_what_is_wrong_is_told(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both kinds; and that the old serves on."""
    problems = [
        problem("PORT", ".env:1", "it is wrong"),
        problem("", ".env:2", "no line"),
        problem("", "", "no file"),
    ]
    assert reload(scripted, problems=problems) == 1
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "error: PORT (.env:1): it is wrong",
        "error: .env:2: no line",
        "error: no file",
        "The old settings stay in use.",
    ]
    assert reload(scripted, credential_count=None, credential_problem="no line") == 1
    assert "The old credentials stay in use." in capsys.readouterr().err


def test_what_is_wrong_is_told_in_the_users_language(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway knows both."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert reload(scripted, problems=[problem("PORT", ".env:1", "it is wrong", "不正确")]) == 1
    assert capsys.readouterr().err.splitlines()[0] == "错误：PORT (.env:1): 不正确"


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    """With how to start it."""
    assert main(["reload", "--url", "http://127.0.0.1:1"]) == 1
    assert "cursor-api serve" in capsys.readouterr().err
