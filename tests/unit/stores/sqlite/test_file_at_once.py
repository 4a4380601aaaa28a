"""The SQLite file of records while several processes open it at once, or after one has died."""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cursor_api.domain.errors import StoreError
from cursor_api.stores.sqlite import file as sqlite_file
from cursor_api.stores.sqlite.file import MIGRATIONS, RecordFile, use_wal
from tests.sqlite_files import PAGE_BYTES, opened, plain


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "log.sqlite3"


def test_the_first_of_all_migrations_leaves_an_empty_file_if_it_fails(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one with a page that says of no program that it is its own; nor does a death."""
    broken = MIGRATIONS[0]._replace(text="DROP TABLE nobody;")
    monkeypatch.setattr(sqlite_file, "MIGRATIONS", (broken, *MIGRATIONS[1:]))
    with pytest.raises(StoreError, match="could not be brought up to date"), opened(path):
        pass
    assert path.read_bytes() == b""
    monkeypatch.undo()
    with opened(path) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)


# The head of a journal beside a file that was empty before: its mark, no page, and the sizes of
# what it was before, of a sector and of a page.
EMPTY_BEFORE = bytes.fromhex("d9d505f920a163d7") + struct.pack(">5I", 0, 1, 0, 512, PAGE_BYTES)


def test_a_file_that_another_process_writes_is_known(path: Path) -> None:
    """Its first page is written before the last; a death in between is put right."""
    with opened(path):
        pass
    whole = path.read_bytes()
    path.write_bytes(whole[:PAGE_BYTES])
    RecordFile(path).check()
    path.with_name(f"{path.name}-journal").write_bytes(EMPTY_BEFORE.ljust(512, b"\0"))
    RecordFile(path).check()
    with opened(path) as connection:
        assert connection.execute("SELECT count(*) FROM requests").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@contextlib.contextmanager
def written_by_another(path: Path) -> Iterator[None]:
    """Somebody writes to the file as the context begins, and has done soon after."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.05, other.execute, ["COMMIT"])
    done.start()
    try:
        yield
    finally:
        done.join()
        other.close()


def test_who_opens_a_file_waits_for_another_who_does(path: Path) -> None:
    """Two workers begin at once: whatever one of them does, the other comes after it."""
    with plain(path) as connection:
        for migration in MIGRATIONS:
            connection.executescript(migration.text)
    with written_by_another(path), opened(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    with plain(path) as connection, written_by_another(path):
        use_wal(connection)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_who_opens_a_file_does_not_wait_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another does may take long: a gateway serves meanwhile."""
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.01)
    with plain(path) as connection, plain(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            use_wal(connection)
