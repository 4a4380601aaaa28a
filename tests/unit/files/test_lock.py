"""The lock against a second process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cursor_api.domain.errors import StoreError
from cursor_api.files.lock import LOCK_NAME, lock_folders

HOLDER = """
import sys
from pathlib import Path
from cursor_api.files.lock import lock_folders
with lock_folders({Path(sys.argv[1])}, 5):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_waits_for_a_bounded_time(tmp_path: Path) -> None:
    """It says which file is locked, and that nothing was changed."""
    with hold(tmp_path) as holder:
        begin = time.monotonic()
        with (
            pytest.raises(StoreError, match=r"Another process.*\.cursor-api\.lock"),
            lock_folders({tmp_path}, 0.2),
        ):
            pytest.fail("two hold it")
        assert 0.2 <= time.monotonic() - begin < 5
        holder.communicate()
    with lock_folders({tmp_path}, 0):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    """There is nothing to clean up by hand."""
    with hold(tmp_path) as holder:
        holder.kill()
        holder.communicate()
    with lock_folders({tmp_path}, 5):
        pass


def test_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    """Two stores in one process are two as well."""
    inside, most = 0, 0
    guard = threading.Lock()

    def enter() -> None:
        nonlocal inside, most
        for _ in range(5):
            with lock_folders({tmp_path}, 30):
                with guard:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.002)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_two_folders_are_always_taken_in_one_order(tmp_path: Path) -> None:
    """So two processes never wait for each other."""
    folders = {tmp_path / "b", tmp_path / "a"}
    for folder in folders:
        folder.mkdir()
    with hold(tmp_path / "a") as holder:
        with pytest.raises(StoreError, match="a/"), lock_folders(folders, 0.05):
            pytest.fail("two hold it")
        with lock_folders({tmp_path / "b"}, 0):
            pass
        holder.communicate()


def test_the_lock_file_is_private_and_empty_and_stays(tmp_path: Path) -> None:
    """It is no link, and holds nothing."""
    with lock_folders({tmp_path}, 1):
        pass
    status = (tmp_path / LOCK_NAME).stat()
    assert (status.st_mode & 0o777, status.st_size) == (0o600, 0)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With what it is needed for."""
    with (
        pytest.raises(StoreError, match=r"cannot be written \(No such file.*mount a folder"),
        lock_folders({tmp_path / "missing"}, 1),
    ):
        pytest.fail("locked what is not there")
