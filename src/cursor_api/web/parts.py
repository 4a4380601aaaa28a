"""What the addresses are made of: the options that they look at, and the parts they work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from cursor_api import __version__
from cursor_api.domain.credential import Secret
from cursor_api.options.addresses import host_names, is_loopback, origins, route_prefix
from cursor_api.options.kinds import flag
from cursor_api.options.setting import setting
from cursor_api.ports.configuration import Configuration
from cursor_api.ports.dialect import Dialect
from cursor_api.ports.metrics import MetricsSource
from cursor_api.ports.process import Clock, Steps
from cursor_api.ports.records import Records, RefusalCounter
from cursor_api.ports.siblings import Siblings
from cursor_api.ports.stores import RequestLog
from cursor_api.service.access.admission import Admission
from cursor_api.service.access.keys import ApiKeys
from cursor_api.service.access.quota import Quota
from cursor_api.service.audit import Audit
from cursor_api.service.credentials.roster import Roster
from cursor_api.service.credentials.use_cases import Credentials
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.kept_answers import KeptAnswers
from cursor_api.service.inference.relay import Relay
from cursor_api.service.prices import Prices
from cursor_api.service.readiness import Readiness
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.access.hosts import ANY
from cursor_api.web.inference.route import InferenceOptions
from cursor_api.web.management.health import Uptime
from cursor_api.web.management.tokens import TokenFileOptions
from cursor_api.web.management.ui_codes import UiCodes
from cursor_api.web.server.lifecycle import Lifecycle


def _is_on_loopback(values: Mapping[str, Any], _environ: Mapping[str, str]) -> bool:
    return is_loopback(values.get("HOST", ""))


def _any_beyond_loopback(values: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, ...]:
    return () if _is_on_loopback(values, environ) else (ANY,)


class WebOptions(Struct, frozen=True):
    """How the addresses look and who may see what.

    `route_prefix` is "" or "/something". `cors_origins` are whole origins; empty closes CORS.
    """

    version: str = __version__
    route_prefix: str = setting(
        "ROUTE_PREFIX",
        route_prefix(),
        "",
        "Path in front of the routes, for a gateway behind a reverse proxy or at an address"
        " that is hard to guess. A leading slash is added, a trailing one removed.",
    )
    cors_origins: tuple[str, ...] = setting(
        "GATEWAY_CORS_ORIGINS",
        origins(),
        "",
        "Origins of web pages that may call the gateway from a browser with their own key, for"
        " chat and models only, never for credentials or logs. `*` allows every page. None by"
        " default, so that no other page can use a key that a browser holds.",
    )
    is_log_public: bool = setting(
        "LOGS_PUBLIC",
        flag(),
        None,
        "Whether `GET /logs` shows masked entries without a key. By default it does"
        " if only your own machine can reach the gateway, and does not if others can.",
        key="logs_public",
        default_note="`true` on a loopback listener, else `false`",
        derive=_is_on_loopback,
        unset=False,
    )
    allowed_hosts: tuple[str, ...] = setting(
        "GATEWAY_ALLOWED_HOSTS",
        host_names(),
        None,
        "Further host names under which the log answers without a key on a loopback listener."
        " This machine's own names are always accepted, unless the request has a proxy's header:"
        " otherwise a reverse proxy would show the log to everybody, and a page that points its"
        " name at 127.0.0.1 could read it. `*` accepts any name. With a key, every name is"
        " accepted.",
        default_note="none on a loopback listener, else `*`",
        derive=_any_beyond_loopback,
        unset=(ANY,),
    )
    inference: InferenceOptions = field(default_factory=InferenceOptions)
    token_files: TokenFileOptions = field(
        default_factory=lambda: TokenFileOptions(".token", ".token-list")
    )


class Lasting:
    """What outlives every change of the settings, and belongs to the addresses alone."""

    def __init__(self, clock: Clock) -> None:
        self.uptime = Uptime(clock)
        self.ui_codes = UiCodes(clock)


class WebParts(Struct, frozen=True, kw_only=True):
    """What the addresses work with.

    The first of `dialects` renders the models, and the errors of addresses that are no dialect's.
    `new_binding` makes what a new credential is bound to. `keys` are what callers present, by their
    names; those of `api_keys` are known by their digests alone.
    """

    dialects: tuple[Dialect, ...]
    relay: Relay
    admission: Admission
    catalog: Catalog
    request_log: RequestLog
    records: Records
    refusals: RefusalCounter
    metrics: MetricsSource
    authenticator: Authenticator
    clock: Clock
    roster: Roster
    credentials: Credentials
    new_binding: Callable[[], str]
    lifecycle: Lifecycle
    steps: Steps
    kept: KeptAnswers
    configuration: Configuration
    readiness: Readiness
    keys: Mapping[str, Secret]
    api_keys: ApiKeys
    quota: Quota
    prices: Prices
    audit: Audit
    is_shared_up: Callable[[], bool | None] = lambda: None
    node: str | None = None
    siblings: Callable[[], Siblings | None] = lambda: None
