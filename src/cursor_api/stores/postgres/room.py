"""Whether a server has room for the connections of all gateway processes."""

from __future__ import annotations

from typing import Final, NamedTuple

from cursor_api.domain.credential import Secret
from cursor_api.options.said import tell
from cursor_api.stores.postgres.link import CONNECT_S, Connection, Link

# What the server shows of a process's connections: each has one of each, made when it is needed.
WRITES: Final = "cursor-api writes"
READS: Final = "cursor-api reads"
KEYS: Final = "cursor-api keys"
NAMES: Final = (WRITES, READS, KEYS)
# And of one that has its credentials there.
CREDENTIALS: Final = "cursor-api credentials"
# What somebody opens for a question, and closes again.
LOOKS: Final = "cursor-api looks"

# Processes are known by the connection of which there are most. Those of this machine come from
# where this one does. What users may not see of others is not asked for, but for `backend_type`,
# without which every one with a user counts.
_STATEMENT: Final = """
WITH connections AS (
    SELECT application_name AS name, client_addr IS NOT DISTINCT FROM inet_client_addr() AS is_here
    FROM pg_stat_activity
    WHERE usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
    AND pid <> pg_backend_pid()
), processes AS (
    SELECT is_here, count(*) AS count FROM connections WHERE name = ANY(%s) GROUP BY name, is_here
)
SELECT
    current_setting('server_version'),
    current_setting('max_connections')::int,
    current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true), '0')::int,
    (SELECT count(*) FROM connections WHERE name IS NULL OR name <> ALL(%s)),
    (SELECT coalesce(max(count), 0) FROM processes WHERE is_here),
    (SELECT coalesce(max(count), 0) FROM processes WHERE NOT is_here)
"""


class Room(NamedTuple):
    """How many connections a server lets in, and who has some.

    `reserved_count` are for its superusers, `others_count` belong to others than gateways; then the
    gateway processes of this machine that run now, and those of others.
    """

    version: str
    connections_max: int
    reserved_count: int
    others_count: int
    here_count: int
    elsewhere_count: int

    def find_warning(self, process_count: int, *, has_credentials: bool = False) -> str:
        """Where `process_count` on this machine, and those elsewhere, need more than there are."""
        count = max(process_count, self.here_count) + self.elsewhere_count
        each_count = len(NAMES) + has_credentials
        needed_count = count * each_count
        wanted_count = needed_count + self.others_count + self.reserved_count
        if wanted_count <= self.connections_max:
            return ""
        return tell(
            "PostgreSQL (DATABASE_URL) may run out of connections: {count} gateway process(es) need"
            " up to {needed} ({each} each), and others have {others}. Its max_connections is"
            " {connections_max}, of which {reserved} are reserved: set it to {wanted} or more, or"
            " let fewer processes serve (WORKERS).",
            count=count,
            needed=needed_count,
            each=each_count,
            others=self.others_count,
            connections_max=self.connections_max,
            reserved=self.reserved_count,
            wanted=wanted_count,
        )


async def look(url: Secret) -> Room:
    """By a look that changes nothing. Raises StoreError."""

    async def ask(connection: Connection) -> Room:
        found = await connection.execute(_STATEMENT, (list(NAMES), [*NAMES, CREDENTIALS]))
        row = await found.fetchone()
        assert row is not None  # noqa: S101 - it always gives one
        return Room(row[0].split()[0], *row[1:])

    link = Link(url, LOOKS, CONNECT_S)
    try:
        return await link.run(ask)
    finally:
        await link.close()
