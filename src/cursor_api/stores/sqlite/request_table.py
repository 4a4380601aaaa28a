"""The table of requests in an SQLite file; everything here waits for the disk.

Rules of this file:
- Whatever fails is a StoreError that says what to do; the table holds then what it held before.
- A file that is not this program's is never written to. Which one it is stands in SQLite's header.
- The file is in WAL mode: others may read it, and a second gateway may write to it, at any time,
  and what a death leaves half written SQLite puts right when the file is next opened.
- Many rows go in one statement. Python's lock is let go of once for each statement, and a thread
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
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.domain.errors import FaultKind, StoreError
from cursor_api.domain.record import Attempt, RequestRecord, Status

# In SQLite's header ("crsr"), so that nobody's browser history is taken for a request log.
APPLICATION_ID: Final = 0x63727372
FORMAT: Final = 2
# https://www.sqlite.org/fileformat.html, section 1.3
MAGIC: Final = b"SQLite format 3\0"
HEADER_BYTES: Final = 100
FORMAT_AT: Final = 60
APPLICATION_ID_AT: Final = 68

COLUMNS: Final = (
    "id",
    "started_at",
    "caller",
    "model",
    "is_stream",
    "status",
    "credential_alias",
    "credential_masked",
    "checksum_masked",
    "error",
    "error_kind",
    "input_count",
    "output_count",
    "usage_source",
    "first_delta_ms",
    "duration_ms",
    "attempts",
)
# Rows in one statement, the largest first; few sizes, as SQLite compiles each once.
CHUNKS: Final = (256, 64, 16, 4, 1)
# Of requests under way, of which a gateway has some thousand at most.
NUMBERS_MAX: Final = 10_000
# How long a writer waits for another one, who needs milliseconds.
BUSY_S: Final = 5.0
CACHE_KIB: Final = 512
# What SQLite says of a file that is none of its own, or a broken one.
_BROKEN: Final = {"SQLITE_NOTADB", "SQLITE_CORRUPT"}
# What is over when there is room on the disk, or another writer has done.
_PASSING: Final = {"SQLITE_FULL", "SQLITE_BUSY"}
_MOVE_IT: Final = "move it away, and a new one is begun; or name another file in REQUEST_LOG_FILE"

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

    def look(self) -> None:
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
            found = connection.execute(_SELECT, (count,)).fetchall()
        total_count = found[0][0] if found else 0
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
            last = connection.execute("SELECT max(number) FROM requests").fetchone()[0] or 0
            connection.execute("DELETE FROM requests WHERE number <= ?", (last - self._kept_max,))
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
            self._take_back(error)
            raise StoreError(self._explain(error)) from error
        except OSError as error:
            raise StoreError(f"{self._path} cannot be opened: {error.strerror}.") from error

    def _take_back(self, error: sqlite3.Error) -> None:
        connection = self._connection
        try:
            if connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as second:
            error = second
        # A full disk passes; what is wrong with the file itself is looked at anew.
        if _name(error) not in _PASSING:
            self.close()

    def _open(self) -> sqlite3.Connection:
        self.look()
        # SQLite gives its other files the mode of this one.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            # A loss of power may cost the last entries, never the file; a death costs neither.
            connection.execute("PRAGMA synchronous = NORMAL")
            _make_table(connection)
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
            # A pipe would be waited for until somebody writes, a device read for ever.
            raise OSError(errno.EINVAL, "It is no regular file")
        with self._path.open("rb") as file:
            return file.read(HEADER_BYTES)

    def _read(self, row: tuple[Any, ...]) -> RequestRecord:
        try:
            return _record(row[1:])
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            raise StoreError(
                f"{self._path} holds a request (number {row[0]}) that this program has not written"
                f" so: {error}; {_MOVE_IT}."
            ) from error

    def _explain(self, error: sqlite3.Error) -> str:
        if _name(error) in _BROKEN:
            return f"{self._path} is damaged ({error}); {_MOVE_IT}."
        return f"{self._path} cannot be written: {error}."


def _name(error: sqlite3.Error) -> str:
    """SQLite's own; Python's wrapping has errors of its own, which have none."""
    return getattr(error, "sqlite_errorname", "")


def _make_table(connection: sqlite3.Connection) -> None:
    """In an empty file; in one step, so that a file either is a request log or is empty."""
    connection.execute("BEGIN IMMEDIATE")
    is_new = not connection.execute("PRAGMA application_id").fetchone()[0]
    if is_new or connection.execute("PRAGMA user_version").fetchone()[0] < FORMAT:
        schema = resources.files(__package__).joinpath("sql", "requests.sql").read_text("utf-8")
        if not is_new:
            connection.execute("ALTER TABLE requests RENAME TO requests_1")
        connection.execute(schema)
        if not is_new:
            # Format 1 has the same columns, and an index of the ids.
            connection.execute("INSERT INTO requests SELECT * FROM requests_1")
            connection.execute("DROP TABLE requests_1")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


_SELECT: Final = f"SELECT number, {', '.join(COLUMNS)} FROM requests ORDER BY number DESC LIMIT ?"  # noqa: S608 - constants


def _insert(row_count: int) -> str:
    row = f"({', '.join('?' * (1 + len(COLUMNS)))})"
    changes = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
    return (
        f"INSERT INTO requests (number, {', '.join(COLUMNS)})"  # noqa: S608 - constants
        f" VALUES {', '.join([row] * row_count)} ON CONFLICT (number) DO UPDATE SET {changes}"
    )


_INSERT: Final = {size: _insert(size) for size in CHUNKS}


def _insert_rows(connection: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """In as few statements as can be; the numbers of those that have none go up by one."""
    begun = 0
    while begun < len(rows):
        size = next(size for size in CHUNKS if size <= len(rows) - begun)
        values = [value for row in rows[begun : begun + size] for value in row]
        connection.execute(_INSERT[size], values)
        begun += size


def _row(record: RequestRecord) -> tuple[object, ...]:
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


def _record(values: tuple[Any, ...]) -> RequestRecord:
    row = dict(zip(COLUMNS, values, strict=True))
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
        binding_masked=row["checksum_masked"],
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
