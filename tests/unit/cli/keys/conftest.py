"""Where the commands about keys and prices are tried."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and nothing set."""
    monkeypatch.chdir(tmp_path)
    for name in ("REQUEST_LOG_FILE", "AUTH_TOKEN", "CURSOR_API_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
