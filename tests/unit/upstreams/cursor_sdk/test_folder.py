"""The bridge's own folder: private, held, and gone afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cursor_api.upstreams.cursor_sdk.folder import PID_FILE, default_base, open_folder


def test_it_is_private_and_empty_and_removed(tmp_path: Path) -> None:
    """What a bridge left in it is gone before the next one starts."""
    base = tmp_path / "base"
    folder = open_folder(base)
    for path in (base, folder.path, folder.box, folder.home, folder.workspace, folder.temporary):
        assert path.stat().st_mode & 0o777 == 0o700, path
    (folder.home / "conversation").write_text("canary")
    folder.clear()
    assert list(folder.home.iterdir()) == []
    folder.remove()
    assert not folder.path.exists()
    assert str(folder.path) in repr(folder)


def test_each_gateway_has_its_own(tmp_path: Path) -> None:
    """One that is in use is left alone."""
    first, second = open_folder(tmp_path / "base"), open_folder(tmp_path / "base")
    assert first.path != second.path
    assert first.home.is_dir()
    first.remove()
    second.remove()


def test_what_is_left_over_goes_with_its_bridge(tmp_path: Path) -> None:
    """A process is ended only where it is still the bridge of that folder."""
    base = tmp_path / "base"
    base.mkdir(0o700)
    left, others = base / "bridge-left", base / "bridge-others"
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        subprocess.Popen([*sleep, str(left / "box" / "ws")]) as bridge,
        subprocess.Popen(sleep) as stranger,
    ):
        for path, process in ((left, bridge), (others, stranger)):
            path.mkdir()
            (path / PID_FILE).write_text(str(process.pid))
        (base / "bridge-empty").mkdir()
        folder = open_folder(base)
        assert bridge.wait(5) != 0
        assert stranger.poll() is None
        assert list(base.glob("bridge-*")) == [folder.path]
        folder.remove()
        stranger.kill()


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    """It is looked at, not trusted; nor is a link."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    own = tmp_path / "own"
    own.mkdir(0o700)
    (tmp_path / "link").symlink_to(own)
    (tmp_path / "file").write_text("")
    for path in (shared, tmp_path / "link", tmp_path / "file"):
        with pytest.raises(OSError, match=r"alone|exists"):
            open_folder(path)


def test_it_is_where_temporary_files_are() -> None:
    """By user, so that two users of a machine do not meet."""
    assert default_base().name.startswith("cursor-api-")
