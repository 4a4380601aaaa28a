"""Replacing a file: the old one or the new one, whatever fails."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cursor_api.domain.errors import StoreError
from cursor_api.files.atomic import (
    FileChangedError,
    has_leftovers,
    is_torn,
    recover,
    save,
    set_aside,
)
from cursor_api.files.disk import Disk, Snapshot
from tests.unit.files.scripted_disk import ScriptedDisk

OLD, NEW = b"old line\n" * 7, b"new line, a longer one\n" * 5
TORN = NEW[:20] + OLD[20:]
TYPED = b"somebody's own text, typed after the crash\n"
SIZE_MAX = 10_000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file with the old text."""
    path = tmp_path / "f"
    path.write_bytes(OLD)
    path.chmod(0o640)
    return path


@pytest.fixture
def disk() -> ScriptedDisk:
    """A disk on which nothing fails yet."""
    return ScriptedDisk()


def found(path: Path) -> Snapshot | None:
    """What is there."""
    return Disk().find(path, SIZE_MAX)


def names(target: Path) -> set[str]:
    """All names in its folder."""
    return {path.name for path in target.parent.iterdir()}


def test_the_order_of_the_steps(target: Path, disk: ScriptedDisk) -> None:
    """The text is on the disk before its name is, and the name before the save is called done."""
    save(target, NEW, found(target), disk)
    assert disk.diary == [
        "create f.saving",
        "write f.saving",
        "adopt f.saving",
        "sync f.saving",
        "rename f.saving f",
        "sync folder",
    ]
    assert target.read_bytes() == NEW
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_new_file_is_private(tmp_path: Path) -> None:
    """Mode 0600, whatever the umask allows."""
    path = tmp_path / "f"
    save(path, NEW, None, Disk())
    assert path.read_bytes() == NEW
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_a_step_that_fails_leaves_the_old_file_alone(
    target: Path, disk: ScriptedDisk, step: int, code: int
) -> None:
    """It is loud, says that the file is as it was, and leaves nothing behind."""
    before = found(target)
    disk.fail_at(step, code)
    with pytest.raises(StoreError) as caught:
        save(target, NEW, before, disk)
    assert str(caught.value) == f"{target} cannot be written and is as it was: {os.strerror(code)}."
    assert found(target) == before
    assert names(target) == {"f"}


def test_a_name_that_is_not_confirmed_is_told(target: Path, disk: ScriptedDisk) -> None:
    """The new text is there, and may be gone after a power cut."""
    disk.fail_at(6, errno.EIO)
    with pytest.raises(StoreError, match="was saved, but the disk does not confirm it"):
        save(target, NEW, found(target), disk)
    assert target.read_bytes() == NEW


def test_a_disk_that_fails_for_good_leaves_the_old_file_alone(
    target: Path, disk: ScriptedDisk
) -> None:
    """What could not even be cleaned up is forgotten by `recover`, once the disk is well."""
    for step in range(1, 6):
        disk.fail_from(step)
        with pytest.raises(StoreError, match="is as it was: Read-only file system"):
            save(target, NEW, found(target), disk)
        assert target.read_bytes() == OLD
        disk.fail_at(0)
        recover(target, SIZE_MAX, disk)
        assert names(target) == {"f"}


def test_what_another_program_wrote_meanwhile_is_not_overwritten(
    target: Path, disk: ScriptedDisk
) -> None:
    """Up to the last moment before the rename; also where there was no file at first."""
    before = found(target)

    def edit(entry: str) -> None:
        if entry.startswith("sync"):
            target.write_bytes(b"an editor's text")

    disk.before = edit
    for over in (before, None):
        with pytest.raises(FileChangedError):
            save(target, NEW, over, disk)
        assert target.read_bytes() == b"an editor's text"
        assert names(target) == {"f"}


def test_a_leftover_of_an_earlier_save_is_in_nobodys_way(target: Path) -> None:
    """Not even where it is a link that somebody has laid."""
    other = target.with_name("other")
    other.write_bytes(b"other")
    target.with_name("f.saving").symlink_to(other)
    save(target, NEW, found(target), Disk())
    assert (target.read_bytes(), other.read_bytes()) == (NEW, b"other")


def test_a_file_mounted_by_itself_is_written_in_place(target: Path, disk: ScriptedDisk) -> None:
    """Both texts are on the disk before the file is touched, and gone when it is done."""
    disk.is_mounted = {"f"}
    before = target.stat()
    save(target, NEW, found(target), disk)
    assert disk.diary[4:] == [
        "rename f.saving f",
        "open f",
        "create f.before-saving.part",
        "write f.before-saving.part",
        "sync f.before-saving.part",
        "sync folder",
        "rename f.before-saving.part f.before-saving",
        "sync folder",
        "write f",
        "truncate f",
        "sync f",
        "remove f.before-saving",
        "remove f.saving",
        "sync folder",
    ]
    assert target.read_bytes() == NEW
    assert target.stat().st_ino == before.st_ino
    assert names(target) == {"f"}


