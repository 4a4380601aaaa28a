"""Where credentials are kept, and what is known of them and of requests."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from cursor_api.domain.credential import Secret
from cursor_api.options.addresses import database_url, redis_url
from cursor_api.options.kinds import choice_of, flag, path, size, whole
from cursor_api.options.sealing_keys import sealing_keys
from cursor_api.options.setting import GIB, MIB, setting

POOL_STATE = ".token-state"
REQUEST_LOG = ".request-log.sqlite3"


def _beside_tokens(name: str) -> Callable[[Mapping[str, Any], Mapping[str, str]], Path | None]:
    def rule(values: Mapping[str, Any], _environ: Mapping[str, str]) -> Path | None:
        token_file: Path | None = values.get("TOKEN_FILE")
        return token_file.parent / name if token_file else None

    return rule


class StoreFiles(Struct, frozen=True):
    """The files; absolute paths where they come from settings."""

    token_file: Path = setting(
        "TOKEN_FILE",
        path(),
        ".token",
        "Your Cursor API keys and session tokens, one per line: `token` or `alias::token`.",
        needs_restart=True,
    )
    token_list_file: Path = setting(
        "TOKEN_LIST_FILE",
        path(),
        ".token-list",
        "Each token with the checksum that ties it to a device. The gateway writes this file."
        " Keep it: a new checksum looks like a new computer.",
        needs_restart=True,
    )
    pool_state_file: Path = setting(
        "POOL_STATE_FILE",
        path(),
        None,
        "What is remembered about credentials across a restart: cooldowns,"
        " quarantines, counts, and what you set in the console (priority, weight,"
        " limit). It contains no token. If it is lost, a few requests are refused.",
        default_note="`.token-state` beside `TOKEN_FILE`",
        needs_restart=True,
        derive=_beside_tokens(POOL_STATE),
        unset=Path(POOL_STATE),
    )
    request_log_file: Path = setting(
        "REQUEST_LOG_FILE",
        path(),
        None,
        "The records of requests, kept across a restart: an SQLite file with the"
        " time, caller, model, credential's name, outcome, tokens and attempts of"
        " each. It contains no token, and prompts and answers only with"
        " `RECORD_CONTENT`. If you remove it, a new one is created.",
        default_note="`.request-log.sqlite3` beside `TOKEN_FILE`",
        needs_restart=True,
        derive=_beside_tokens(REQUEST_LOG),
        unset=Path(REQUEST_LOG),
    )


class SealingOptions(Struct, frozen=True):
    """With what credentials are sealed where they are kept."""

    keys: tuple[Secret, ...] = setting(
        "CREDENTIALS_KEY",
        sealing_keys(),
        "",
        "Seals the tokens in the token files, so that nobody can read them without this key"
        " (AES-256-GCM); needs the extra `cursor-api[sealed]`. With `DATABASE_URL`, credentials are"
        " in the database, sealed; without this key they stay in the files. 64 hexadecimal digits;"
        " `cursor-api token sealing-key` makes a key. Keep it apart from the files and from"
        " backups: without it, the tokens are lost. To change it, put the new key before the old"
        " one, with a comma between: the first seals, all of them open.",
        key="credentials_key",
        needs_restart=True,
    )
    key_file: Path | None = setting(
        "CREDENTIALS_KEY_FILE",
        path(),
        None,
        "A file with what `CREDENTIALS_KEY` would hold, one key per line, for services that get"
        " secrets as files.",
        key="credentials_key_file",
        default_note="none",
        needs_restart=True,
    )


class DatabaseOptions(Struct, frozen=True):
    """Where several nodes keep what they share."""

    url: Secret | None = setting(
        "DATABASE_URL",
        database_url(),
        None,
        "A PostgreSQL database (14 or newer) for the records of requests, API keys and prices, in"
        " place of `REQUEST_LOG_FILE`, and with `CREDENTIALS_KEY` for credentials; needs"
        " the extra `cursor-api[postgres]`. The tables are made in a schema of their own,"
        " `cursor_api`. While the database is away the records wait in a file beside that"
        " of `REQUEST_LOG_FILE`.",
        default_note="none: `REQUEST_LOG_FILE`",
        needs_restart=True,
    )
    # Of the file beside that of the requests, for what the database does not take while it is away:
    # one for each process, as whoever brings it over has to be alone.
    spool_suffix: str = ".spool"


class WhenAway(enum.Enum):
    """What becomes of requests of keys with limits while the counters of all nodes are away."""

    REFUSE = "refuse"
    LOCAL = "local"


class SharedOptions(Struct, frozen=True):
    """Where several nodes count together."""

    url: Secret | None = setting(
        "REDIS_URL",
        redis_url(),
        None,
        "A Redis (7 or newer) or Valkey, in which several nodes count what API keys use, so that"
        " their limits hold over all of them, and over which they tell each other what they find"
        " out of credentials; needs the extra `cursor-api[redis]`. While it is away, requests of"
        " keys with limits are refused (503), and all others go on.",
        default_note="none: each node counts for itself",
        needs_restart=True,
    )
    when_away: WhenAway = setting(
        "LIMITS_WHEN_DOWN",
        choice_of(WhenAway),
        WhenAway.REFUSE.value,
        "What happens to requests of keys with limits while `REDIS_URL` cannot be used. `refuse`:"
        " they get a 503, so that no limit is exceeded. `local`: each node goes on with its share:"
        " what is left, divided by the number of nodes.",
        needs_restart=True,
    )


class RequestLogOptions(Struct, frozen=True):
    """How many requests are remembered: in memory, and where they outlive the process."""

    entries_max: int = setting(
        "GATEWAY_LOG_ENTRIES_MAX",
        whole(100, 100_000, 100),
        "100",
        "How many requests `GET /logs` shows; they are kept in memory. The earlier program showed"
        " 100 too.",
        needs_restart=True,
    )
    kept_max: int = setting(
        "GATEWAY_LOG_KEPT_MAX",
        whole(0, 10_000_000, 0),
        "10000000",
        "How many request records are kept at most; the oldest are deleted first. 0"
        " keeps none across a restart.",
        needs_restart=True,
    )
    keep_days: int = setting(
        "RECORDS_KEEP_DAYS",
        whole(1, 3650, 30),
        "30",
        "How many days a request record is kept. Hourly totals are kept for 400 days.",
        needs_restart=True,
    )
    keep_bytes: int = setting(
        "RECORDS_KEEP_BYTES",
        size(10 * MIB, 1024 * GIB, "1GiB"),
        "1GiB",
        "How much disk space the request records may take; the oldest are deleted"
        " first, and the file shrinks. A million take about 350 MiB.",
        needs_restart=True,
    )
    keep_content: bool = setting(
        "RECORD_CONTENT",
        flag(),
        "false",
        "Whether the texts of prompts and answers are kept with the request records,"
        " for times when you need to find out what a client does. Each text is cut at"
        " 16,384 characters, a prompt and an answer at 32,768; secrets that the"
        " gateway knows or recognises are masked. Anyone who has the operator's key"
        " can read them.",
    )
    keep_content_days: int = setting(
        "RECORD_CONTENT_KEEP_DAYS",
        whole(1, 3650, 7),
        "7",
        "How many days texts are kept, never longer than their records. They take at"
        " most half of `RECORDS_KEEP_BYTES`; the oldest are deleted first.",
        needs_restart=True,
    )
