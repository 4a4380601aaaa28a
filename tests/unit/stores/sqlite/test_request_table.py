"""The table of requests in an SQLite file."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.domain.errors import FaultKind, StoreError
from cursor_api.domain.record import Attempt, RequestRecord, Status
from cursor_api.stores.sqlite.request_table import FORMAT, ROW_COUNTS, RequestTable
from tests.sqlite_files import torn

KEPT_MAX = 1000
texts = st.text(st.characters(codec="utf-8"), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
records = st.builds(
    RequestRecord,
    id=st.uuids().map(str),
    started_at=numbers,
    caller=texts,
    model=texts,
    is_stream=st.booleans(),
    status=st.sampled_from(Status),
    credential_alias=texts,
    credential_masked=texts,
    binding_masked=texts,
    error=st.none() | texts,
    error_kind=st.none() | st.sampled_from(FaultKind),
    usage=st.none()
    | st.builds(Usage, st.integers(0, 2**62), st.integers(0, 2**62), st.sampled_from(UsageSource)),
    first_delta_ms=st.none() | numbers,
    duration_ms=st.none() | numbers,
    attempts=st.lists(
        st.builds(Attempt, texts, numbers, st.none() | st.sampled_from(FaultKind), numbers),
        max_size=3,
    ).map(tuple),
).filter(lambda one: not one.has_foreign_model)


def record(number: int, status: Status = Status.SUCCESS) -> RequestRecord:
    """The request with this number."""
    return RequestRecord(f"id-{number}", float(number), "caller", "gpt-4o", False, status)


def table_in(folder: Path, kept_max: int = KEPT_MAX) -> RequestTable:
    """The one that every test here works on."""
    return RequestTable(folder / "log.sqlite3", kept_max)


def ids(table: RequestTable, count: int = KEPT_MAX) -> list[str]:
    """What it holds, oldest first."""
    return [one.id for one in table.load(count)[0]]


@given(st.lists(records, min_size=1, max_size=8, unique_by=lambda one: one.id))
def test_what_is_read_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, written: list[RequestRecord]
) -> None:
    """Every field of every record, by another process too."""
    folder = tmp_path_factory.mktemp("log")
    table = table_in(folder)
    table.save(written)
    assert list(table.load(100)[0]) == written
    table.close()
    reopened = table_in(folder)
    assert (list(reopened.load(100)[0]), reopened.load(100)[1]) == (written, len(written))
    reopened.close()


@pytest.mark.parametrize(
    "count", [1, 3, *(size + 1 for size in ROW_COUNTS), 2 * ROW_COUNTS[0] + 21]
)
def test_as_many_as_come_together_are_written_together(tmp_path: Path, count: int) -> None:
    """In their order, whatever the statements' sizes."""
    table = table_in(tmp_path)
    table.save([record(number) for number in range(count)])
    assert ids(table) == [f"id-{number}" for number in range(count)]
    table.close()


def test_a_known_request_is_replaced_where_it_stands(tmp_path: Path) -> None:
    """In the same write as well as in a later one; it counts once."""
    table = table_in(tmp_path)
    table.save([record(0, Status.PENDING), record(1, Status.PENDING), record(0)])
    table.save([record(1, Status.FAILED), record(2)])
    found, total_count = table.load(100)
    assert [(one.id, one.status) for one in found] == [
        ("id-0", Status.SUCCESS),
        ("id-1", Status.FAILED),
        ("id-2", Status.SUCCESS),
    ]
    assert total_count == 3
    table.close()


def test_what_is_under_way_keeps_its_place(tmp_path: Path) -> None:
    """Whatever is written around it, and whoever else writes to the same file."""
    table, other = table_in(tmp_path), table_in(tmp_path)
    table.save([record(0, Status.PENDING), record(1)])
    other.save([record(10, Status.PENDING), record(11)])
    table.save([record(2, Status.PENDING), record(0), record(3)])
    other.save([record(12), record(10, Status.FAILED)])
    table.save([record(2, Status.CANCELLED)])
    found, total_count = table.load(100)
    assert [(one.id, one.status) for one in found] == [
        ("id-0", Status.SUCCESS),
        ("id-1", Status.SUCCESS),
        ("id-10", Status.FAILED),
        ("id-11", Status.SUCCESS),
        ("id-2", Status.CANCELLED),
        ("id-3", Status.SUCCESS),
        ("id-12", Status.SUCCESS),
    ]
    assert total_count == 7
    table.close()
    other.close()


