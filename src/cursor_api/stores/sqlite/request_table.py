"""The table of requests in an SQLite file; everything here waits for the disk.

Rules of this file:
- Whatever fails is a StoreError that says what to do; the table holds then what it held before.
- A file that is not this program's is never written to. Which one it is stands in SQLite's header.
- The file is in WAL mode: others may read it, and a second gateway may write to it, at any time,
  and what a death leaves half written SQLite puts right when the file is next opened.
- Many rows go in one statement. Python's lock is released once for each statement, and a thread
  waits milliseconds to have it back while the event loop is busy.
- Rows are found again by their number and by nothing else. An index of the ids, which come in no
  order, would write a page of 4 KiB for each request: four times the work, twenty times the disk.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.domain.errors import FaultKind, StoreError
from cursor_api.domain.record import Attempt, RequestRecord, Status
from cursor_api.stores.sqlite.sql_files import (
    read_migrations,
    read_sql,
    repeat_row,
    split_script,
)

# In SQLite's header, so that nobody's browser history is taken for a request log. It is set by the
# first of the migrations, each of which makes the format of its number.
APPLICATION_ID: Final = 0x63727372
MIGRATIONS: Final = read_migrations()
FORMAT: Final = len(MIGRATIONS)
# https://www.sqlite.org/fileformat.html, section 1.3
MAGIC: Final = b"SQLite format 3\0"
SQLITE_HEADER_BYTES: Final = 100
FORMAT_AT: Final = 60
APPLICATION_ID_AT: Final = 68

# Rows in one statement, the largest first; few sizes, as SQLite compiles each once.
ROW_COUNTS: Final = (256, 64, 16, 4, 1)
# Of requests under way, of which a gateway has some thousand at most.
NUMBERS_MAX: Final = 10_000
# How long a writer waits for another one, who needs milliseconds.
BUSY_S: Final = 5.0
# What SQLite says of a file that is none of its own, or a broken one.
_BROKEN: Final = {"SQLITE_NOTADB", "SQLITE_CORRUPT"}
# What is over when there is room on the disk, or another writer has done.
_TRANSIENT: Final = {"SQLITE_FULL", "SQLITE_BUSY"}
_MOVE_IT: Final = "move it away, and a new one is begun; or name another file in REQUEST_LOG_FILE"

_PREPARE: Final = read_sql("open")
_SELECT_RECENT: Final = read_sql("select_recent")
_UPSERT: Final = {count: repeat_row(read_sql("upsert_requests"), count) for count in ROW_COUNTS}
_LAST_NUMBER: Final = read_sql("last_number")
_DELETE_OLDER: Final = read_sql("delete_older")

_attempts = msgspec.json.Decoder(tuple[Attempt, ...])


class RequestTable:
    """At most `kept_max` requests in one file; not for two threads at a time."""

    def __init__(self, path: Path, kept_max: int) -> None:
        self._path = path
        self._kept_max = kept_max
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        # Of the rows in that file whose end is still to be written, by the requests' ids.
        self._numbers: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"RequestTable({str(self._path)!r}, kept_max={self._kept_max})"

    def check_file(self) -> None:
        """Whether the file can be this program's; changes nothing. Raises StoreError."""
        try:
            header = self._read_header()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error.strerror}.") from error
        if not header:
            return
        if not header.startswith(MAGIC) or _number(header, APPLICATION_ID_AT) != APPLICATION_ID:
            raise StoreError(f"{self._path} is no request log of this program; {_MOVE_IT}.")
        if (version := _number(header, FORMAT_AT)) > FORMAT:
            raise StoreError(
                f"{self._path} was written by a newer version of this program (format {version};"
                f" this one knows {FORMAT}); {_MOVE_IT}."
            )

    def load(self, count: int) -> tuple[Sequence[RequestRecord], int]:
        """The last requests, oldest first, and how many were ever written. Raises StoreError."""
        with self._using() as connection:
            found = connection.execute(_SELECT_RECENT, (count,)).fetchall()
        total_count = found[0]["number"] if found else 0
        return [self._read(row) for row in reversed(found)], total_count

    def save(self, records: Sequence[RequestRecord]) -> None:
        """Write all of them or, with StoreError, none.

        One that this table has written as pending is replaced where it stands.
        """
        with self._using() as connection:
            numbers = self._numbers
            records = list({one.id: one for one in records}.values())
            known = [one for one in records if one.id in numbers]
            new = [one for one in records if one.id not in numbers]
            rows = [(numbers[one.id], *_row(one)) for one in known]
            rows += [(None, *_row(one)) for one in new]
            connection.execute("BEGIN IMMEDIATE")
            _insert_rows(connection, rows)
            last = connection.execute(_LAST_NUMBER).fetchone()[0] or 0
            connection.execute(_DELETE_OLDER, (last - self._kept_max,))
            connection.execute("COMMIT")
        # Nobody else writes within a transaction: they follow each other.
        self._remember(zip(new, range(last - len(new) + 1, last + 1), strict=True), known)

    def _remember(
        self, new: Iterable[tuple[RequestRecord, int]], known: Iterable[RequestRecord]
    ) -> None:
        numbers = self._numbers
        for one in known:
            if one.status is not Status.PENDING:
                del numbers[one.id]
        numbers.update((one.id, number) for one, number in new if one.status is Status.PENDING)
        while len(numbers) > NUMBERS_MAX:
            # Their ends were lost while the disk was full.
            del numbers[next(iter(numbers))]

    def close(self) -> None:
        """Leave one whole file behind; it is opened again when it is used again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """The open file. What was begun in it and fails is taken back."""
        try:
            if self._connection is not None and self._find_file() != self._file:
                # Somebody has moved it away; what is written to it now would be lost with it.
                self.close()
            if self._connection is None:
                self._connection = self._open()
            yield self._connection
        except sqlite3.Error as error:
            self._roll_back(error)
            raise StoreError(self._explain(error)) from error
        except OSError as error:
            raise StoreError(f"{self._path} cannot be opened: {error.strerror}.") from error

    def _roll_back(self, error: sqlite3.Error) -> None:
        connection = self._connection
        try:
            if connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as second:
            error = second
        # A full disk passes; what is wrong with the file itself is looked at anew.
        if _name(error) not in _TRANSIENT:
            self.close()

    def _open(self) -> sqlite3.Connection:
        self.check_file()
        # SQLite gives its other files the mode of this one.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        try:
            connection.executescript(_PREPARE)
            _migrate(connection)
            connection.execute("PRAGMA journal_mode = WAL")
        except BaseException:
            connection.close()
            raise
        file = self._find_file()
        if file != self._file:
            self._file, self._numbers = file, {}
        return connection

    def _find_file(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def _read_header(self) -> bytes:
        mode = self._path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            # A pipe would be waited for until somebody writes, a terminal read for ever.
            raise OSError(errno.EINVAL, "It is no regular file")
        with self._path.open("rb") as file:
            return file.read(SQLITE_HEADER_BYTES)

    def _read(self, row: sqlite3.Row) -> RequestRecord:
        try:
            return _record(row)
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            raise StoreError(
                f"{self._path} holds a request (number {row['number']}) that this program has not"
                f" written so: {error}; {_MOVE_IT}."
            ) from error

    def _explain(self, error: sqlite3.Error) -> str:
        if _name(error) in _BROKEN:
            return f"{self._path} is damaged ({error}); {_MOVE_IT}."
        return f"{self._path} cannot be written: {error}."


def _name(error: sqlite3.Error) -> str:
    """SQLite's own; Python's wrapping has errors of its own, which have none."""
    return getattr(error, "sqlite_errorname", "")


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring a file up to date, an empty one too; in one step, so that it is of one format."""
    connection.execute("BEGIN IMMEDIATE")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    for script in MIGRATIONS[found:]:
        for statement in split_script(script):
            connection.execute(statement)
    connection.execute("COMMIT")


