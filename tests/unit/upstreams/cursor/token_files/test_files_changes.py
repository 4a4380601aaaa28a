"""Both files on a disk while they change: by an editor, another process, a page, a crash."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cursor_api.domain.credential import CredentialChange
from cursor_api.domain.errors import BindingNotStoredError, StaleTextError, StoreError
from cursor_api.files.disk import Disk, Snapshot
from cursor_api.files.lock import lock_folders
from tests.unit.files.scripted_disk import ScriptedDisk
from tests.unit.upstreams.cursor.token_files.token_folder import Folder, checksum


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Nothing in it yet."""
    return Folder(tmp_path)


def test_a_change_is_seen_once_it_stands_still(folder: Folder) -> None:
    """An editor's half-written file is left to the editor; what was judged is not seen again."""
    folder.write("a\n")
    folder.load()
    assert [folder.files.has_changed() for _ in range(3)] == [False, False, False]
    folder.write("a\nb")
    assert not folder.files.has_changed()
    folder.write("a\nbc\n")
    assert not folder.files.has_changed()
    assert folder.files.has_changed()
    assert folder.files.has_changed()
    folder.load()
    assert not folder.files.has_changed()
    folder.write("a b\n")
    with pytest.raises(StoreError):
        folder.load()
    assert [folder.files.has_changed() for _ in range(3)] == [False, False, False]
    folder.token.unlink()
    assert [folder.files.has_changed() for _ in range(2)] == [False, True]