def test_a_file_that_was_moved_away_takes_its_places_with_it(tmp_path: Path) -> None:
    """In the new one nobody has begun."""
    table = table_in(tmp_path)
    table.save([record(0), record(1, Status.PENDING)])
    table.close()
    (tmp_path / "log.sqlite3").rename(tmp_path / "old.sqlite3")
    table.save([record(2), record(3)])
    table.save([record(1)])
    assert ids(table) == ["id-2", "id-3", "id-1"]
    table.close()


def test_a_file_of_the_first_format_is_brought_up_to_date(tmp_path: Path) -> None:
    """With all that is in it; format 1 had an index of the ids."""
    table = table_in(tmp_path)
    written = [record(number) for number in range(5)]
    table.save(written)
    table.close()
    path = tmp_path / "log.sqlite3"
    with sqlite3.connect(path) as connection:
        schema = connection.execute("SELECT sql FROM sqlite_master").fetchone()[0]
        old = schema.replace("id TEXT NOT NULL,", "id TEXT NOT NULL UNIQUE,")
        for statement in (
            "ALTER TABLE requests RENAME TO later",
            old,
            "INSERT INTO requests SELECT * FROM later",
            "DROP TABLE later",
            "PRAGMA user_version = 1",
        ):
            connection.execute(statement)
    connection.close()
    assert old != schema
    table.save([record(5)])
    table.close()
    assert list(table.load(100)[0]) == [*written, record(5)]
    table.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT sql FROM sqlite_master").fetchall() == [(schema,)]
        assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    connection.close()


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    """They still count, and the file does not grow for ever."""
    table = table_in(tmp_path, kept_max=10)
    for number in range(0, 2000, 20):
        table.save([record(one) for one in range(number, number + 20)])
    assert ids(table) == [f"id-{number}" for number in range(1990, 2000)]
    assert table.load(1)[1] == 2000
    table.close()
    assert (tmp_path / "log.sqlite3").stat().st_size < 100_000


def test_a_model_that_nobody_serves_is_not_kept(tmp_path: Path) -> None:
    """It may be a key in the wrong field, and the error repeats it; that it failed so is kept."""
    table = table_in(tmp_path)
    wrong = record(0)._replace(
        model="sk-secret",
        status=Status.FAILED,
        error="'sk-secret' is not served.",
        error_kind=FaultKind.MODEL_NOT_FOUND,
    )
    table.save([wrong])
    assert list(table.load(1)[0]) == [wrong._replace(model="", error=None)]
    table.close()


def test_half_a_character_costs_no_entry(tmp_path: Path) -> None:
    """JSON can spell what is no text; it comes back as a question mark."""
    table = table_in(tmp_path)
    table.save([record(0)._replace(model="a\ud800b", error="\udcff"), record(1)])
    assert [(one.model, one.error) for one in table.load(2)[0]] == [("a?b", "?"), ("gpt-4o", None)]
    table.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """Whatever the umask; SQLite's other files too."""
    table = table_in(tmp_path)
    table.save([record(0)])
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    assert len(modes) == 3, "the file, its log and its index"
    table.close()


def test_closing_leaves_one_whole_file(tmp_path: Path) -> None:
    """Which can be copied away; and it can go on."""
    table = table_in(tmp_path)
    table.save([record(0)])
    table.close()
    assert [path.name for path in tmp_path.iterdir()] == ["log.sqlite3"]
    table.save([record(1)])
    assert ids(table) == ["id-0", "id-1"]
    table.close()


