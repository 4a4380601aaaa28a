"""A look at the servers that several nodes share, for whoever wants to know before the start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

from cursor_api.bootstrap.stores import missing
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.installed import Settings


class Look(NamedTuple):
    """What is at the address of a setting, what to warn of, or why it cannot be used."""

    variable: str
    name: str = ""
    warning: str = ""
    error: StoreError | None = None


async def look_at_servers(settings: Settings) -> AsyncIterator[Look]:
    """Those that are set."""
    for variable, url, find in (
        ("DATABASE_URL", settings.database.url, _find_database),
        ("REDIS_URL", settings.shared.url, _find_redis),
    ):
        if url is None:
            continue
        try:
            name, warning = await find(url)
        except StoreError as error:
            yield Look(variable, error=error)
        else:
            yield Look(variable, name, warning)


async def _find_database(url: Secret) -> tuple[str, str]:
    try:
        from cursor_api.stores.postgres.link import look  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing(error) from error
    return await look(url), ""


async def _find_redis(url: Secret) -> tuple[str, str]:
    try:
        from cursor_api.stores.redis.server import look  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing(error, "REDIS_URL", "redis") from error
    met = await look(url)
    return met.name, met.warning