def test_a_secret_that_is_swapped_by_its_link_is_seen(tmp_path: Path) -> None:
    """An orchestrator mounts secrets as links to links and swaps the one in the middle."""
    for name, text in (("one", "a\n"), ("two", "b\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".token").write_text(text)
        os.utime(tmp_path / name / ".token", ns=(10**18, 10**18))
    (tmp_path / "now").symlink_to("one")
    folder = Folder(tmp_path)
    folder.token.symlink_to("now/.token")
    assert folder.load()[0][0] == "a"
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").rename(tmp_path / "now")
    assert [folder.files.has_changed() for _ in range(2)] == [False, True]
    assert folder.load()[0][0] == "b"


def test_a_waiting_token_is_tried_again(tmp_path: Path) -> None:
    """Once the disk takes its line, nobody has to touch the files."""
    disk = ScriptedDisk()
    folder = Folder(tmp_path, disk)
    folder.write("a\n")
    disk.fail_from(1)
    with pytest.raises(BindingNotStoredError):
        folder.load()
    assert [folder.files.has_changed() for _ in range(3)] == [False, True, True]
    disk.fail_at(0)
    assert folder.load()
    assert not folder.files.has_changed()


def test_a_save_that_was_cut_off_is_finished_by_the_next_load(folder: Folder) -> None:
    """A file mounted by itself may be half written; nobody has to repair it."""
    old, new = f"a,{checksum(1)}\n", f"a,{checksum(1)}\nb,{checksum(2)}\n"
    folder.write("a\nb\n", new[:-10])
    folder.listed.with_name(".token-list.saving").write_text(new)
    folder.listed.with_name(".token-list.before-saving").write_text(old)
    assert folder.load() == [("a", checksum(1)), ("b", checksum(2))]
    assert set(folder.contents()) == {".token", ".token-list"}


def test_following_the_advice_after_a_cut_off_save_starts_the_gateway(folder: Folder) -> None:
    """Somebody writes the line for the new token by hand: it counts, and what was is kept aside."""
    typed = f"b,{checksum(7)}\na,{checksum(1)}\n"
    folder.write("a\nb\n", typed)
    for name, number in ((".token-list.saving", 2), (".token-list.before-saving", 3)):
        folder.listed.with_name(name).write_text(f"a,{checksum(number)}\n")
    assert folder.load() == [("a", checksum(1)), ("b", checksum(7))]
    assert folder.listed.read_text() == typed
    assert set(folder.contents()) == {".token", ".token-list", ".token-list.set-aside"}
    [warning] = folder.files.warnings
    assert "What it held before is in" in warning.text
    folder.listed.with_name(".token-list.set-aside").unlink()
    folder.load()
    assert folder.files.warnings == ()


def test_half_a_file_is_not_read_where_it_cannot_be_finished(tmp_path: Path) -> None:
    """The remains of a plain save are in nobody's way, those of one in place are."""
    disk = ScriptedDisk()
    folder = Folder(tmp_path, disk)
    folder.write("a\n", f"a,{checksum(1)}\n")
    folder.listed.with_name(".token-list.saving").write_text("junk")
    disk.fail_from(1)
    assert folder.load() == [("a", checksum(1))]
    folder.listed.with_name(".token-list.before-saving").write_text(folder.listed.read_text())
    with pytest.raises(StoreError, match="cannot be finished"):
        folder.load()


@pytest.mark.parametrize("moment", ["create .token-list.saving", "sync folder"])
def test_an_edit_during_a_load_is_not_lost(tmp_path: Path, moment: str) -> None:
    """The line is appended to what the editor wrote, be it before our save or just after it."""
    disk = ScriptedDisk()
    folder = Folder(tmp_path, disk)
    folder.write("a\n", "# one\n")

    def edit(entry: str) -> None:
        if entry == moment and entry not in disk.diary:
            folder.write(None, "# two\n")

    disk.before = edit
    assert folder.load() == [("a", checksum(1001))]
    assert folder.listed.read_text() == f"# two\na,{checksum(1001)}\n"
    assert not folder.files.has_changed()
    assert not folder.files.has_changed()


class InterferingDisk(Disk):
    """Before each reading of the token list, something may happen to it."""

    def __init__(self) -> None:
        self.happenings: list[Callable[[], object]] = []

    def find(self, path: Path, size_bytes_max: int) -> Snapshot | None:
        """The next happening first."""
        if path.name == ".token-list" and self.happenings:
            self.happenings.pop(0)()
        return super().find(path, size_bytes_max)


def test_a_line_of_another_process_is_not_lost(tmp_path: Path) -> None:
    """It was stored after this one had read the list and before it had the lock."""
    disk = InterferingDisk()
    folder = Folder(tmp_path, disk)
    theirs = f"# theirs\na,{checksum(7)}\n"
    folder.write("a\nb\n", "# mine\n")
    disk.happenings = [lambda: None, lambda: folder.write(None, theirs)]
    assert folder.load() == [("a", checksum(7)), ("b", checksum(1000))]
    assert folder.listed.read_text() == f"{theirs}b,{checksum(1000)}\n"


def test_an_editor_that_never_stops_is_left_alone(tmp_path: Path) -> None:
    """After a few tries it is told, and its text is there."""
    disk = ScriptedDisk()
    folder = Folder(tmp_path, disk)
    folder.write("a\n", "# 0\n")
    numbers = itertools.count(1)
    disk.before = lambda _entry: folder.write(None, f"# {next(numbers)}\n")
    with pytest.raises(StaleTextError):
        folder.load()
    assert folder.listed.read_text().startswith("# ")
    assert set(folder.contents()) == {".token", ".token-list"}


def test_a_store_waits_for_another_one_but_not_for_ever(folder: Folder) -> None:
    """Reading needs no lock; a save does, and says who has it."""
    folder.write("a\n", f"a,{checksum(1)}\n")
    with lock_folders({folder.path}, 0):
        assert folder.load()
        with pytest.raises(StoreError, match="Another process is saving"):
            folder.files.add("b")
        folder.write("a\nb\n")
        with pytest.raises(BindingNotStoredError, match="Another process is saving"):
            folder.load()
    assert len(folder.load()) == 2


def test_a_failed_write_takes_the_first_one_back(tmp_path: Path) -> None:
    """A change of two files that cannot be finished is no change."""
    disk = ScriptedDisk()
    folder = Folder(tmp_path, disk)
    folder.write("a\n", f"a,{checksum(1)}\n# end")
    before = folder.contents()
    disk.fails = lambda entry: errno.EROFS if entry == "rename .token.saving .token" else 0
    with pytest.raises(StoreError, match=r"\.token cannot be written and is as it was"):
        folder.files.add("b")
    assert folder.contents() == before
    assert folder.load() == [("a", checksum(1))]


def test_text_is_replaced_whole_or_not_at_all(folder: Folder) -> None:
    """Read it, change it, put it back with the etag; anybody else's change in between wins."""
    folder.write("a\r\n", f"a,{checksum(1)}\n")
    first = folder.files.read_text()
    second = folder.files.replace_text("a\r\n# new\r\nb", None, first.etag)
    assert folder.token.read_bytes() == b"a\r\n# new\r\nb"
    assert second == folder.files.read_text()
    assert second.token_list_text == f"a,{checksum(1)}\nb,{checksum(1000)}\n"
    with pytest.raises(StaleTextError):
        folder.files.replace_text("", "", first.etag)
    with pytest.raises(StoreError, match=r"\.token:1: a space"):
        folder.files.replace_text("x y", "", second.etag)
    with pytest.raises(StoreError, match="not UTF-8"):
        folder.files.replace_text("\ud800", "")
    assert folder.files.read_text() == second
    assert folder.files.replace_text("", "").token_list_text == ""
    assert folder.load() == []


def test_invalid_text_can_be_read_and_put_right(folder: Folder) -> None:
    """A user who broke a line by hand repairs it on the page."""
    folder.write("a b\n", "junk\n")
    texts = folder.files.read_text()
    assert (texts.token_text, texts.token_list_text) == ("a b\n", "junk\n")
    folder.files.replace_text("a\n", "", texts.etag)
    assert folder.load() == [("a", checksum(1000))]


def test_what_cannot_be_shown_is_not_replaced(folder: Folder) -> None:
    """A file in another encoding may be somebody's only copy."""
    folder.write("备注".encode("gbk"))
    before = folder.contents()
    for step in (folder.files.read_text, lambda: folder.files.replace_text("a", "")):
        with pytest.raises(StoreError, match="is not UTF-8 text"):
            step()
    assert folder.contents() == before


def test_a_write_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    """Neither file gets a new inode."""
    disk = ScriptedDisk()
    folder = Folder(tmp_path, disk)
    folder.write("mine::a\n", f"a,{checksum(1)}\n")
    texts = folder.files.read_text()
    folder.files.replace_text(texts.token_text, texts.token_list_text)
    folder.files.update("mine", CredentialChange())
    assert disk.diary == []
