"""The SQLite file of records: what is taken, what is refused, and that neither is harmed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.stores.records.rows import row_of
from cursor_api.stores.sqlite import file as sqlite_file
from cursor_api.stores.sqlite.file import FORMAT, MIGRATIONS, RecordFile
from cursor_api.stores.sqlite.sql_files import RowStatement, split_script
from tests.contract.test_records import FULL
from tests.sqlite_files import opened, plain, torn


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "log.sqlite3"


def old_file(path: Path, version: int) -> None:
    """A file as the version of that number wrote it, in WAL mode; it wrote down no migrations."""
    with plain(path) as connection:
        for migration in MIGRATIONS[:version]:
            for statement in split_script(migration.text):
                connection.execute(statement)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executemany(
            "INSERT INTO requests VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", OLD_ROWS
        )


def old_row(number: int, **fields: object) -> tuple[object, ...]:
    """A row of the first two formats."""
    row = {
        "number": number,
        "id": f"{number:024x}",
        "started_at": 1_790_000_000.25 + number,
        "caller": "anna",
        "model": "gpt-4o",
        "is_stream": 1,
        "status": "success",
        "credential_alias": "work",
        "credential_masked": "ey…",
        "checksum_masked": "ab…",
        "error": None,
        "error_kind": None,
        "input_count": 10,
        "output_count": 9,
        "usage_source": "upstream",
        "first_delta_ms": 5.0,
        "duration_ms": 8.0,
        "attempts": '[["work",1.0,null,2.0]]',
    }
    return tuple((row | fields).values())


NOT_BEGUN = {"first_delta_ms": None, "usage_source": None, "attempts": "[]"}
OLD_ROWS = [
    old_row(1),
    old_row(2, status="pending", **NOT_BEGUN),
    old_row(3, status="failed", error="x", error_kind="model_not_found", model="sk-x", **NOT_BEGUN),
    old_row(4, status="failed", error="busy", error_kind="upstream_overloaded", **NOT_BEGUN),
    old_row(5, status="cancelled", usage_source="estimated"),
    old_row(6, started_at=1_790_000_001.25, id="no hex digits"),
]


@pytest.mark.parametrize("version", [1, 2])
def test_every_earlier_file_is_brought_up_to_date(path: Path, version: int) -> None:
    """With all that is in it; ids come from the time, and sums from the rows."""
    old_file(path, version)
    with opened(path) as connection:
        rows = connection.execute(
            "SELECT id, status, model, error, attempts FROM requests ORDER BY id"
        ).fetchall()
        sums = connection.execute(
            "SELECT model, answered_count, failed_count, refused_count, cancelled_count,"
            " input_count, output_count, input_estimated_count, unpriced_count, first_ms_sum"
            " FROM usage_hourly ORDER BY model"
        ).fetchall()
        kept = connection.execute("SELECT rows_count FROM kept").fetchone()
        ledger = connection.execute("SELECT number, digest FROM migrations").fetchall()
        assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    at = f"{1_790_000_001_250:012x}"
    assert rows[0][0] == at + f"{1:024x}"[:20]
    assert rows[1][0].startswith(at)
    assert all(len(row[0]) == 32 and set(row[0]) <= set("0123456789abcdef") for row in rows)
    assert [row[1:3] for row in rows] == [
        ("success", "gpt-4o"),
        ("success", "gpt-4o"),
        ("failed", "gpt-4o"),
        ("refused", ""),
        ("failed", "gpt-4o"),
        ("cancelled", "gpt-4o"),
    ]
    assert "was not recorded" in rows[2][3]
    assert (rows[2][4], rows[5][4]) == (None, '[["work",1.0,null,2.0]]')
    assert sums == [
        ("", 0, 0, 1, 0, 0, 0, 0, 1, 0.0),
        ("gpt-4o", 2, 2, 0, 1, 20, 18, 10, 5, 15.0),
    ]
    assert kept == (len(OLD_ROWS),)
    assert ledger == [(one.number, one.digest) for one in MIGRATIONS]


@pytest.mark.parametrize("version", range(3, FORMAT))
def test_a_file_of_any_format_keeps_its_rows(path: Path, version: int) -> None:
    """Each that was ever written by this program, since a row is what it is now."""
    row = row_of(FULL)
    with plain(path) as connection:
        for migration in MIGRATIONS[:version]:
            connection.executescript(migration.text)
        RowStatement("insert_requests").execute(connection, [row])
    with opened(path) as connection:
        assert connection.execute("SELECT * FROM requests").fetchall() == [row]
        assert connection.execute("SELECT content_bytes FROM kept").fetchall() == [(0,)]
        assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT,)


def test_an_old_file_can_shrink_afterwards(path: Path) -> None:
    """Files of earlier versions could not; a new one can from its first page on."""
    old_file(path, 2)
    for _ in range(2):
        with opened(path) as connection:
            assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        path.unlink()


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start says so, and the version before can go on with the file."""
    old_file(path, 2)
    before = path.read_bytes()
    text = MIGRATIONS[2].text.replace("DROP TABLE requests_2", "DROP TABLE nobody")
    broken = MIGRATIONS[2]._replace(text=text)
    monkeypatch.setattr(sqlite_file, "MIGRATIONS", (*MIGRATIONS[:2], broken))
    with (
        pytest.raises(StoreError, match=r"could not be brought up to date .*nobody.*as it was"),
        opened(path),
    ):
        pass
    assert path.read_bytes() == before
    monkeypatch.setattr(sqlite_file, "MIGRATIONS", MIGRATIONS)
    with opened(path) as connection:
        assert connection.execute("SELECT count(*) FROM requests").fetchone() == (6,)


