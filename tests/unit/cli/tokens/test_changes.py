"""Changing one credential, where a gateway runs and where none does."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from cursor_api.cli import main
from cursor_api.files.running import claim, describe_running
from tests.unit.cli.demo_stage import RunningDemo
from tests.unit.cli.gateway_folder import enter

OLD, NEW = "token-of-old-000000", "token-of-new-000000"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One token, and nobody at the keyboard."""
    enter(tmp_path, monkeypatch)
    (tmp_path / ".token").write_text(f"me::{OLD}\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NEW}\n"))
    return tmp_path


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The only token as it stands."""
    capsys.readouterr()
    assert main(["token", "list", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    found: dict[str, Any] = one
    return found


def test_a_renewed_token_keeps_its_name_and_device(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is read from standard input, and not shown."""
    main(["token", "list"])
    checksum = (folder / ".token-list").read_text().strip().partition(",")[2]
    assert main(["token", "renew", "me"]) == 0
    said = capsys.readouterr()
    assert "Renewed me" in said.out
    assert NEW not in said.out + said.err
    assert (folder / ".token").read_text() == f"me::{NEW}\n"
    assert (folder / ".token-list").read_text() == f"{NEW},{checksum}\n"


def test_no_upstream_is_asked_for_its_models(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That would start a bridge, or warn of a package that is not installed, at each command."""
    mark = folder / "started"
    bridge = folder / "bridge"
    bridge.write_text(f"#!/bin/sh\ntouch {mark}\n")
    bridge.chmod(0o700)
    monkeypatch.setenv("CURSOR_SDK_BRIDGE_BIN", str(bridge))
    (folder / ".token").write_text(f"me::crsr_{'0123456789abcdef' * 4}\n")
    (folder / ".token").chmod(0o600)
    assert main(["token", "list"]) == 0
    assert main(["token", "disable", "me"]) == 0
    assert not mark.exists()
    assert capsys.readouterr().err == ""


def test_a_token_gets_another_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that nobody else has."""
    assert main(["token", "rename", "me", "work"]) == 0
    assert "me is now called work." in capsys.readouterr().out
    assert (folder / ".token").read_text() == f"work::{OLD}\n"
    assert main(["token", "rename", "work", " "]) == 1


def test_a_token_is_switched_off_and_on(capsys: pytest.CaptureFixture[str]) -> None:
    """What is kept is found again."""
    assert main(["token", "disable", "me"]) == 0
    assert "token enable me" in capsys.readouterr().out
    assert listed(capsys)["state"] == "disabled"
    assert main(["token", "enable", "me"]) == 0
    assert listed(capsys)["enabled"] is True


def test_a_priority_is_within_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as the management API's."""
    assert main(["token", "priority", "me", "--", "-3"]) == 0
    assert listed(capsys)["priority"] == -3
    assert main(["token", "priority", "me", "9999999"]) == 1
    assert "from -" in capsys.readouterr().err


def test_an_unknown_name_is_said_with_those_there_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is changed."""
    assert main(["token", "disable", "you"]) == 1
    assert "Known: me." in capsys.readouterr().err
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["token", "disable", "you"]) == 1
    assert capsys.readouterr().err.endswith("错误：没有这个名称的凭据。\n已有：me。\n")


def test_a_running_gateway_is_asked(
    folder: Path, demo: RunningDemo, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would write over what is in the files; those stay as they are."""
    (folder / ".env").write_text(demo.settings)
    with claim(folder, describe_running(f"http://127.0.0.1:{demo.port}")):
        assert main(["token", "priority", "demo-1", "7"]) == 0
        assert "demo-1 now has priority 7" in capsys.readouterr().out
        assert main(["token", "disable", "me"]) == 1
        assert "no credential of this alias" in capsys.readouterr().err
    assert not (folder / ".token-state").exists()


def test_a_running_gateway_that_refuses_the_key_is_said(
    folder: Path, demo: RunningDemo, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is asked with the operator's, never with one for chats."""
    (folder / ".env").write_text("CLIENT_TOKENS=only-for-chats-1234\n")
    with claim(folder, describe_running(f"http://127.0.0.1:{demo.port}")):
        assert main(["token", "disable", "demo-1"]) == 1
    assert "refuses a request without a key" in capsys.readouterr().err
