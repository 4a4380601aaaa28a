"""The folder in which workers meet."""

from __future__ import annotations

import stat
import sys
import tempfile
from pathlib import Path

import pytest

from cursor_api.cluster.folder import private_folder
from cursor_api.domain.errors import StoreError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are for Linux")


def test_it_is_for_this_user_alone_and_goes_with_what_is_in_it() -> None:
    """Sockets are left behind by those that are killed."""
    with private_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "1.sock").touch()
    assert not folder.exists()


def test_one_that_cannot_be_made_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to set."""
    monkeypatch.setattr(tempfile, "tempdir", "/proc/none")
    with pytest.raises(StoreError, match="TMPDIR"), private_folder():
        raise AssertionError


def test_its_name_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket's address is, whatever the temporary folder is called."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 25)))
    with private_folder() as folder:
        assert len(str(folder)) < 40
