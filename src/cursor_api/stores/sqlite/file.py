"""The SQLite file of records: whether it can be used, and how it is opened.

Rules of this file:
- Whatever fails is a StoreError that says what to do; the file holds then what it held before.
- A file that is not this program's is never written to. Which one it is stands in SQLite's header.
- The file is in WAL mode: others may read it, and a second gateway may write to it, at any time,
  and what a death leaves half written SQLite puts right when the file is next opened.
- Nobody but SQLite opens the file here: with any descriptor of it that a process closes, the system
  lets go of all locks that this process has on it (https://www.sqlite.org/howtocorrupt.html, 2.2),
  and another process that closes the file would take its journal away from under this one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.options.said import tell
from cursor_api.stores.records.migrations import Migration, plan, read_migrations
from cursor_api.stores.sqlite.sql_files import read_sql, split_script

# In SQLite's header, so that nobody's browser history is taken for requests. It is set by the first
# of the migrations, each of which makes the format of its number.
APPLICATION_ID: Final = 0x63727372
MIGRATIONS: Final = read_migrations(Path(__file__).with_name("sql"))
FORMAT: Final = len(MIGRATIONS)
# The first with RETURNING.
VERSION_MIN: Final = (3, 35, 0)

# How long a writer waits for another one, who needs milliseconds.
BUSY_S: Final = 5.0
_POLL_S: Final = 0.01
# What SQLite says of a file that is none of its own, or a broken one.
_BROKEN: Final = {"SQLITE_NOTADB", "SQLITE_CORRUPT"}
# What is over when there is room on the disk, or another one has done.
_PASSING: Final = (
    "SQLITE_FULL",
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_IOERR",
    # Its other files, which lie beside it and come and go.
    "SQLITE_CANTOPEN",
    "SQLITE_INTERRUPT",
)
# What is said of a folder in which no file can be made.
_NOT_WRITABLE: Final = {errno.EACCES, errno.EPERM, errno.EROFS}
_INCREMENTAL: Final = 2
# Binding a None, Python asks it in vain for two attributes, unless there is something to ask first.
sqlite3.register_adapter(type(None), lambda none: none)
_MOVE_IT: Final = tell(
    "move it away, and a new one is begun; or name another file in REQUEST_LOG_FILE"
)


class RecordFile:
    """One connection to the file; not for two threads at a time. `reads` cannot write."""

    def __init__(self, path: Path, *, reads: bool = False) -> None:
        self._path = path
        self._reads = reads
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"RecordFile({str(self._path)!r}, reads={self._reads})"

    def check(self) -> None:
        """Whether the file can be this program's; changes nothing. Raises StoreError."""
        try:
            if not self._find_size():
                return
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(
                tell("{path} cannot be read: {reason}.", path=self._path, reason=error.strerror)
            ) from error
        application_id, version = self._read_header()
        if application_id != APPLICATION_ID:
            raise StoreError(
                tell(
                    "{path} is no request log of this program; {remedy}.",
                    path=self._path,
                    remedy=_MOVE_IT,
                )
            )
        if version > FORMAT:
            raise StoreError(
                tell(
                    "{path} was written by a newer version of this program (format {theirs}; this"
                    " one knows {ours}); {remedy}.",
                    path=self._path,
                    theirs=version,
                    ours=FORMAT,
                    remedy=_MOVE_IT,
                )
            )

    def interrupt(self) -> None:
        """End what is being asked; for another thread."""
        if self._connection is not None:
            self._connection.interrupt()

    def close(self) -> None:
        """Leave one whole file behind; it is opened again when it is used again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
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
            raise self._explain(error) from error
        except OSError as error:
            raise self._kind_of(error)(
                tell("{path} cannot be opened: {reason}.", path=self._path, reason=error.strerror)
            ) from error

    def _kind_of(self, error: OSError) -> type[StoreError]:
        """A folder that is full or cannot be written passes: a gateway serves without this file.

        A file that is there and cannot be used is somebody's mistake.
        """
        if error.errno == errno.ENOSPC:
            return StoreAwayError
        is_there = os.path.lexists(self._path)
        return StoreAwayError if error.errno in _NOT_WRITABLE and not is_there else StoreError

    def _roll_back(self, error: sqlite3.Error) -> None:
        connection = self._connection
        try:
            if connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as second:
            error = second
        # A full disk passes; what is wrong with the file itself is looked at anew.
        if not _is_passing(error):
            self.close()

    def _open(self) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < VERSION_MIN:
            raise StoreError(
                tell(
                    "Requests are kept with SQLite 3.35 or newer, and this Python has {version};"
                    " GATEWAY_LOG_KEPT_MAX=0 keeps none.",
                    version=sqlite3.sqlite_version,
                )
            )
        self.check()
        # SQLite gives its other files the mode of this one. It makes none itself, as where somebody
        # removes this one in between: everybody on the machine could read it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.executescript(read_sql("open"))
            if self._reads:
                connection.execute("PRAGMA query_only = 1")
            else:
                self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._file = self._find_file()
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        try:
            _migrate(connection, str(self._path))
        except sqlite3.Error as error:
            if _is_passing(error) or _name(error) in _BROKEN:
                raise
            raise StoreError(
                tell(
                    "{path} could not be brought up to date ({reason}), and is as it was;"
                    " {remedy}.",
                    path=self._path,
                    reason=error,
                    remedy=_MOVE_IT,
                )
            ) from error
        use_wal(connection)
        if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
            # A file of an earlier version, which could not shrink: written anew, once.
            connection.execute("VACUUM")

    def _find_file(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def _find_size(self) -> int:
        """Raises OSError for what is no file that can be read."""
        status = self._path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode):
            # A pipe would be waited for until somebody writes, a terminal read for ever.
            raise OSError(errno.EINVAL, "It is no regular file")
        if not os.access(self._path, os.R_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return status.st_size

    def _read_header(self) -> tuple[int, int]:
        """Whose file it is and its format, as its first page says; (0, 0) for no SQLite file.

        Nothing is locked for it, and no file made beside it: what is read may be half written.
        """
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro&immutable=1", uri=True
        )
        try:
            # While another process writes, or after one has died, there may be fewer pages than the
            # first one says; SQLite takes that for damage, but not from whoever says this.
            connection.execute("PRAGMA writable_schema = 1")
            (application_id,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error as error:
            if _name(error) in _BROKEN:
                return 0, 0
            raise StoreError(
                tell("{path} cannot be read: {reason}.", path=self._path, reason=error)
            ) from error
        finally:
            connection.close()
        return int(application_id), int(version)

    def _explain(self, error: sqlite3.Error) -> StoreError:
        if _name(error) in _BROKEN:
            return StoreError(
                tell(
                    "{path} is damaged ({reason}); {remedy}.",
                    path=self._path,
                    reason=error,
                    remedy=_MOVE_IT,
                )
            )
        kind = StoreAwayError if _is_passing(error) else StoreError
        if self._reads:
            return kind(tell("{path} cannot be read: {reason}.", path=self._path, reason=error))
        return kind(tell("{path} cannot be written: {reason}.", path=self._path, reason=error))


def _name(error: sqlite3.Error) -> str:
    """SQLite's own; Python's wrapping has errors of its own, which have none."""
    return getattr(error, "sqlite_errorname", "")


def _is_passing(error: sqlite3.Error) -> bool:
    return _name(error).startswith(_PASSING)


def use_wal(connection: sqlite3.Connection) -> None:
    """Have the file in WAL mode; raises sqlite3.Error.

    Another process that opens the file at the same time writes to it, and SQLite does not wait for
    the end of that here, as it does elsewhere.
    """
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError as error:
            if _name(error) != "SQLITE_BUSY" or time.monotonic() >= deadline:
                raise
        else:
            return
        time.sleep(_POLL_S)


def _migrate(connection: sqlite3.Connection, where: str) -> None:
    """Bring a file up to date, an empty one too; in one step, so that it is of one format."""
    connection.execute("BEGIN")
    # It writes: from here on others wait. It has no effect on a file that has a page, and outside
    # the transaction it would leave one of a single page that nobody knows to be this program's.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations ("
        " number INTEGER NOT NULL PRIMARY KEY,"
        " digest TEXT NOT NULL,"
        " applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"
    )
    done = connection.execute("SELECT number, digest FROM migrations ORDER BY number").fetchall()
    if not done:
        # Earlier versions wrote down nothing but the number of the format.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        earlier = MIGRATIONS[:version]
        _write_down(connection, earlier)
        done = [(one.number, one.digest) for one in earlier]
    for migration in plan(done, MIGRATIONS, where):
        for statement in split_script(migration.text):
            connection.execute(statement)
        _write_down(connection, [migration])
    connection.execute("COMMIT")


def _write_down(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    connection.executemany(
        "INSERT INTO migrations (number, digest) VALUES (?, ?)",
        [(one.number, one.digest) for one in migrations],
    )