@pytest.mark.parametrize("words", ["open f", "write f"])
def test_a_file_mounted_by_itself_that_takes_no_byte_is_as_it_was(
    target: Path, disk: ScriptedDisk, words: str
) -> None:
    """Mounted read-only, or another user's: nothing is left beside it that an edit would upset."""
    disk.is_mounted = {"f"}
    disk.fails = lambda entry: errno.EROFS if entry == words else 0
    disk.write_part = 0.0
    with pytest.raises(StoreError, match="is as it was: Read-only file system"):
        save(target, NEW, found(target), disk)
    assert (target.read_bytes(), names(target)) == (OLD, {"f"})
    target.write_bytes(b"an editor's text")
    assert not has_leftovers(target, disk)


@pytest.mark.parametrize("data", [NEW, b"short\n"])
@pytest.mark.parametrize("step", range(1, 19))
def test_a_step_in_place_that_fails_is_taken_back(
    target: Path, disk: ScriptedDisk, step: int, data: bytes
) -> None:
    """The old text is there again, or the new one if all but the cleaning up was done."""
    disk.is_mounted = {"f"}
    disk.fail_at(step)
    try:
        save(target, data, found(target), disk)
    except StoreError as error:
        assert "is as it was" in str(error) or target.read_bytes() == data  # noqa: PT017 - either
    else:
        assert target.read_bytes() == data
    assert target.read_bytes() in ({OLD} if step < 16 else {data})
    disk.fail_at(0)
    recover(target, SIZE_MAX, disk)
    assert target.read_bytes() in ({OLD} if step < 16 else {data})
    assert names(target) == {"f"}


@pytest.mark.parametrize("data", [NEW, b"short\n"])
@pytest.mark.parametrize("step", range(1, 19))
def test_a_disk_that_dies_while_writing_in_place_is_put_right_later(
    target: Path, disk: ScriptedDisk, step: int, data: bytes
) -> None:
    """A half-written file is told with the place of its old text, and `recover` makes it whole."""
    disk.is_mounted = {"f"}
    disk.fail_from(step)
    try:
        save(target, data, found(target), disk)
    except StoreError as error:
        message = str(error)
        if target.read_bytes() not in {OLD, data}:
            assert "half written" in message
            assert "f.before-saving" in message
            assert is_torn(target, disk)
    disk.fail_at(0)
    if has_leftovers(target, disk):
        recover(target, SIZE_MAX, disk)
    assert target.read_bytes() in {OLD, data}
    assert names(target) == {"f"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40), st.binary(max_size=40), st.data())
def test_any_mixture_of_both_texts_is_finished(
    tmp_path: Path, old: bytes, new: bytes, chosen: st.DataObject
) -> None:
    """Wherever the writing was cut off, and even if its pages reached the disk in any order."""
    size_bytes = chosen.draw(
        st.sampled_from(sorted({len(old), len(new), max(map(len, (old, new)))}))
    )
    torn = bytes(
        chosen.draw(st.sampled_from(old[place : place + 1] + new[place : place + 1]))
        for place in range(size_bytes)
    )
    target = tmp_path / "f"
    for name, data in (("f", torn), ("f.saving", new), ("f.before-saving", old)):
        target.with_name(name).write_bytes(data)
    recover(target, SIZE_MAX, Disk())
    assert target.read_bytes() in {old, new}
    assert names(target) == {"f"}


@pytest.mark.parametrize(
    ("disturb", "wanted", "aside"),
    [
        (lambda target: target.write_bytes(TYPED), TYPED, OLD),
        (lambda target: target.with_name("f.saving").unlink(), TORN, OLD),
        (lambda target: target.write_bytes(b""), NEW, None),
        (lambda target: target.unlink(), NEW, None),
    ],
)
def test_what_somebody_wrote_after_the_crash_counts_as_it_stands(
    target: Path, disturb: Callable[[Path], object], wanted: bytes, aside: bytes | None
) -> None:
    """Nobody has to repair anything, and no text is lost: the one before is kept aside.

    An emptied or a lost file says nothing: it gets the text that was to be saved.
    """
    target.write_bytes(TORN)
    target.with_name("f.saving").write_bytes(NEW)
    target.with_name("f.before-saving").write_bytes(OLD)
    disturb(target)
    recover(target, SIZE_MAX, Disk())
    kept = {"f": wanted} if aside is None else {"f": wanted, set_aside(target).name: aside}
    assert {path.name: path.read_bytes() for path in target.parent.iterdir()} == kept
    assert not has_leftovers(target, Disk())


def test_an_emptied_file_without_the_new_text_gets_the_old_one(target: Path) -> None:
    """Of the two it is the one that is left."""
    target.write_bytes(b"")
    target.with_name("f.before-saving").write_bytes(OLD)
    recover(target, SIZE_MAX, Disk())
    assert target.read_bytes() == OLD
    assert names(target) == {"f"}


def test_a_recovery_that_fails_is_told(target: Path, disk: ScriptedDisk) -> None:
    """And can be tried again."""
    target.with_name("f.saving").write_bytes(NEW)
    disk.fail_from(1)
    with pytest.raises(StoreError, match="cannot be finished: Read-only file system"):
        recover(target, SIZE_MAX, disk)
    disk.fail_at(0)
    recover(target, SIZE_MAX, disk)
    assert target.read_bytes() == OLD
