"""Testing a token with one request, against the simulator on a real socket."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cursor_api.cli import main
from cursor_api.domain.credential import Secret
from cursor_api.domain.credential_health import (
    CredentialHealth,
    Preferences,
    Quarantine,
    QuarantineReason,
)
from cursor_api.service.credentials.roster import digest
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.server import simulate
from cursor_api.stores.files.pool_state import FilePoolStateStore
from tests.unit.cli.editor_folder import TOKEN


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    """The address of a simulator that runs beside the test."""
    addresses: list[str] = []
    is_there = threading.Event()
    loop = asyncio.new_event_loop()

    def tell(url: str) -> None:
        addresses.append(url)
        is_there.set()

    task = loop.create_task(simulate(CursorSimulator(SimulatorOptions(port=0)), tell))

    def work() -> None:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=work)
    thread.start()
    assert is_there.wait(10)
    yield addresses[0]
    loop.call_soon_threadsafe(task.cancel)
    thread.join(10)
    loop.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulator: str) -> Path:
    """A folder with one token, and the simulator for an upstream."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CURSOR_BASE_URL", simulator)
    for name in ("TOKEN_FILE", "TOKEN_LIST_FILE", "AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".token").write_text(f"me::{TOKEN}\n")
    (tmp_path / ".token").chmod(0o600)
    return tmp_path


def test_a_token_that_works(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence with model and time; exit status 0."""
    assert folder.is_dir()
    assert main(["token", "test", "me"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("me works: gpt-4o-mini answered")
    assert TOKEN not in said.out + said.err
    assert main(["token", "test", "me", "--model", "gpt-4", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["is_ok"], shown["model"]) == (True, "gpt-4")


def test_a_reader_of_chinese_is_told_why_it_does_not(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what helps; programs get the English."""
    assert folder.is_dir()
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("CURSOR_BASE_URL", "http://127.0.0.1:1")
    assert main(["token", "test", "me"]) == 1
    reason, advice = capsys.readouterr().out.splitlines()
    assert reason.endswith("127.0.0.1 拒绝连接或无法连接。")
    assert not advice.isascii()
    assert main(["token", "test", "me", "--json"]) == 1
    fault = json.loads(capsys.readouterr().out)["fault"]
    assert fault["message"] == "127.0.0.1 refuses connections or cannot be reached."
    assert main(["token", "test", "nobody"]) == 1
    assert "没有这个名称的凭据。" in capsys.readouterr().err


def test_what_cannot_be_tested_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An alias or a model that is not there, with those that are."""
    assert folder.is_dir()
    assert main(["token", "test", "you"]) == 1
    assert "Known: me." in capsys.readouterr().err
    assert main(["token", "test", "me", "--model", "gpt-4o"]) == 1
    assert "gpt-4o-mini" in (said := capsys.readouterr().err)
    assert "There are" not in said


def test_an_upstream_that_is_not_there_is_no_fault_of_the_token(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1, what happened, and what to do next."""
    assert folder.is_dir()
    monkeypatch.setenv("CURSOR_BASE_URL", "http://127.0.0.1:9")
    assert main(["token", "test", "me"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("me did not answer: ")
    assert "says nothing about the credential" in said.out
    assert TOKEN not in said.out + said.err


def test_a_success_ends_a_quarantine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For the next gateway; one that runs is told on its page."""
    store = FilePoolStateStore(folder / ".token-state")
    revoked = CredentialHealth(quarantine=Quarantine(QuarantineReason.REVOKED, 1.0))
    key = digest(Secret(TOKEN))
    asyncio.run(store.save({key: (Preferences(priority=3), revoked)}))
    assert main(["token", "test", "me"]) == 0
    assert "/tokeninfo" in capsys.readouterr().out
    preferences, health = asyncio.run(store.load())[key]
    assert preferences.priority == 3
    assert health.quarantine is None
