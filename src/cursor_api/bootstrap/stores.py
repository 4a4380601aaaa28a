"""Where a gateway keeps what it keeps."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cursor_api import installed
from cursor_api.bootstrap.api_keys import KeyAndPriceStore
from cursor_api.domain.credential import Credential
from cursor_api.installed import Settings
from cursor_api.ports.record_database import Keeping
from cursor_api.ports.records import RecordKeeper
from cursor_api.ports.stores import CredentialFiles, PoolStateStore, RequestLog
from cursor_api.stores.files.pool_state import FilePoolStateStore, MemoryPoolStateStore
from cursor_api.stores.memory_keys import MemoryKeyStore
from cursor_api.stores.records.log import RecordLog
from cursor_api.stores.sqlite.keys import SqliteKeys
from cursor_api.stores.sqlite.records import SqliteRecords
from cursor_api.telemetry.clock import SystemClock
from cursor_api.telemetry.observer import LogObserver
from cursor_api.wire.checksum import new_checksum


def make_checksum() -> str:
    """A new device, for a token that has none yet."""
    return new_checksum(os.urandom, time.time())


@dataclass(frozen=True, slots=True)
class Stores:
    """Where credentials, the pool's state, API keys, prices and records of requests are kept.

    `records` None: in memory. `request_log` is told of each request in their place.
    """

    credentials: CredentialFiles
    pool_state: PoolStateStore
    keys: KeyAndPriceStore = field(default_factory=MemoryKeyStore)
    records: RecordKeeper | None = None
    request_log: RequestLog | None = None


def file_stores(settings: Settings) -> Stores:
    """The two token files, and those of the pool's state and of the records of requests."""
    files = settings.files
    return Stores(
        installed.FileCredentialStore(
            files.token_file,
            files.token_list_file,
            make_checksum,
            installed.FileOptions(
                forms=installed.FORMS, given=installed.given_credentials(settings)
            ),
        ),
        FilePoolStateStore(files.pool_state_file),
        SqliteKeys(files.request_log_file),
        _records(settings),
    )


def find_keeping(settings: Settings) -> Keeping:
    """How much is kept of the requests."""
    log = settings.request_log
    return Keeping(log.keep_days, log.keep_bytes, log.kept_max)


def _records(settings: Settings) -> RecordKeeper | None:
    log, clock = settings.request_log, SystemClock()
    if not log.kept_max:
        return None
    database = SqliteRecords(settings.files.request_log_file, find_keeping(settings), clock.now)
    return RecordLog(database, log.entries_max, clock, LogObserver())


def memory_stores(credentials: Sequence[Credential]) -> Stores:
    """Stores that last as long as the process, for a demo."""
    return Stores(
        installed.MemoryCredentialStore(credentials, make_checksum, forms=installed.FORMS),
        MemoryPoolStateStore(),
    )
