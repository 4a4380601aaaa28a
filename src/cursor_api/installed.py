"""What this gateway is made of: its client APIs, its kinds of upstreams, its credential files.

The only file that names them: a client API is one line in DIALECTS, a kind of upstream one in
UPSTREAM_KINDS. What can be set stands with the options classes of the parts; here they are put
into the tables of the TOML file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from cursor_api.dialects.anthropic_messages.dialect import AnthropicMessages
from cursor_api.dialects.openai_chat.dialect import OpenAiChat
from cursor_api.dialects.openai_completions.dialect import OpenAiCompletions
from cursor_api.dialects.openai_embeddings.dialect import OpenAiEmbeddings
from cursor_api.dialects.openai_responses.dialect import OpenAiResponses
from cursor_api.domain.catalog import NamedModel
from cursor_api.domain.credential import Credential, CredentialForm, Secret
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.pool.breaker import BreakerOptions
from cursor_api.pool.selection import PoolOptions
from cursor_api.pool.waiting import QueueOptions
from cursor_api.ports.dialect import Dialect
from cursor_api.ports.upstream import UpstreamKind
from cursor_api.service.access.admission import AdmissionOptions
from cursor_api.service.inference.failover import FailoverOptions
from cursor_api.service.inference.kept_answers import KeptAnswersOptions
from cursor_api.settings import Group, Schema, find_secrets
from cursor_api.stores.options import (
    DatabaseOptions,
    RequestLogOptions,
    SealingOptions,
    SharedOptions,
    StoreFiles,
)
from cursor_api.telemetry.logs import LogOptions
from cursor_api.telemetry.metric_options import MetricsOptions
from cursor_api.telemetry.trace_options import TraceOptions
from cursor_api.transport.image_fetch import ImageFetchOptions
from cursor_api.transport.webhook import WebhookOptions
from cursor_api.upstreams.anthropic.kind import AnthropicKind
from cursor_api.upstreams.cursor.forms import read_token
from cursor_api.upstreams.cursor.kind import CursorKind
from cursor_api.upstreams.cursor.options import FOREIGN_VARIABLES, CursorOptions
from cursor_api.upstreams.cursor.passthrough import passthrough_reader
from cursor_api.upstreams.cursor.token_files.book import Book, Names
from cursor_api.upstreams.cursor.token_files.files import TokenFiles
from cursor_api.upstreams.cursor.token_files.foreign import Outcome, Plan, Verdict, plan_import
from cursor_api.upstreams.cursor.token_files.given import GivenOptions, place
from cursor_api.upstreams.cursor.token_files.memory import MemoryCredentialStore
from cursor_api.upstreams.cursor.token_files.pair import FileOptions
from cursor_api.upstreams.cursor.token_files.paste import read_paste
from cursor_api.upstreams.cursor.token_files.rows import RowCredentialStore
from cursor_api.upstreams.cursor.token_files.store import FileCredentialStore
from cursor_api.upstreams.cursor.token_files.text import TextLimits
from cursor_api.upstreams.cursor_sdk.kind import CursorSdkKind
from cursor_api.upstreams.openai.kind import OpenAiKind
from cursor_api.upstreams.presets import PRESETS
from cursor_api.web.access.auth import AccessOptions, ReadOwnCredentials
from cursor_api.web.access.lockout import LockoutOptions
from cursor_api.web.parts import WebOptions
from cursor_api.web.server.server import ServerOptions

__all__ = [
    "DIALECTS",
    "FORMS",
    "KINDS",
    "SCHEMA",
    "Book",
    "FileCredentialStore",
    "FileOptions",
    "MemoryCredentialStore",
    "Names",
    "Outcome",
    "Plan",
    "RowCredentialStore",
    "Settings",
    "TextLimits",
    "TokenFiles",
    "Verdict",
    "given_credentials",
    "own_credentials_reader",
    "plan_import",
    "read_paste",
    "read_token",
]

# The first one's errors are what addresses of no client API answer.
_RESPONSES = OpenAiResponses()
DIALECTS: tuple[Dialect, ...] = (
    OpenAiChat(_RESPONSES.parse),
    AnthropicMessages(),
    _RESPONSES,
    OpenAiCompletions(),
    OpenAiEmbeddings(),
)
# Where two know a secret by its form, the first has it: what takes any text comes last.
UPSTREAM_KINDS: tuple[UpstreamKind, ...] = (
    CursorKind(),
    CursorSdkKind(),
    OpenAiKind(),
    AnthropicKind(),
)
KINDS: Final[Mapping[str, UpstreamKind]] = {kind.name: kind for kind in UPSTREAM_KINDS}
FORMS: tuple[CredentialForm, ...] = tuple(form for kind in UPSTREAM_KINDS for form in kind.forms)


class Settings(Struct, frozen=True):
    """Everything that can be configured, checked and complete: the options of each part.

    `upstreams` begins with those that exist without a block in the TOML file.
    """

    server: ServerOptions
    web: WebOptions
    access: AccessOptions
    lockout: LockoutOptions
    files: StoreFiles
    given: GivenOptions
    sealing: SealingOptions
    database: DatabaseOptions
    shared: SharedOptions
    request_log: RequestLogOptions
    pool: PoolOptions
    queue: QueueOptions
    failover: FailoverOptions
    breaker: BreakerOptions
    admission: AdmissionOptions
    kept_answers: KeptAnswersOptions
    images: ImageFetchOptions
    logs: LogOptions
    metrics: MetricsOptions
    traces: TraceOptions
    alerts: WebhookOptions
    upstreams: tuple[UpstreamSettings, ...]
    models: tuple[NamedModel, ...]

    @property
    def are_credentials_shared(self) -> bool:
        """Whether they are in the database of several nodes, and not in the token files."""
        return self.database.url is not None and self.sealing != SealingOptions()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything in here that no log may show: each in the forms in which it travels."""
        return tuple(find_secrets(self))


