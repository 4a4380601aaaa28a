"""Credentials brought into the database, and sealed with another key, for commands."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import NamedTuple

from cursor_api.bootstrap.stores import (
    file_options,
    make_keys,
    make_shared_credentials,
    token_files,
)
from cursor_api.domain.act import COMMAND_LINE, ActKind
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import StoreError
from cursor_api.domain.problems import NoticeCode
from cursor_api.files.sealing import KEY
from cursor_api.installed import Settings
from cursor_api.options.said import tell
from cursor_api.ports.credential_rows import Taken
from cursor_api.ports.process import Observer
from cursor_api.service.audit import Audit
from cursor_api.service.credentials.roster import digest
from cursor_api.stores.files.pool_state import FilePoolStateStore
from cursor_api.telemetry.clock import SystemClock


async def copy_credentials(settings: Settings, observer: Observer) -> Taken:
    """Bring the credentials of the token files into the database, which keeps what it has.

    With what the owner set for each. The files stay as they are. Raises StoreError; the observer is
    told where the act cannot be noted.
    """
    if settings.database.url is None:
        raise StoreError(tell("There is no database to copy to: DATABASE_URL is not set."))
    options = file_options(settings)
    database = make_shared_credentials(settings, options)
    if database is None:
        raise StoreError(
            tell(
                "Tokens go into the database sealed or not at all, and {name} is not set:"
                " `cursor-api token sealing-key` makes a key.",
                name=KEY,
            )
        )
    files = token_files(settings, options)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        state = await FilePoolStateStore(settings.files.pool_state_file).load()
        given = [
            (one, state[key][0] if (key := digest(one.secret)) in state else Preferences())
            for one in await files.load()
            if not one.is_configured
        ]
        taken = await database.take_over(given)
        if taken.added:
            keys = make_keys(settings)
            stack.push_async_callback(keys.close)
            audit = Audit(keys, SystemClock(), observer)
            await audit.note(COMMAND_LINE, ActKind.CREDENTIAL_ADDED, ", ".join(taken.added))
        return taken


class Resealed(NamedTuple):
    """How many credentials were sealed anew, of how many, with which key."""

    sealed_count: int
    total_count: int
    key_id: str


async def reseal_credentials(settings: Settings) -> Resealed:
    """Seal all credentials with the first key, wherever they are. Raises StoreError."""
    options = file_options(settings)
    if options.sealer is None:
        raise StoreError(
            tell(
                "{name} is not set: `cursor-api token sealing-key` makes a key that seals tokens.",
                name=KEY,
            )
        )
    database = make_shared_credentials(settings, options)
    if database is None:
        files = token_files(settings, options)
        count = await files.count_unsealed()
        stored = [one for one in await files.load() if not one.is_configured]
        for notice in files.warnings:
            if notice.code is NoticeCode.NOT_SEALED:
                raise StoreError(notice)
        return Resealed(count, len(stored), options.sealer.key_id)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        count = await database.reseal()
        stored = [one for one in await database.load() if not one.is_configured]
        return Resealed(count, len(stored), options.sealer.key_id)
