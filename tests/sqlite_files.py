"""SQLite files of records: how tests open them, and harm to them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from cursor_api.stores.sqlite.file import RecordFile

PAGE_BYTES = 4096


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, open in this program's way."""
    file = RecordFile(path)
    with file.use() as connection:
        yield connection
    file.close()


@contextlib.contextmanager
def plain(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, as any SQLite tool opens it."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def torn(path: Path) -> None:
    """Every page but the first is overwritten, as by a disk that has lost its mind."""
    data = path.read_bytes()
    assert len(data) > PAGE_BYTES
    path.write_bytes(data[:PAGE_BYTES] + b"\xee" * (len(data) - PAGE_BYTES))
