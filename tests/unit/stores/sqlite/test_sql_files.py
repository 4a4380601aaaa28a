"""SQL that stands in files."""

from __future__ import annotations

import sqlite3

import pytest

from cursor_api.stores.sqlite.sql_files import ROW_COUNTS, RowStatement, read_sql, split_script


def test_a_statement_is_found_by_its_name() -> None:
    """In a file of that name."""
    assert "PRAGMA cache_size" in read_sql("open")


def test_a_script_is_split_where_its_statements_end() -> None:
    """A semicolon in a text or a comment ends none; what follows the last one is none."""
    script = "-- a; b\nSELECT ';'\n;\nSELECT 2;\n\n-- the end\n"
    connection = sqlite3.connect(":memory:")
    found = [connection.execute(one).fetchall() for one in split_script(script)]
    connection.close()
    assert found == [[(";",)], [(2,)]]


@pytest.mark.parametrize(
    "count", [0, 1, 3, *(size + 1 for size in ROW_COUNTS), 2 * ROW_COUNTS[0] + 21]
)
def test_an_insert_takes_as_many_rows_as_there_are(count: int) -> None:
    """In few statements, and gives how many all of them have written."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE refusal_batches (id)")
    connection.execute("CREATE TABLE refusals_hourly (hour, fault, refused_count, UNIQUE (hour))")
    connection.execute("CREATE UNIQUE INDEX both ON refusals_hourly (hour, fault)")
    rows = [(number, "x", 1) for number in range(count)]
    assert RowStatement("upsert_refusals").execute(connection, rows) == count
    found = connection.execute("SELECT * FROM refusals_hourly ORDER BY hour").fetchall()
    assert found == rows
    connection.close()