def _insert_rows(connection: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """In as few statements as can be; the numbers of those that have none go up by one."""
    begun = 0
    while begun < len(rows):
        size = next(size for size in ROW_COUNTS if size <= len(rows) - begun)
        values = [value for row in rows[begun : begun + size] for value in row]
        connection.execute(_UPSERT[size], values)
        begun += size


def _row(record: RequestRecord) -> tuple[object, ...]:
    """In the order of upsert_requests.sql, without the number."""
    usage = record.usage
    if record.has_foreign_model:
        # A key in the wrong field would lie on the disk for months; the kind says what happened.
        record = record._replace(model="", error=None)
    return (
        record.id,
        record.started_at,
        _text(record.caller),
        _text(record.model),
        record.is_stream,
        record.status.value,
        _text(record.credential_alias),
        _text(record.credential_masked),
        _text(record.binding_masked),
        None if record.error is None else _text(record.error),
        record.error_kind.value if record.error_kind else None,
        usage.input_count if usage else None,
        usage.output_count if usage else None,
        usage.source.value if usage else None,
        record.first_delta_ms,
        record.duration_ms,
        msgspec.json.encode(record.attempts).decode(),
    )


def _text(text: str) -> str:
    """Half a surrogate pair is no text to SQLite, and one entry may not cost the others."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _record(row: sqlite3.Row) -> RequestRecord:
    source = row["usage_source"]
    return RequestRecord(
        id=row["id"],
        started_at=row["started_at"],
        caller=row["caller"],
        model=row["model"],
        is_stream=bool(row["is_stream"]),
        status=Status(row["status"]),
        credential_alias=row["credential_alias"],
        credential_masked=row["credential_masked"],
        binding_masked=row["binding_masked"],
        error=row["error"],
        error_kind=FaultKind(row["error_kind"]) if row["error_kind"] else None,
        usage=Usage(row["input_count"], row["output_count"], UsageSource(source))
        if source
        else None,
        first_delta_ms=row["first_delta_ms"],
        duration_ms=row["duration_ms"],
        attempts=_attempts.decode(row["attempts"]),
    )


def _number(header: bytes, at: int) -> int:
    return int.from_bytes(header[at : at + 4], "big")
