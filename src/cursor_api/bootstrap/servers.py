"""A look at the servers that several nodes share, for whoever wants to know before the start."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from msgspec import Struct

from cursor_api.bootstrap.stores import DATABASE_URL, make_find_unread
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.domain.problems import Notice
from cursor_api.installed import Settings
from cursor_api.options.extras import missing_extra
from cursor_api.ports.process import Observer


class Look(Struct, frozen=True):
    """What is at the address of a setting, what to warn of, or why it cannot be used."""

    variable: str
    name: str = ""
    warning: str | Notice = ""
    error: StoreError | None = None


async def look_at_servers(settings: Settings) -> AsyncIterator[Look]:
    """Those that are set; a database that cannot be used is asked nothing more."""
    failed: list[str] = []
    for variable, url, find in (
        (DATABASE_URL, settings.database.url, _find_database),
        ("REDIS_URL", settings.shared.url, _find_redis),
    ):
        if url is None:
            continue
        try:
            name, warning = await find(url, settings)
        except StoreError as error:
            failed.append(variable)
            yield Look(variable, error=error)
        else:
            yield Look(variable, name, warning)
    if DATABASE_URL in failed:
        return
    # It could be used a moment ago.
    with contextlib.suppress(StoreError):
        find_unread = make_find_unread(settings)
        for notice in await find_unread() if find_unread is not None else ():
            yield Look(DATABASE_URL, warning=notice)


async def warn_of_room(settings: Settings, observer: Observer) -> None:
    """Tell the operator where the database has too few connections for all who need some."""
    if settings.database.url is not None:
        # What else is wrong with it those tell who use it.
        with contextlib.suppress(StoreError):
            _, warning = await _find_database(settings.database.url, settings)
            if warning:
                observer.warn(warning)


async def _find_database(url: Secret, settings: Settings) -> tuple[str, str]:
    try:
        from cursor_api.stores.postgres.room import look  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing_extra(DATABASE_URL, "postgres", error) from error
    room = await look(url)
    return f"PostgreSQL {room.version}", room.find_warning(
        settings.server.workers, has_credentials=settings.are_credentials_shared
    )


async def _find_redis(url: Secret, _settings: Settings) -> tuple[str, str]:
    try:
        from cursor_api.stores.redis.server import look  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing_extra("REDIS_URL", "redis", error) from error
    met = await look(url)
    return met.name, met.warning
