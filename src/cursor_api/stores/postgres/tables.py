"""The schema `cursor_api` in PostgreSQL, and how it is made what it has to be."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cursor_api.domain.errors import StoreError
from cursor_api.options.said import tell
from cursor_api.stores.postgres.link import Connection
from cursor_api.stores.records.migrations import plan, read_migrations

_FOLDER: Final = Path(__file__).with_name("sql")
MIGRATIONS: Final = read_migrations(_FOLDER)
_LEDGER: Final = _FOLDER / "migrations.sql"
# As libpq spells versions.
OLDEST: Final = 140_000
# Of all who start at once one does it; an arbitrary number that nobody else takes.
LOCK: Final = 7_377_243_001


async def migrate(connection: Connection) -> None:
    """Whole or not at all, in the caller's transaction.

    Raises StoreError for what a newer version of this program made, and for an old server.
    """
    if connection.info.server_version < OLDEST:
        raise StoreError(
            tell(
                "The database (DATABASE_URL) cannot be used: it is PostgreSQL {version}, and"
                " {oldest} or newer is needed.",
                version=connection.info.server_version // 10_000,
                oldest=OLDEST // 10_000,
            )
        )
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    found = await connection.execute(
        "SELECT to_regnamespace('cursor_api') IS NOT NULL,"
        " to_regclass('cursor_api.migrations') IS NOT NULL"
    )
    has_schema, has_ledger = await found.fetchone() or (False, False)
    if not has_schema:
        await connection.execute("CREATE SCHEMA cursor_api")
    if not has_ledger:
        await connection.execute(_LEDGER.read_bytes())
    ledger = await connection.execute(
        "SELECT number, digest FROM cursor_api.migrations ORDER BY number"
    )
    done = await ledger.fetchall()
    for migration in plan(done, MIGRATIONS, "The schema cursor_api of the database"):
        await connection.execute(migration.text.encode())
        await connection.execute(
            "INSERT INTO cursor_api.migrations (number, digest) VALUES (%s, %s)",
            (migration.number, migration.digest),
        )
