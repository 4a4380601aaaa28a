"""SQL that stands in files."""

from __future__ import annotations

import sqlite3

from cursor_api.stores.sqlite.sql_files import (
    read_migrations,
    read_sql,
    repeat_row,
    split_script,
)


def test_a_statement_is_found_by_its_name() -> None:
    """One file, one statement."""
    assert list(split_script(read_sql("delete_older") + ";")) == [read_sql("delete_older") + ";"]


def test_a_script_is_split_where_its_statements_end() -> None:
    """A semicolon in a text or a comment ends none; what follows the last one is none."""
    script = "-- a; b\nSELECT ';'\n;\nSELECT 2;\n\n-- the end\n"
    connection = sqlite3.connect(":memory:")
    found = [connection.execute(one).fetchall() for one in split_script(script)]
    connection.close()
    assert found == [[(";",)], [(2,)]]


def test_each_migration_makes_the_format_of_its_number() -> None:
    """In the order of their numbers, from an empty file."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    formats = []
    for script in read_migrations():
        for statement in split_script(script):
            connection.execute(statement)
        formats.append(connection.execute("PRAGMA user_version").fetchone()[0])
    connection.close()
    assert formats == list(range(1, len(formats) + 1))
    assert len(formats) > 1


def test_an_insert_takes_as_many_rows_as_are_wanted() -> None:
    """All of them in one statement, with what stands before and after the row."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE pairs (one, other)")
    statement = (
        "INSERT INTO pairs VALUES\n"
        "    -- repeated for each row\n"
        "    (?, ?)\n"
        "    -- to here\n"
        "ON CONFLICT DO NOTHING\n"
    )
    connection.execute(repeat_row(statement, 3), range(6))
    assert connection.execute("SELECT * FROM pairs").fetchall() == [(0, 1), (2, 3), (4, 5)]
    connection.close()
