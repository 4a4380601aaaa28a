"""A few small chats per route, through a gateway of this process, to endpoints on real sockets."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cursor_api.cli import main
from tests.acceptance.background import LoopThread
from tests.acceptance.openai_endpoint import Endpoint
from tests.log_lines import restored_logging
from tests.unit.cli.gateway_folder import enter

KEY = "sk-0123456789abcdefghijkl"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """It echoes, calls tools and counts."""
    with LoopThread() as loop:
        yield Endpoint("mine").open(loop)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint) -> Iterator[Path]:
    """One upstream that works, and one that is not there."""
    enter(tmp_path, monkeypatch)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    endpoint.asked.clear()
    (tmp_path / "cursor-api.toml").write_text(
        f'[[upstream]]\nname="mine"\nkind="openai"\nbase_url="{endpoint.url}"\napi_key="{KEY}"\n'
        '[[upstream]]\nname="gone"\nkind="openai"\nbase_url="http://127.0.0.1:9"\napi_key="-"\n'
    )
    with restored_logging():
        yield tmp_path


def test_a_report_that_can_be_shown(capsys: pytest.CaptureFixture[str], endpoint: Endpoint) -> None:
    """Each chat in a line; neither a key nor an address is in it."""
    assert main(["doctor", "--live", "--yes", "--route", "mine"]) == 0
    said = capsys.readouterr().out
    assert "mine (openai), mine-model" in said
    assert [line.split()[:2] for line in said.splitlines() if line.startswith("  ok")] == [
        ["ok", name] for name in ("whole", "stream", "tool", "cancel")
    ]
    assert "usage 70+30" in said
    assert KEY not in said
    assert endpoint.url not in said
    assert len(endpoint.bodies()) == 4


def test_the_report_is_told_in_chinese(
    capsys: pytest.CaptureFixture[str],
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To whoever reads it; what programs read stays English."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["doctor", "--live", "--yes", "--route", "mine"]) == 0
    said = capsys.readouterr().out
    assert "完整回答" in said
    assert "用量 70+30" in said
    assert said.endswith("\n检查通过\n")
    endpoint.refusals.append((400, {"message": "no"}))
    assert main(["doctor", "--live", "--yes", "--route", "mine"]) == 1
    failed = capsys.readouterr().out
    assert "失败" in failed
    assert "状态码 400" in failed
    assert failed.endswith("检查未通过\n此报告可以贴进问题报告。\n")
    assert main(["doctor", "--live", "--yes", "--route", "mine", "--json"]) == 0
    assert "usage 70+30" in capsys.readouterr().out


def test_one_that_fails(capsys: pytest.CaptureFixture[str], endpoint: Endpoint) -> None:
    """The others are tried all the same; exit status 1; for scripts as JSON."""
    endpoint.refusals.append((400, {"message": f"not with {KEY}"}))
    assert main(["doctor", "--live", "--yes", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    mine, gone = report["routes"]
    assert [one["is_ok"] for one in mine["chats"]] == [False, True, True, True]
    assert KEY not in json.dumps(report)
    assert gone["chats"][0]["detail"] == "it lists no model; name one"


def test_nothing_is_sent_unasked(
    capsys: pytest.CaptureFixture[str],
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
) -> None:
    """Where nobody can be asked, and where somebody says no; a name that is none sends nothing."""
    assert main(["doctor", "--live", "--route", "mine"]) == 1
    assert "add --yes" in capsys.readouterr().err

    class Terminal(io.StringIO):
        """Somebody is there."""

        def isatty(self) -> bool:
            """Yes."""
            return True

    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert main(["doctor", "--live", "--route", "mine"]) == 1
    said = capsys.readouterr().err
    assert "4 small chats to each of: mine/mine-model" in said
    assert "Nothing was sent." in said
    assert main(["doctor", "--live", "--yes", "--route", "nobody"]) == 1
    assert "Known: mine, gone." in capsys.readouterr().err
    (folder / "cursor-api.toml").write_text("[[upstream]]\n")
    assert main(["doctor", "--live", "--yes"]) == 1
    assert "cannot be used" in capsys.readouterr().err
    assert endpoint.bodies() == []
