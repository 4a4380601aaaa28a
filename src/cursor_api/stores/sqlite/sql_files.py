"""The SQL that stands in files: a statement by its name, for as many rows as there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).with_name("sql")
# Around the row of an INSERT, each on a line of its own.
_ROW_BEGINS: Final = "    -- repeated for each row\n"
_ROW_ENDS: Final = "    -- to here\n"
# Rows in one statement, the largest first; few sizes, as SQLite compiles each once.
ROW_COUNTS: Final = (256, 64, 16, 4, 1)


def read_sql(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (_FOLDER / f"{name}.sql").read_text("utf-8")


def split_script(script: str) -> Iterator[str]:
    """Its statements one by one: `executescript` would end the transaction that it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


class RowStatement:
    """An INSERT from a file, whose row is repeated.

    Many rows go in one statement: Python's lock is released once for each, and a thread waits
    milliseconds to have it back while the event loop is busy.
    """

    def __init__(self, name: str) -> None:
        before, _, rest = read_sql(name).partition(_ROW_BEGINS)
        row, _, after = rest.partition(_ROW_ENDS)
        self._by_count = {count: before + ",".join([row] * count) + after for count in ROW_COUNTS}

    def execute(self, connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """In as few statements as can be; gives how many rows were written."""
        begun = written_count = 0
        while begun < len(rows):
            count = next(size for size in ROW_COUNTS if size <= len(rows) - begun)
            values = list(chain.from_iterable(rows[begun : begun + count]))
            written_count += connection.execute(self._by_count[count], values).rowcount
            begun += count
        return written_count
