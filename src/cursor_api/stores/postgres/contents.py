"""The table of texts in PostgreSQL; each function runs inside a transaction of its caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cursor_api.domain.record_content import RecordContent
from cursor_api.stores.postgres.link import Connection
from cursor_api.stores.records.content_rows import STEP_BYTES, content_row_of

# Texts that are forgotten in one step, where they are short.
STEP_ROWS: Final = 100
_COLUMNS: Final = "(id, prompt, answer, is_cut, size_bytes)"


async def insert_contents(connection: Connection, contents: Sequence[RecordContent]) -> None:
    """Of requests that are new; a text that is there stays as it is."""
    size_bytes = 0
    for one in contents:
        row = content_row_of(one)
        done = await connection.execute(
            f"INSERT INTO cursor_api.contents {_COLUMNS} VALUES (%s, %s, %s, %s::int::boolean, %s)"
            " ON CONFLICT (id) DO NOTHING".encode(),
            row,
        )
        size_bytes += row[-1] * done.rowcount
    await _add_bytes(connection, size_bytes)


async def delete_contents(connection: Connection, where: bytes, *values: object) -> None:
    """Those that the condition means."""
    gone = await connection.execute(
        b"DELETE FROM cursor_api.contents WHERE " + where + b" RETURNING size_bytes", values
    )
    await _add_bytes(connection, -sum([size_bytes async for (size_bytes,) in gone]))


def within_step(ids: bytes) -> bytes:
    """A query of as many of these requests, from the first, as may go with their texts at once."""
    return (
        b"SELECT id FROM (SELECT one.id, coalesce(size_bytes, 0) AS own_bytes,"
        b" sum(coalesce(size_bytes, 0)) OVER (ORDER BY one.id) AS all_bytes"
        b" FROM (" + ids + b") AS one LEFT JOIN cursor_api.contents USING (id)) AS sized"
        b" WHERE all_bytes <= %d OR all_bytes = own_bytes" % STEP_BYTES
    )


async def forget_contents(connection: Connection, oldest: str, bytes_max: int) -> bool:
    """Some of those before the id `oldest`, or beyond the bound; whether there may be more."""
    kept = await connection.execute("SELECT content_bytes FROM cursor_api.kept")
    excess_bytes = (await kept.fetchall())[0][0] - bytes_max
    found = await connection.execute(
        "SELECT id, size_bytes FROM cursor_api.contents ORDER BY id LIMIT %s", (STEP_ROWS,)
    )
    gone: list[str] = []
    step_bytes, is_enough = 0, False
    for one, size_bytes in await found.fetchall():
        step_bytes += size_bytes
        is_enough = bool(gone) and step_bytes > STEP_BYTES
        if is_enough or (one >= oldest and excess_bytes <= 0):
            break
        excess_bytes -= size_bytes
        gone.append(one)
    if gone:
        await delete_contents(connection, b"id = ANY(%s)", gone)
    return is_enough or len(gone) == STEP_ROWS


async def _add_bytes(connection: Connection, more: int) -> None:
    if more:
        await connection.execute(
            "UPDATE cursor_api.kept SET content_bytes = content_bytes + %s", (more,)
        )