# In the order in which people read about them.
GROUPS: Final = (
    Group(
        "listener",
        "Listener",
        (
            *("server.host", "server.port", "server.workers", "server.tls", "web.route_prefix"),
            "web.cors_origins",
            *("server.limits.connections_max", "web.inference.stream", "server.limits", "server"),
        ),
    ),
    Group("access", "Access", ("access", "cursor.passthrough_checksum", "web", "lockout")),
    Group("files", "Files", ("files", "given", "sealing")),
    Group("pool", "Pool of credentials", ("pool",)),
    Group("failover", "Failover", ("failover", "breaker")),
    Group("admission", "Load", ("admission", "queue", "kept_answers")),
    Group(
        "cursor",
        "Cursor (upstream)",
        ("cursor", "cursor.timeouts", "cursor.http.connections_max", "cursor.limits"),
        prefix="CURSOR_",
        foreign=FOREIGN_VARIABLES,
    ),
    Group(
        "cursor-sdk",
        "Cursor's official SDK (upstream)",
        ("cursor-sdk", "cursor-sdk.timeouts", "cursor-sdk.runs"),
        prefix="CURSOR_SDK_",
    ),
    Group(
        "limits",
        "Limits of one request",
        (
            *("web.inference.body_bytes_max", "server.limits.header_bytes_max", "web.inference"),
            "images",
        ),
    ),
    Group("logs", "Logs", ("logs", "request_log")),
    Group("database", "Database", ("database",)),
    Group("shared", "Shared by nodes", ("shared",)),
    Group("metrics", "Metrics", ("metrics",)),
    Group("traces", "Traces", ("traces",)),
    Group("alerts", "Alerts", ("alerts",)),
)

SCHEMA: Final = Schema(
    Settings,
    GROUPS,
    {name: kind.options for name, kind in KINDS.items()},
    presets=PRESETS,
)


def given_credentials(settings: Settings) -> tuple[Credential, ...]:
    """Those of `TOKENS`, each at the endpoint of its form."""
    return place(settings.given.tokens, FORMS)


def own_credentials_reader(settings: Settings) -> ReadOwnCredentials:
    """What reads the credentials that callers of a pass-through bring."""
    options = next(
        one.options for one in settings.upstreams if isinstance(one.options, CursorOptions)
    )
    checksum = options.passthrough_checksum
    return passthrough_reader(checksum.reveal() if checksum else "")