def test_two_gateways_may_write_to_one_file(tmp_path: Path) -> None:
    """The old and the new one during a restart."""
    one, other = table_in(tmp_path), table_in(tmp_path)
    one.save([record(0)])
    other.save([record(1)])
    one.save([record(2)])
    assert ids(other) == ["id-0", "id-1", "id-2"]
    one.close()
    other.close()


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    """A person tidies up while the gateway runs: nothing goes into a file that nobody can see."""
    table = table_in(tmp_path)
    table.save([record(0)])
    (tmp_path / "log.sqlite3").rename(tmp_path / "old.sqlite3")
    table.save([record(1)])
    assert ids(table) == ["id-1"]
    (tmp_path / "log.sqlite3").unlink()
    table.save([record(2)])
    assert ids(table) == ["id-2"]
    table.close()
    assert (tmp_path / "log.sqlite3").exists()


def test_another_programs_file_is_not_touched(tmp_path: Path) -> None:
    """A text, and somebody's database; the sentence says what to do."""
    path = tmp_path / "log.sqlite3"
    path.write_text("my notes")
    others = tmp_path / "others.sqlite3"
    connection = sqlite3.connect(others)
    connection.execute("CREATE TABLE requests (mine)")
    connection.close()
    for taken in (path, others):
        before = taken.read_bytes()
        table = RequestTable(taken, KEPT_MAX)
        for use in (table.check_file, lambda table=table: table.save([record(0)])):
            with pytest.raises(StoreError, match="no request log of this program; move it away"):
                use()
        assert taken.read_bytes() == before
        taken.unlink()
        table.save([record(0)])
        assert ids(table) == ["id-0"], "it needs no restart"
        table.close()


def test_a_newer_programs_file_is_not_touched(tmp_path: Path) -> None:
    """Who goes back to an older version keeps what the newer one wrote."""
    table = table_in(tmp_path)
    table.save([record(0)])
    table.close()
    connection = sqlite3.connect(tmp_path / "log.sqlite3")
    connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    with pytest.raises(StoreError, match=rf"newer version of this program \(format {FORMAT + 1}"):
        table.save([record(1)])
    with pytest.raises(StoreError, match="newer version"):
        table.check_file()


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    """And what to do; a part of what was to be written is not in it."""
    table = table_in(tmp_path)
    table.save([record(number) for number in range(200)])
    table.close()
    torn(tmp_path / "log.sqlite3")
    with pytest.raises(StoreError, match=r"is damaged .*; move it away, and a new one is begun"):
        table.save([record(number) for number in range(300)])


def test_an_entry_that_nobody_wrote_so_is_named(tmp_path: Path) -> None:
    """Somebody has edited it."""
    table = table_in(tmp_path)
    table.save([record(0), record(1)])
    table.close()
    connection = sqlite3.connect(tmp_path / "log.sqlite3")
    connection.execute("UPDATE requests SET status = 'lost' WHERE number = 2")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=r"\(number 2\).*'lost' is not a valid Status"):
        table.load(10)
    table.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Looking finds nothing wrong with a file that is to be made; making it does."""
    table = RequestTable(tmp_path / "no" / "log", KEPT_MAX)
    table.check_file()
    with pytest.raises(StoreError, match="cannot be opened: No such file or directory"):
        table.save([record(0)])
    table.close()


def test_what_is_no_file_cannot_be_looked_at(tmp_path: Path) -> None:
    """A folder."""
    with pytest.raises(StoreError, match="cannot be read: Is a directory"):
        RequestTable(tmp_path, KEPT_MAX).check_file()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    """Opening a pipe would wait for whoever writes to it, and the start with it."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null"), Path("/dev/zero")):
        with pytest.raises(StoreError, match="is no regular file"):
            RequestTable(path, KEPT_MAX).check_file()


def test_who_waits_too_long_for_another_writer_has_written_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And can do it again when that one is done."""
    monkeypatch.setattr("cursor_api.stores.sqlite.request_table.BUSY_S", 0.01)
    table = table_in(tmp_path)
    table.save([record(0)])
    other = sqlite3.connect(tmp_path / "log.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="cannot be written: database is locked"):
        table.save([record(1)])
    other.execute("ROLLBACK")
    other.close()
    table.save([record(1)])
    assert ids(table) == ["id-0", "id-1"]
    table.close()


def test_its_repr_tells_what_it_is() -> None:
    """For a debugger."""
    assert repr(RequestTable(Path("x"), 7)) == "RequestTable('x', kept_max=7)"
