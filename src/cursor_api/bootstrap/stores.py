"""Where a gateway keeps what it keeps."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Sequence

from msgspec import Struct, field

from cursor_api import installed
from cursor_api.bootstrap.api_keys import KeyAndPriceStore
from cursor_api.domain.credential import Credential
from cursor_api.files.sealing import make_sealer
from cursor_api.installed import Settings
from cursor_api.options.extras import missing_extra
from cursor_api.ports.credential_rows import FindUnread, SharedCredentials
from cursor_api.ports.record_database import Keeping, RecordDatabase
from cursor_api.ports.records import RecordKeeper
from cursor_api.ports.shared import Shared
from cursor_api.ports.stores import CredentialFiles, PoolStateStore, RequestLog
from cursor_api.service.access.recorded_use import LateRecords
from cursor_api.stores.files.pool_state import FilePoolStateStore, MemoryPoolStateStore
from cursor_api.stores.memory_keys import MemoryKeyStore
from cursor_api.stores.records.log import RecordLog
from cursor_api.stores.records.spooled import SpooledRecords
from cursor_api.stores.sqlite.keys import SqliteKeys
from cursor_api.stores.sqlite.records import SqliteRecords
from cursor_api.telemetry.clock import SystemClock
from cursor_api.telemetry.observer import LogObserver
from cursor_api.wire.checksum import new_checksum

DATABASE_URL = "DATABASE_URL"
# What waits is not too old.
EVERYTHING = Keeping(days=3650, bytes_max=2**50, rows_max=2**50, content_days=3650)


def make_checksum() -> str:
    """A new device, for a token that has none yet."""
    return new_checksum(os.urandom, time.time())


class Stores(Struct, frozen=True):
    """Where credentials, the pool's state, API keys, prices and records of requests are kept.

    `records` None: in memory. `request_log` is told of each request in their place. `shared` None:
    this process is alone.
    """

    credentials: CredentialFiles
    pool_state: PoolStateStore
    keys: KeyAndPriceStore = field(default_factory=MemoryKeyStore)
    records: RecordKeeper | None = None
    request_log: RequestLog | None = None
    shared: Shared | None = None
    # The same store as `credentials` where several nodes share it in a database.
    shared_credentials: SharedCredentials | None = None
    # What a database has that this process cannot read: it has no key.
    find_unread: FindUnread | None = None


def file_stores(settings: Settings) -> Stores:
    """The two token files, and those of the pool's state and of the records of requests.

    With a database and a key that seals, credentials are there. Raises StoreError as
    `make_database` and `file_options`.
    """
    files, options = settings.files, file_options(settings)
    shared_credentials, shared = make_shared_credentials(settings, options), make_shared(settings)
    return Stores(
        shared_credentials or token_files(settings, options),
        FilePoolStateStore(files.pool_state_file),
        make_keys(settings),
        _records(settings, shared),
        shared=shared,
        shared_credentials=shared_credentials,
        find_unread=make_find_unread(settings),
    )


def token_files(
    settings: Settings, options: installed.FileOptions
) -> installed.FileCredentialStore:
    """The credentials in the two token files."""
    files = settings.files
    return installed.FileCredentialStore(
        files.token_file, files.token_list_file, make_checksum, options
    )


def make_shared_credentials(
    settings: Settings, options: installed.FileOptions
) -> installed.RowCredentialStore | None:
    """Those in the database; None where credentials are in the token files."""
    url = settings.database.url
    if url is None or options.sealer is None:
        return None
    try:
        from cursor_api.stores.postgres.credentials import (  # noqa: PLC0415 - an extra
            PostgresCredentials,
        )
    except ImportError as error:
        raise missing_extra(DATABASE_URL, "postgres", error) from error
    rows = PostgresCredentials(url, options.sealer)
    return installed.RowCredentialStore(rows, settings.files.token_file, make_checksum, options)


def make_find_unread(settings: Settings) -> FindUnread | None:
    """What tells of credentials in the database that stay unused without a key; None with one."""
    url = settings.database.url
    if url is None or settings.are_credentials_shared:
        return None
    try:
        from cursor_api.stores.postgres.credentials import find_unread  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing_extra(DATABASE_URL, "postgres", error) from error
    return functools.partial(find_unread, url)


def file_options(settings: Settings) -> installed.FileOptions:
    """How the token files are read and written. Raises StoreError for wrong sealing keys."""
    return installed.FileOptions(
        forms=installed.FORMS,
        given=installed.given_credentials(settings),
        sealer=make_sealer(settings.sealing.keys, settings.sealing.key_file),
    )


def find_keeping(settings: Settings) -> Keeping:
    """How much is kept of the requests."""
    log = settings.request_log
    return Keeping(log.keep_days, log.keep_bytes, log.kept_max, log.keep_content_days)


def make_keys(settings: Settings) -> KeyAndPriceStore:
    """In the database, or in the file of the records. Raises StoreError as `make_database`."""
    url = settings.database.url
    if url is None:
        return SqliteKeys(settings.files.request_log_file)
    try:
        from cursor_api.stores.postgres.keys import PostgresKeys  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing_extra(DATABASE_URL, "postgres", error) from error
    return PostgresKeys(url)


def make_database(settings: Settings) -> RecordDatabase:
    """Where records are in the end. Raises StoreError where what it needs is not installed."""
    url, clock = settings.database.url, SystemClock()
    if url is None:
        return SqliteRecords(settings.files.request_log_file, find_keeping(settings), clock.now)
    try:
        from cursor_api.stores.postgres.records import PostgresRecords  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing_extra(DATABASE_URL, "postgres", error) from error
    return PostgresRecords(url, find_keeping(settings), clock.now)


def make_shared(settings: Settings) -> Shared | None:
    """What nodes share; None without REDIS_URL. Raises StoreError as `make_database`."""
    url = settings.shared.url
    if url is None:
        return None
    try:
        from cursor_api.stores.redis.shared import RedisShared  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing_extra("REDIS_URL", "redis", error) from error
    return RedisShared(url, LogObserver())


def _records(settings: Settings, shared: Shared | None) -> RecordKeeper | None:
    log, clock, observer = settings.request_log, SystemClock(), LogObserver()
    if not log.kept_max:
        return None
    database = make_database(settings)
    if settings.database.url is not None:
        path = settings.files.request_log_file
        spool = SqliteRecords(
            path.with_name(path.name + settings.database.spool_suffix), EVERYTHING, clock.now
        )
        database = spooled = SpooledRecords(database, spool, observer)
        if shared is not None:
            spooled.on_moved.append(LateRecords(shared.limits, clock.now).take)
    return RecordLog(database, log.entries_max, clock, observer)


def memory_stores(credentials: Sequence[Credential]) -> Stores:
    """Stores that last as long as the process, for a demo."""
    return Stores(
        installed.MemoryCredentialStore(credentials, make_checksum, forms=installed.FORMS),
        MemoryPoolStateStore(),
    )
