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
from cursor_api.ports.stores import CredentialFiles, PoolStateStore, RequestLog
from cursor_api.stores.files.pool_state import FilePoolStateStore, MemoryPoolStateStore
from cursor_api.stores.memory_keys import MemoryKeyStore
from cursor_api.stores.sqlite.request_log import SqliteRequestLog
from cursor_api.stores.sqlite.request_table import RequestTable
from cursor_api.telemetry.observer import LogObserver
from cursor_api.wire.checksum import new_checksum


def make_checksum() -> str:
    """A new device, for a token that has none yet."""
    return new_checksum(os.urandom, time.time())


@dataclass(frozen=True, slots=True)
class Stores:
    """Where credentials, the pool's state, API keys, prices and the request log are kept."""

    credentials: CredentialFiles
    pool_state: PoolStateStore
    keys: KeyAndPriceStore = field(default_factory=MemoryKeyStore)
    # None: the gateway keeps the last requests in memory.
    request_log: RequestLog | None = None


def file_stores(settings: Settings) -> Stores:
    """The two token files, and those of the pool's state and of the request log."""
    files, log = settings.files, settings.request_log
    request_log = None
    if log.kept_max:
        table = RequestTable(files.request_log_file, log.kept_max)
        request_log = SqliteRequestLog(table, log.entries_max, LogObserver())
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
        request_log=request_log,
    )


def memory_stores(credentials: Sequence[Credential]) -> Stores:
    """Stores that last as long as the process, for a demo."""
    return Stores(
        installed.MemoryCredentialStore(credentials, make_checksum, forms=installed.FORMS),
        MemoryPoolStateStore(),
    )
