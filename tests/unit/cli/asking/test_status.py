"""How the running gateway stands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.cli import main
from tests.unit.cli.demo_stage import RunningDemo
from tests.unit.cli.gateway_stage import ListingGateway

NOW: dict[str, Any] = {
    "ready": True,
    "can_answer": False,
    "reasons": [
        {"code": "none_ready", "until_at": "2026-11-01T12:00:00Z"},
        {"code": "upstream_open", "upstream": "openai"},
        {"code": "something_new"},
    ],
    "under_way_count": 3,
    "waiting_count": 1,
    "credentials": {"ready": 0, "total": 2, "by_state": {}},
    "upstreams": {"openai": {"kind": "openai", "state": "open"}, "own": {"state": "closed"}},
    "last_24h": None,
    "records": {"store": "sqlite", "is_writing": False, "waiting_rows": 5, "dropped_count": 4},
    # Both addresses answer with this one.
    "version": "9.9",
    "uptime": 93_000.5,
}


pytestmark = pytest.mark.usefixtures("demo_folder")


def test_a_gateway_that_answers(demo: RunningDemo, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is, with what it answers, and how the day went."""
    main(["chat", "--model", "gpt-demo", "Say tea"])
    capsys.readouterr()
    assert main(["status"]) == 0
    told = dict(one.split("  ", 1) for one in capsys.readouterr().out.splitlines())
    assert told["gateway"].strip().startswith(f"http://127.0.0.1:{demo.port} (version ")
    assert told["can answer"].strip() == "yes"
    assert told["credentials"].strip() == "5 of 5 ready"
    assert "1 answered; first text within 0." in told["last 24 h"]
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["can_answer"] is True


def test_a_gateway_that_cannot_answer(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says why, and what to do; a script sees it by the exit status."""
    scripted.body = json.dumps(NOW).encode()
    assert main(["status", "--url", scripted.url]) == 1
    told = capsys.readouterr().out
    assert "(version 9.9, up 1 d 1 h)" in told
    assert "openai (open), own" in told
    assert "3, 1 of them waiting" in told
    assert "last 24 h    cannot be read now" in told
    assert "records      sqlite, cannot be written now, 4 lost" in told
    assert "! no credential can be used now: cursor-api token list, until 2026-11-01 " in told
    assert "gets no requests for now (openai)" in told
    assert "! something_new" in told


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"version": "1", "uptime": 3}'])
def test_what_is_no_such_gateway_is_said(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    """Or is one of another version."""
    scripted.body = body
    assert main(["status", "--url", scripted.url]) == 1
    assert "is not this gateway, or another version of it" in capsys.readouterr().err


def test_none_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """With how to start it."""
    assert main(["status", "--url", "http://127.0.0.1:1"]) == 1
    assert "cursor-api serve" in capsys.readouterr().err


def test_what_was_counted_and_what_was_estimated(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Side by side, as everywhere; a gateway that has just started counts seconds."""
    day = dict.fromkeys(("failed", "refused", "cancelled", "input"), 0)
    day |= {"answered": 2, "output": 1, "input_estimated": 1400, "output_estimated": 3}
    scripted.body = json.dumps(NOW | {"last_24h": day, "uptime": 7.9}).encode()
    main(["status", "--url", scripted.url])
    told = capsys.readouterr().out
    assert "2 answered; 0 tokens in, 1 out; estimated besides: 1,400 in, 3 out\n" in told
    assert "up 7 s)" in told
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    scripted.body = json.dumps(NOW | {"last_24h": day | {"failed": 1}}).encode()
    main(["status", "--url", scripted.url])
    assert "2 个已回答，1 个失败；输入 0 个 token" in capsys.readouterr().out
