"""The two files on a disk, their tokens sealed; what they promise unsealed is in test_files.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.domain.credential import CredentialChange, Secret
from cursor_api.domain.errors import StoreError
from cursor_api.domain.problems import NoticeCode
from cursor_api.files.disk import Disk
from cursor_api.files.sealing import Sealer, id_of
from cursor_api.upstreams.cursor.token_files.pair import FileOptions
from cursor_api.upstreams.cursor.token_files.text import TextLimits
from tests.unit.upstreams.cursor.token_files.token_folder import Folder, checksum

OLD, NEW = Secret("a" * 64), Secret("b" * 64)


def options(*keys: Secret) -> FileOptions:
    """Sealed with these."""
    return FileOptions(lock_wait_s=0.2, sealer=Sealer(keys) if keys else None)


def sealed_folder(path: Path) -> Folder:
    """One whose two tokens were written by hand, and loaded."""
    folder = Folder(path, options=options(OLD))
    folder.write("work::canary-a\ncanary-b\n", f"canary-a,{checksum(1)}\n")
    assert folder.load() == [("canary-a", checksum(1)), ("canary-b", checksum(1000))]
    return folder


def bytes_of(folder: Folder) -> bytes:
    """Everything in it."""
    return b"".join(folder.contents().values())


def test_a_load_seals_what_was_written_by_hand(tmp_path: Path) -> None:
    """Aliases and checksums stay readable; nothing is news to who has sealed it."""
    folder = sealed_folder(tmp_path)
    assert b"canary" not in bytes_of(folder)
    assert folder.token.read_text().startswith(f"work::sealed:{id_of(OLD)}:")
    assert [folder.files.has_changed() for _ in range(3)] == [False] * 3
    before = folder.contents()
    assert Folder(tmp_path, options=options(OLD)).load() == folder.load()
    assert folder.contents() == before


def test_a_line_that_is_not_used_is_sealed_too(tmp_path: Path) -> None:
    """A token that stands twice is in the clear nowhere."""
    folder = Folder(tmp_path, options=options(OLD))
    folder.write("work::canary\nhome::canary\nwork::canary-2\n")
    assert [token for token, _ in folder.load()] == ["canary", "canary-2"]
    assert b"canary" not in bytes_of(folder)
    before = folder.contents()
    assert [token for token, _ in folder.load()] == ["canary", "canary-2"]
    assert folder.contents() == before


def test_changes_are_sealed_too(tmp_path: Path) -> None:
    """Whatever is added, renamed or renewed."""
    folder = sealed_folder(tmp_path)
    folder.files.add("new::canary-c")
    folder.files.update("work", CredentialChange(alias="w", secret=Secret("canary-d")))
    folder.files.replace_text(folder.files.read_text().token_text + "e::canary-e\n")
    assert b"canary" not in bytes_of(folder)
    assert [one.alias for one in folder.files.load()][-2:] == ["new", "e"]
    assert "canary-e" in folder.files.read_text().token_text


def test_a_new_key_seals_all_of_it(tmp_path: Path) -> None:
    """After that the old one is not needed any more."""
    loaded = sealed_folder(tmp_path).load()
    assert Folder(tmp_path, options=options(NEW, OLD)).load() == loaded
    assert Folder(tmp_path, options=options(NEW)).load() == loaded


@pytest.mark.parametrize("keys", [(), (NEW,)], ids=["none", "another"])
def test_without_its_key_nothing_is_read_and_nothing_is_lost(
    tmp_path: Path, keys: tuple[Secret, ...]
) -> None:
    """No call replaces the file by less."""
    before = sealed_folder(tmp_path).contents()
    files = Folder(tmp_path, options=options(*keys)).files
    for call in (
        files.load,
        files.look,
        files.read_text,
        lambda: files.replace_text("x::y"),
        lambda: files.add("x::y"),
        lambda: files.remove("work"),
    ):
        with pytest.raises(StoreError, match=r"\.token: lines 1, 2 can only be read with the key"):
            call()
    assert Folder(tmp_path).contents() == before


class ReadOnlyDisk(Disk):
    """Nothing new can be written."""

    def create(self, path: Path) -> int:
        """See Disk."""
        raise OSError(30, "Read-only file system", str(path))


def test_what_cannot_be_sealed_serves_and_is_told(tmp_path: Path) -> None:
    """A mounted file, for example."""
    folder = Folder(tmp_path, ReadOnlyDisk(), options(OLD))
    folder.write("work::canary-a\n", f"canary-a,{checksum(1)}\n")
    assert folder.load() == [("canary-a", checksum(1))]
    assert {one.code for one in folder.files.warnings} == {NoticeCode.NOT_SEALED}
    assert "canary" not in " ".join(str(one) for one in folder.files.warnings)


class EditorDisk(Disk):
    """As soon as a token file has been saved, its owner saves another one."""

    def rename(self, source: Path, target: Path) -> None:
        """See Disk."""
        super().rename(source, target)
        if target.name == ".token":
            target.write_text("canary-c\n")


def test_an_edit_right_after_the_sealing_is_seen(tmp_path: Path) -> None:
    """It is none of what the load has judged."""
    folder = Folder(tmp_path, EditorDisk(), options(OLD))
    folder.write("canary-a\n", f"canary-a,{checksum(1)}\n")
    assert folder.load() == [("canary-a", checksum(1))]
    assert [folder.files.has_changed() for _ in range(2)] == [False, True]


def test_a_file_that_would_be_too_large_is_not_written(tmp_path: Path) -> None:
    """Sealed, a token is longer."""
    limits = TextLimits(file_bytes_max=500)
    folder = Folder(tmp_path, options=FileOptions(limits, sealer=Sealer([OLD])))
    folder.write("", "")
    with pytest.raises(StoreError, match="500 allowed"):
        folder.files.add("x" * 400)
    assert folder.token.read_bytes() == b""
