"""What the machine has to do with it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from cursor_api.cli.doctor import machine as checkup_machine
from cursor_api.cli.doctor.machine import check_files, check_gateway
from cursor_api.domain.diagnosis import Check, Verdict
from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from tests.unit.cli.gateway_folder import enter
from tests.unit.cli.gateway_stage import listing_gateway

PARSED = argparse.Namespace(config=None)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    return enter(tmp_path, monkeypatch)


def look() -> list[Check]:
    """All that is found here."""
    files = check_files(load_settings(SCHEMA, os.environ, Path.cwd()))
    return [*files, check_gateway(PARSED)[0]]


def test_nothing_to_say(folder: Path) -> None:
    """One line for the files and one for the gateway, which does not run."""
    # Whatever runs on this machine has another port.
    (folder / ".env").write_text("PORT=1\n")
    (folder / ".env").chmod(0o600)
    assert [(one.area, one.verdict) for one in look()] == [
        ("files", Verdict.OK),
        ("gateway", Verdict.OK),
    ]


def test_files_that_others_can_read(folder: Path) -> None:
    """Each that may hold a secret, with what to type."""
    (folder / "key").write_text("a-key-0123456789")
    (folder / "sealing").write_text("a" * 64)
    (folder / ".env").write_text("PORT=3999\nCREDENTIALS_KEY_FILE=sealing\n")
    (folder / "cursor-api.toml").write_text(
        '[[upstream]]\nname = "x"\nkind = "openai"\napi_key_file = "key"\n'
    )
    names = ("key", "sealing", ".env", "cursor-api.toml")
    for name in names:
        (folder / name).chmod(0o644)
    advice = {one.advice for one in look() if one.verdict is Verdict.WARNING}
    assert advice == {f"chmod 600 {folder / name}" for name in names}


def test_what_saves_have_left_and_a_disk_that_fills(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what happens next."""
    (folder / ".token").write_text("")
    (folder / ".token.saving").write_text("")
    (folder / ".token.set-aside").write_text("")
    monkeypatch.setattr(checkup_machine, "FREE_BYTES_MIN", 1 << 62)
    said = " ".join(one.message for one in look() if one.verdict is Verdict.WARNING)
    for words in ("MB left", "was cut off, or is going on", ".token.set-aside has an earlier text"):
        assert words in said


def test_a_gateway_that_runs(folder: Path) -> None:
    """How many models it serves, or why it does not say so."""
    with listing_gateway() as running:
        port = running.url.rpartition(":")[2]
        (folder / ".env").write_text(f"PORT={port}\nAUTH_TOKEN=a-key-0123456789\n")
        assert "serves 3 model(s)" in look()[-1].message
        running.status = 401
        assert look()[-1].verdict is Verdict.WARNING
    (folder / ".env").write_text("PORT=x\n")
    assert look()[-1].verdict is Verdict.SKIPPED
