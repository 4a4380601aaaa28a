"""What the settings come to: frozen values, in the groups of the table.

The reasons and defaults stand in `table.py`; a test holds both files together field by field.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cursor_api.domain.credential import Secret
from cursor_api.options.by_model import SecondsByModel


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Where and how callers reach the gateway. `route_prefix` is "" or `/a/b`."""

    host: str
    port: int
    route_prefix: str
    cors_origins: tuple[str, ...]
    connections_max: int
    keep_alive_s: float
    write_timeout_s: float
    header_timeout_s: float
    body_timeout_s: float
    shutdown_grace_s: float


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may call. `auth_token` is None only in pass-through; `client_tokens` may only chat.

    `checksum` is what pass-through callers without one of their own are given; None: made up.
    `wrong_keys_max` 0: no address is ever locked out.
    """

    auth_token: Secret | None
    client_tokens: tuple[Secret, ...]
    is_passthrough: bool
    checksum: Secret | None
    is_logs_public: bool
    wrong_keys_max: int


@dataclass(frozen=True, slots=True)
class FileSettings:
    """Where credentials are kept, and what is known of them and of requests; absolute paths."""

    token_file: Path
    token_list_file: Path
    pool_state_file: Path
    request_log_file: Path


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How credentials are chosen. `policy` is the value of a `pool.selection.Policy`."""

    policy: str


@dataclass(frozen=True, slots=True)
class FailoverSettings:
    """How often a request is tried, and when an upstream is left alone."""

    attempts_max: int
    retry_percent: int
    breaker_failures: int
    breaker_open_s: float


@dataclass(frozen=True, slots=True)
class AdmissionSettings:
    """What may be under way at once."""

    requests_max: int
    caller_requests_max: int
    streams_max: int
    bodies_bytes_max: int
    queue_max: int
    queue_wait_s: float


@dataclass(frozen=True, slots=True)
class CursorSettings:
    """The upstream: where it is, what it is told, how long it is waited for.

    `base_url` has no slash at its end. `checksum_time` is "now" or "stored".
    """

    base_url: str
    client_version: str
    timezone: str
    is_private: bool
    instructions: str
    checksum_time: str
    proxy: Secret | None
    ca_file: Path | None
    connect_timeout_s: float
    first_token_timeout_s: SecondsByModel
    idle_timeout_s: SecondsByModel
    connections_max: int
    frame_bytes_max: int
    inflated_bytes_max: int
    answer_bytes_max: int


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What one request may bring."""

    body_bytes_max: int
    header_bytes_max: int
    messages_max: int
    parts_max: int
    image_bytes_max: int
    json_depth_max: int
    json_containers_max: int


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the process says about itself. `format` is "auto", "text" or "json".

    `entries_max` requests are in memory, `kept_max` in the file; 0: there is no file.
    """

    level: str
    format: str
    entries_max: int
    kept_max: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured, checked and complete."""

    listener: ListenerSettings
    access: AccessSettings
    files: FileSettings
    pool: PoolSettings
    failover: FailoverSettings
    admission: AdmissionSettings
    cursor: CursorSettings
    limits: LimitSettings
    logs: LogSettings

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything in here that no log may show: each in the forms in which it travels."""
        access = self.access
        found = [access.auth_token, *access.client_tokens, access.checksum, self.cursor.proxy]
        if self.cursor.proxy:
            password = urlsplit(self.cursor.proxy.reveal()).password or ""
            found += [Secret(password), Secret(unquote(password))] if password else []
        return tuple(secret for secret in found if secret)
