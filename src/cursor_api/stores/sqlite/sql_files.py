"""The SQL that stands in files: a statement by its name, and the migrations by their numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib import resources
from typing import Final

_FOLDER: Final = resources.files(__package__).joinpath("sql")
# Around the row of an INSERT, each on a line of its own.
_ROW_BEGINS: Final = "    -- repeated for each row\n"
_ROW_ENDS: Final = "    -- to here\n"


def read_sql(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return _FOLDER.joinpath(f"{name}.sql").read_text("utf-8")


def read_migrations() -> tuple[str, ...]:
    """The scripts `0001_….sql` and so on: each makes the next format of the one before it."""
    names = sorted(file.name for file in _FOLDER.iterdir() if file.name[:4].isdigit())
    return tuple(_FOLDER.joinpath(name).read_text("utf-8") for name in names)


def split_script(script: str) -> Iterator[str]:
    """Its statements one by one: `executescript` would end the transaction that it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def repeat_row(statement: str, row_count: int) -> str:
    """An INSERT of one row, made one of `row_count` rows."""
    before, _, rest = statement.partition(_ROW_BEGINS)
    row, _, after = rest.partition(_ROW_ENDS)
    return before + ",".join([row] * row_count) + after
