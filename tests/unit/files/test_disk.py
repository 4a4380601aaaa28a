"""The steps of reading and writing, on the real file system."""

from __future__ import annotations

import itertools
import os
import stat
from pathlib import Path

import pytest

from cursor_api.files.disk import Disk, FileTooLargeError, Snapshot

DISK = Disk()
SIZE_MAX = 1000


def found(path: Path) -> Snapshot:
    """What is there."""
    snapshot = DISK.find(path, SIZE_MAX)
    assert snapshot is not None
    return snapshot


def test_a_file_is_found_with_all_that_a_replacement_keeps(tmp_path: Path) -> None:
    """Its bytes, mode, owner and number of names."""
    path = tmp_path / "f"
    path.write_bytes(b"a\r\n\xff")
    path.chmod(0o640)
    snapshot, status = found(path), path.stat()
    assert snapshot.data == b"a\r\n\xff"
    assert snapshot.mode == 0o640
    assert (snapshot.user_id, snapshot.group_id) == (status.st_uid, status.st_gid)
    assert snapshot.link_count == 1
    assert snapshot.fingerprint == DISK.find_fingerprint(path)


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    """Also a link to nowhere, whose name is taken all the same."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for path in (tmp_path / "f", link):
        assert DISK.find(path, SIZE_MAX) is None
        assert DISK.find_fingerprint(path) is None
    assert DISK.exists(link)
    assert not DISK.exists(tmp_path / "f")


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    """A hundred megabytes (of nothing) cost a look at the size."""
    path = tmp_path / "f"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(FileTooLargeError) as caught:
        DISK.find(path, SIZE_MAX)
    assert caught.value.size_bytes == 100 * 1024 * 1024
    path.write_bytes(b"x" * SIZE_MAX)
    assert len(found(path).data) == SIZE_MAX


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX's")
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    """A pipe that nobody writes into keeps nobody waiting."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/null")):
        with pytest.raises(OSError, match="It is"):
            DISK.find(path, SIZE_MAX)


@pytest.mark.parametrize("other", [b"other text", b"longer than it was", b"short"])
def test_a_file_that_is_written_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: bytes
) -> None:
    """What comes out stood there at one moment, even where the size is the same."""
    path = tmp_path / "f"
    path.write_bytes(b"first text")
    read, reads = os.read, itertools.count(1)

    def read_half_and_be_disturbed(file: int, size_bytes: int) -> bytes:
        if next(reads) == 2:
            path.write_bytes(other)
        return read(file, min(size_bytes, 5))

    monkeypatch.setattr(os, "read", read_half_and_be_disturbed)
    assert found(path).data == other


def test_a_file_that_never_stands_still_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried for ever."""
    path = tmp_path / "f"
    path.write_bytes(b"text")
    read = os.read

    def be_disturbed(file: int, size_bytes: int) -> bytes:
        with path.open("ab") as appended:
            appended.write(b".")
        return read(file, size_bytes)

    monkeypatch.setattr(os, "read", be_disturbed)
    with pytest.raises(OSError, match="being written by another program"):
        DISK.find(path, SIZE_MAX)


def test_a_fingerprint_changes_with_content_mode_and_file(tmp_path: Path) -> None:
    """Also when a copy keeps size and time, and when a link comes to mean another file."""
    path, link = tmp_path / "f", tmp_path / "link"
    path.write_bytes(b"aa")
    link.symlink_to(path)
    os.utime(path, ns=(10**18, 10**18))
    seen = [DISK.find_fingerprint(link)]
    path.write_bytes(b"bb")
    os.utime(path, ns=(10**18, 10**18))
    seen.append(DISK.find_fingerprint(link))
    path.chmod(0o400)
    seen.append(DISK.find_fingerprint(link))
    (tmp_path / "g").write_bytes(b"bb")
    link.unlink()
    link.symlink_to(tmp_path / "g")
    seen.append(DISK.find_fingerprint(link))
    assert len(set(seen)) == len(seen)


def test_a_new_file_is_private_and_no_link_is_followed(tmp_path: Path) -> None:
    """Nobody can have put something in its place."""
    file = DISK.create(tmp_path / "f")
    DISK.write(file, b"abc")
    DISK.truncate(file, 2)
    DISK.sync(file)
    DISK.close(file)
    assert (tmp_path / "f").read_bytes() == b"ab"
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "f")
    for path in ("f", "link"):
        with pytest.raises(FileExistsError):
            DISK.create(tmp_path / path)
    with pytest.raises(OSError, match="symbolic links"):
        DISK.open_existing(tmp_path / "link")


def test_a_replacement_takes_over_mode_and_owner(tmp_path: Path) -> None:
    """As far as this user may give a file away."""
    old = tmp_path / "old"
    old.write_bytes(b"")
    old.chmod(0o644)
    if os.getuid() == 0:
        os.chown(old, 12345, 54321)
    file = DISK.create(tmp_path / "new")
    DISK.adopt(file, found(old))
    DISK.close(file)
    new, expected = found(tmp_path / "new"), found(old)
    assert (new.mode, new.user_id, new.group_id) == (
        expected.mode,
        expected.user_id,
        expected.group_id,
    )


def test_renaming_and_removing(tmp_path: Path) -> None:
    """A rename replaces what is there; removing what is not there is no error."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    DISK.rename(tmp_path / "a", tmp_path / "b")
    DISK.sync_folder(tmp_path)
    assert (tmp_path / "b").read_bytes() == b"a"
    for _ in range(2):
        DISK.remove(tmp_path / "b")
    assert list(tmp_path.iterdir()) == []