def refused(path: Path, match: str) -> None:
    """By a look, and by opening it, with the same words and without a change."""
    before = path.read_bytes()
    with pytest.raises(StoreError, match=match) as looked:
        RecordFile(path).check()
    with pytest.raises(StoreError) as used, opened(path):
        pass
    assert not isinstance(used.value, StoreAwayError)
    assert used.value.message == looked.value.message
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_another_programs_file_is_not_touched(path: Path) -> None:
    """A text, and somebody's database; the sentence says what to do."""
    path.write_text("my notes")
    refused(path, "no request log of this program; move it away")
    path.unlink()
    with plain(path) as connection:
        connection.execute("CREATE TABLE requests (mine)")
    refused(path, "no request log of this program; move it away")
    path.unlink()
    with opened(path) as connection:
        assert connection.execute("SELECT * FROM requests").fetchall() == []


def test_a_newer_programs_file_is_not_touched(path: Path) -> None:
    """Whoever goes back to an older version keeps what the newer one wrote."""
    with opened(path):
        pass
    with plain(path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    refused(path, rf"newer version of this program \(format {FORMAT + 1}")


def test_a_ledger_that_is_not_this_programs_is_refused(path: Path) -> None:
    """Though the format has the right number."""
    with opened(path):
        pass
    with plain(path) as connection:
        connection.execute("UPDATE migrations SET digest = 'x' WHERE number = 1")
    with pytest.raises(StoreError, match=r"another 0001_requests\.sql"), opened(path):
        pass


def test_a_damaged_file_says_so(path: Path) -> None:
    """And what to do."""
    with opened(path):
        pass
    torn(path)
    with (
        pytest.raises(StoreError, match=r"is damaged .*; move it away, and a new one is begun"),
        opened(path) as connection,
    ):
        connection.execute("SELECT * FROM requests").fetchall()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Looking finds nothing wrong with a file that is to be made; making it does."""
    path = tmp_path / "no" / "log"
    RecordFile(path).check()
    with pytest.raises(StoreError, match="cannot be opened: No such file"), opened(path):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that root cannot write either")
def test_a_folder_that_cannot_be_written_may_become_so() -> None:
    """A volume that belongs to somebody else: the gateway serves, and its operator is told."""
    path = Path("/sys/log.sqlite3")
    with pytest.raises(StoreAwayError, match="cannot be opened: "), opened(path):
        pass


def test_what_is_no_file_cannot_be_looked_at(tmp_path: Path) -> None:
    """A folder."""
    with pytest.raises(StoreError, match="cannot be read: Is a directory"):
        RecordFile(tmp_path).check()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    """Opening a pipe would wait for whoever writes to it, and the start with it."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null"), Path("/dev/zero")):
        with pytest.raises(StoreError, match="is no regular file"):
            RecordFile(path).check()
        with pytest.raises(StoreError, match="is no regular file"), opened(path):
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_can_read_it(path: Path) -> None:
    """Whatever the umask; SQLite's other files too."""
    with opened(path) as connection:
        connection.execute("UPDATE kept SET rows_count = 0")
        modes = {one.name: one.stat().st_mode & 0o777 for one in path.parent.iterdir()}
        assert set(modes.values()) == {0o600}
        assert len(modes) == 3, "the file, its log and its index"
    assert [one.name for one in path.parent.iterdir()] == [path.name], "one whole file is left"


