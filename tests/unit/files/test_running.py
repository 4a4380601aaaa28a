"""Whether a gateway runs in a folder, and where."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cursor_api.domain.errors import StoreError
from cursor_api.files.running import (
    RUNNING_NAME,
    claim,
    describe_running,
    find_running,
    find_running_url,
    keep_stopped,
)

HOLDER = """
import sys
from pathlib import Path
from cursor_api.files.running import claim
with claim(Path(sys.argv[1]), "the other"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_it_is_known_as_long_as_it_runs(tmp_path: Path) -> None:
    """The file stays, and means nothing then; only its owner can read it."""
    assert find_running(tmp_path) is None
    with claim(tmp_path, "a longer text"):
        assert find_running(tmp_path) == "a longer text"
    assert find_running(tmp_path) is None
    with claim(tmp_path, "here"):
        assert find_running(tmp_path) == "here"
    assert stat.S_IMODE((tmp_path / RUNNING_NAME).stat().st_mode) == 0o600


def test_it_says_where_it_is(tmp_path: Path) -> None:
    """What anything else has written there is no address."""
    assert find_running_url(tmp_path) is None
    with claim(tmp_path, describe_running("http://127.0.0.1:3000/hf")):
        assert find_running_url(tmp_path) == "http://127.0.0.1:3000/hf"
    for text in ("", "no JSON", "[]", '{"url": 3000}', '{"url": "file:///etc"}'):
        with claim(tmp_path, text):
            assert find_running_url(tmp_path) is None, text


def test_several_may_run_and_a_killed_one_does_not(tmp_path: Path) -> None:
    """The last that was started is told; nothing has to be cleaned up."""
    with (
        claim(tmp_path, "this"),
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other,
    ):
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert find_running(tmp_path) == "the other"
        other.kill()
        other.communicate()
        assert find_running(tmp_path) == "the other"
    assert find_running(tmp_path) is None


def test_while_it_is_kept_stopped_none_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And while one runs, it cannot be."""
    monkeypatch.setattr("cursor_api.files.running._WAIT_S", 0.0)
    with keep_stopped(tmp_path):
        assert find_running(tmp_path) is None
        with pytest.raises(StoreError, match="being restored"), claim(tmp_path, ""):
            pytest.fail("it runs")
    with (
        claim(tmp_path, ""),
        pytest.raises(StoreError, match="A gateway runs in"),
        keep_stopped(tmp_path),
    ):
        pytest.fail("it is stopped")


def test_a_folder_that_cannot_be_written_tells_nothing(tmp_path: Path) -> None:
    """A gateway runs there all the same. A link in the file's place is not followed."""
    with claim(tmp_path / "gone", "here"):
        assert find_running(tmp_path / "gone") is None
    with pytest.raises(StoreError, match="cannot be written"), keep_stopped(tmp_path / "gone"):
        pytest.fail("it is stopped")
    (tmp_path / RUNNING_NAME).symlink_to(tmp_path / "elsewhere")
    with claim(tmp_path, "here"):
        assert find_running(tmp_path) is None
    assert not (tmp_path / "elsewhere").exists()
