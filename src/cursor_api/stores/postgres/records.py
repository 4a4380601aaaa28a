"""Records in PostgreSQL.

Rules of this file:
- A row counts once, however often it comes and from however many nodes: only rows that were new add
  to the sums, in the same transaction.
- Rows of sums are locked in one order by everybody, and the count of the rows last.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from cursor_api.domain.credential import Secret
from cursor_api.domain.periods import hour_of
from cursor_api.domain.record_query import RecordFilter, UsageRow
from cursor_api.ports.record_database import Batch, DatabaseState, Keeping
from cursor_api.stores.postgres.contents import (
    delete_contents,
    forget_contents,
    insert_contents,
    within_step,
)
from cursor_api.stores.postgres.link import Connection, Link, fetch_value
from cursor_api.stores.postgres.room import READS, WRITES
from cursor_api.stores.postgres.tables import migrate
from cursor_api.stores.records.questions import SqlQuestions, Values, condition, id_at
from cursor_api.stores.records.rows import COLUMN_LIST, as_kept, row_of
from cursor_api.stores.records.sums import (
    BATCHES_KEPT_S,
    COUNTS,
    DAY_S,
    KEYS,
    SUMS_KEPT_S,
    sums_of,
)

# A batch takes milliseconds; what was written after all may be written again.
WRITE_S: Final = 2.0
# Another node may be at it.
MIGRATE_S: Final = 60.0
QUESTION_S: Final = 10.0
# Forgetting 2,000 rows takes 5 ms.
STEP_ROWS: Final = 2_000
# One node forgets at a time.
TIDY_LOCK: Final = 7_377_243_002
# Besides a row's own bytes: its place in the page and in the indexes.
ROW_OVERHEAD_BYTES: Final = 130
SAMPLE_ROWS: Final = 500

_PARAMETER: Final = re.compile(r":([a-z_0-9]+)")
_INCOMING: Final = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS incoming (LIKE cursor_api.requests) ON COMMIT DELETE ROWS"
)
_COPY: Final = f"COPY incoming ({COLUMN_LIST}) FROM STDIN"
_INSERT: Final = (
    f"INSERT INTO cursor_api.requests ({COLUMN_LIST}) SELECT {COLUMN_LIST} FROM incoming"
    " ON CONFLICT (id) DO NOTHING RETURNING id"
)
_TYPES: Final = {
    "hour": "bigint",
    **dict.fromkeys(KEYS[1:], "text"),
    **dict.fromkeys(COUNTS, "bigint"),
    **dict.fromkeys(("first_ms_sum", "total_ms_sum"), "double precision"),
}
_SUMS: Final = (
    f"INSERT INTO cursor_api.usage_hourly AS known ({', '.join(_TYPES)})"
    f" SELECT * FROM unnest({', '.join(f'%s::{one}[]' for one in _TYPES.values())})"
    f" ON CONFLICT ({', '.join(KEYS)}) DO UPDATE SET "
    + ", ".join(f"{one} = known.{one} + excluded.{one}" for one in COUNTS)
)
_REFUSALS: Final = (
    "INSERT INTO cursor_api.refusals_hourly AS known (hour, fault, refused_count)"
    " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[])"
    " ON CONFLICT (hour, fault) DO UPDATE"
    " SET refused_count = known.refused_count + excluded.refused_count"
)
_COUNT: Final = "UPDATE cursor_api.kept SET rows_count = rows_count + %s"


class PostgresRecords(SqlQuestions):
    """Implements `RecordDatabase` in the schema `cursor_api`. `now` is unix seconds."""

    name = "postgres"
    prefix = "cursor_api."
    # Its collation knows the letters A to Z only.
    text_found = "strpos(lower(error), :text) > 0"

    def __init__(self, url: Secret, keeping: Keeping, now: Callable[[], float]) -> None:
        super().__init__(self, now)
        self._keeping = keeping
        self._now = now
        self._writer = Link(url, WRITES, WRITE_S)
        self._reader = Link(url, READS, QUESTION_S)
        self._swept_hour = 0
        self._rows_max = keeping.rows_max

    def __repr__(self) -> str:
        return "PostgresRecords()"

    def state(self) -> DatabaseState:
        """See RecordDatabase."""
        return DatabaseState()

    async def open(self) -> None:
        """See RecordDatabase."""
        await self._writer.run(migrate, limit_s=MIGRATE_S)

    async def close(self) -> None:
        """See RecordDatabase."""
        await self._reader.close()
        await self._writer.close()

    async def write(self, batch: Batch) -> None:
        """See RecordDatabase."""
        await self._writer.run(functools.partial(_write, batch=batch))

    async def fetch(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        """Implements `Sql`."""

        async def ask(connection: Connection) -> list[tuple[Any, ...]]:
            found = await connection.execute(_spell(statement), values)
            return await found.fetchall()

        return await self._reader.run(ask)

    async def delete(self, wanted: RecordFilter, rows_max: int) -> int:
        """See RecordDatabase."""
        where, values = condition(self, wanted)
        ids = f"SELECT id FROM cursor_api.requests WHERE {where} ORDER BY id LIMIT :rows_max"
        return await self._writer.run(
            functools.partial(_delete, ids=_spell(ids), values=values | {"rows_max": rows_max})
        )

    async def tidy(self) -> bool:
        """See RecordDatabase."""
        return await self._writer.run(self._tidy)

    async def _tidy(self, connection: Connection) -> bool:
        if not await fetch_value(connection, "SELECT pg_try_advisory_xact_lock(%s)", TIDY_LOCK):
            return False
        hour = hour_of(self._now())
        if hour != self._swept_hour:
            await _sweep(connection, hour)
            self._rows_max = await self._fitting_rows(connection)
            self._swept_hour = hour
        keeping = self._keeping
        aged = id_at(self._now() - min(keeping.content_days, keeping.days) * DAY_S)
        if await forget_contents(connection, aged, keeping.content_bytes_max):
            return True
        oldest = id_at(self._now() - keeping.days * DAY_S)
        ids = "SELECT id FROM cursor_api.requests WHERE id < :oldest ORDER BY id LIMIT :step"
        values: dict[str, object] = {"oldest": oldest, "step": STEP_ROWS}
        count = await _delete(connection, ids=_spell(ids), values=values)
        if count:
            return True
        rows_count: int = await fetch_value(connection, "SELECT rows_count FROM cursor_api.kept")
        excess = min(rows_count - self._rows_max, STEP_ROWS)
        if excess <= 0:
            return False
        ids = "SELECT id FROM cursor_api.requests ORDER BY id LIMIT :step"
        count = await _delete(connection, ids=_spell(ids), values={"step": excess})
        return count > 0 and (count == STEP_ROWS or count < excess)

    async def _fitting_rows(self, connection: Connection) -> int:
        """How many rows of the size of the last ones are within the bounds."""
        row_bytes = await fetch_value(
            connection,
            "SELECT avg(pg_column_size(one.*)) FROM"
            " (SELECT * FROM cursor_api.requests ORDER BY id DESC LIMIT %s) AS one",
            SAMPLE_ROWS,
        )
        fitting = self._keeping.bytes_max / (float(row_bytes or 0) + ROW_OVERHEAD_BYTES)
        return min(int(fitting), self._keeping.rows_max)


async def _write(connection: Connection, batch: Batch) -> None:
    kept = {one.id: (one, row_of(one)) for one in map(as_kept, batch.records)}
    if kept:
        await connection.execute(_INCOMING)
        async with connection.cursor() as sql:
            async with sql.copy(_COPY) as copy:
                for _, row in kept.values():
                    await copy.write_row(row)
            await sql.execute(_INSERT)
            new = await sql.fetchall()
        sums = sums_of(kept[one] for (one,) in new)
        if sums:
            await connection.execute(_SUMS, _columns(sums))
    if batch.refusals:
        await _count_refusals(connection, batch)
    if kept and new:
        ids = {one for (one,) in new}
        await insert_contents(connection, [one for one in batch.contents if one.id in ids])
        await connection.execute(_COUNT, (len(new),))


async def _count_refusals(connection: Connection, batch: Batch) -> None:
    is_new = await fetch_value(
        connection,
        "INSERT INTO cursor_api.refusal_batches VALUES (%s) ON CONFLICT (id) DO NOTHING"
        " RETURNING true",
        batch.id,
    )
    if is_new:
        rows = sorted((hour, fault.value, count) for hour, fault, count in batch.refusals)
        await connection.execute(_REFUSALS, [list(one) for one in zip(*rows, strict=True)])


async def _delete(connection: Connection, ids: bytes, values: Values) -> int:
    deleted = await connection.execute(
        b"DELETE FROM cursor_api.requests WHERE id IN (" + within_step(ids) + b") RETURNING id",
        values,
    )
    if deleted.rowcount:
        gone = [one async for (one,) in deleted]
        await delete_contents(connection, b"id = ANY(%s)", gone)
        await connection.execute(_COUNT, (-deleted.rowcount,))
    return deleted.rowcount


async def _sweep(connection: Connection, hour: int) -> None:
    """What is too old of what is small."""
    for table in ("usage_hourly", "refusals_hourly"):
        statement = f"DELETE FROM cursor_api.{table} WHERE hour < %s"
        await connection.execute(statement.encode(), (hour - SUMS_KEPT_S,))
    await connection.execute(
        "DELETE FROM cursor_api.refusal_batches WHERE id < %s", (id_at(hour - BATCHES_KEPT_S),)
    )


def _columns(sums: Sequence[UsageRow]) -> list[list[Any]]:
    rows = [(*row[:4], *row.counts) for row in sums]
    return [list(column) for column in zip(*rows, strict=True)]


@functools.lru_cache(maxsize=256)
def _spell(statement: str) -> bytes:
    """A statement with its parameters as psycopg writes them."""
    return _PARAMETER.sub(r"%(\1)s", statement).encode()