def test_one_that_goes_while_it_is_opened_is_not_made_for_everybody(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite would make it with the umask's mode; it is made anew at the next use."""
    close = os.close

    def remove(descriptor: int) -> None:
        close(descriptor)
        path.unlink()

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", remove)
        with pytest.raises(StoreAwayError), opened(path):
            pass
    assert not path.exists()
    with opened(path):
        assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_was_moved_away_is_begun_anew(path: Path) -> None:
    """A person tidies up while the gateway runs: nothing goes into a file that nobody can see."""
    file = RecordFile(path)
    with file.use():
        path.rename(path.parent / "old.sqlite3")
    with file.use() as connection:
        assert connection.execute("SELECT count(*) FROM requests").fetchone() == (0,)
    path.unlink()
    with file.use():
        pass
    file.close()
    assert path.exists()


def test_another_process_that_closes_the_file_takes_nothing_away(path: Path) -> None:
    """Two gateways of one folder, or a command beside one: the journal stays whose it is."""
    writer, reader = RecordFile(path), RecordFile(path, reads=True)
    with writer.use() as connection:
        connection.execute("CREATE TABLE ours (number INTEGER)")
    # Opened while this process holds its locks, and looked at again.
    with reader.use() as connection:
        connection.execute("SELECT * FROM ours").fetchall()
    RecordFile(path).check()
    other = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM ours')"
    subprocess.run([sys.executable, "-c", f"{other}; c.close()", path], check=True)
    assert path.with_name(f"{path.name}-wal").exists()
    with writer.use() as connection:
        connection.execute("INSERT INTO ours VALUES (1)")
    with reader.use() as connection:
        assert connection.execute("SELECT * FROM ours").fetchall() == [(1,)]
    reader.close()
    writer.close()


def test_a_reader_cannot_write(path: Path) -> None:
    """Whatever it is asked."""
    with opened(path):
        reader = RecordFile(path, reads=True)
        with (
            pytest.raises(StoreError, match="cannot be read: attempt to write"),
            reader.use() as one,
        ):
            one.execute("DELETE FROM requests")
        reader.close()
    assert repr(reader).endswith("log.sqlite3', reads=True)")


def test_who_waits_too_long_for_another_writer_comes_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has written nothing."""
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.01)
    file = RecordFile(path)
    with file.use():
        pass
    with plain(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(StoreAwayError, match="cannot be written: database is locked"),
            file.use() as connection,
        ):
            connection.execute("BEGIN IMMEDIATE")
    with file.use() as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    file.close()


def test_an_old_sqlite_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the file is made."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(StoreError, match=r"SQLite 3\.35 or newer"), opened(path):
        pass
    assert not path.exists()
