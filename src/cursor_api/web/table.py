"""Every address there is, and what answers there."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from starlette.routing import Route

from cursor_api.web.access.auth import OPERATOR
from cursor_api.web.access.hosts import Hosts
from cursor_api.web.console.pages import Console
from cursor_api.web.http import operation
from cursor_api.web.http.addresses import Addresses
from cursor_api.web.http.cors import OpenAddresses
from cursor_api.web.http.operation import Guard, Operation
from cursor_api.web.inference.counting import CountsTokens, TokenCounts
from cursor_api.web.inference.kept import kept_operations
from cursor_api.web.inference.models import Models
from cursor_api.web.inference.route import InferenceOptions, InferenceParts, InferenceRoute
from cursor_api.web.management.audit import AuditRoutes
from cursor_api.web.management.clients import ClientRoutes
from cursor_api.web.management.health import Health
from cursor_api.web.management.keys import KeyRoutes
from cursor_api.web.management.logs import LogParts, Logs
from cursor_api.web.management.metrics import Metrics
from cursor_api.web.management.now import Now, NowParts
from cursor_api.web.management.openapi import OpenApi, describe
from cursor_api.web.management.own_usage import OwnUsageParts, OwnUsageRoute
from cursor_api.web.management.prices import PriceRoutes
from cursor_api.web.management.probes import Probes
from cursor_api.web.management.requests import RequestParts, RequestRoutes
from cursor_api.web.management.routes import management_operations
from cursor_api.web.management.settings import SettingRoutes
from cursor_api.web.management.tokens import NewBinding
from cursor_api.web.management.ui_codes import UiSignIn
from cursor_api.web.management.upstreams import UpstreamRoutes
from cursor_api.web.management.usage import UsageRoutes
from cursor_api.web.parts import Lasting, WebOptions, WebParts

# The inference addresses are all below it, and so is what a client looks for and does not find.
INFERENCE_FOLDER = "/v1/"


class Table:
    """Every address with what answers there, for one set of options."""

    def __init__(self, parts: WebParts, options: WebOptions, lasting: Lasting) -> None:
        self._prefix = options.route_prefix
        # Where the addresses are that answer with and without the prefix.
        self._places = ("", self._prefix) if self._prefix else ("",)
        self._guard = Guard(parts.authenticator.require_admin, parts.audit.note)
        inference = _inference(parts)
        self.inference = {
            self._prefix + path: InferenceRoute(dialect, inference, options.inference)
            for dialect in parts.dialects
            for path in dialect.paths
        }
        models = (
            *Models(parts.catalog, parts.dialects, parts.authenticator, parts.relay).operations(),
            *kept_operations(parts.dialects, parts.kept, parts.authenticator),
            *_own_usage(parts),
        )
        counts = _counts(parts, inference, options.inference)
        pages = _pages(parts, options)
        rows = _management(parts, options, lasting)
        self.describe = functools.partial(
            describe, options.version, self._prefix, (*rows, *models, *counts), parts.dialects
        )
        management = (*rows, *OpenApi(self.describe).operations())
        probes = Probes(parts.lifecycle, parts.readiness).operations()
        self.probes = self._routes(probes)
        # For the router, the hot addresses too: `GET /` names them.
        routes = [Route(path, route) for path, route in self.inference.items()]
        # The earlier program puts only /v1 behind the prefix; of the others both spellings answer.
        # The counts first: one of them stands in the place of an answer's id.
        routes += operation.routes((*counts, *models), (self._prefix,), self._guard)
        routes += self._routes(pages) + self._routes(management)
        console = Console()
        routes += [route for place in self._places for route in console.routes(place)]
        routes += self.probes
        endpoints = ["/", *(route.path for route in routes if not route.path.endswith(("/", "}")))]
        health = Health(
            parts.relay, parts.catalog, lasting.uptime, options.version, endpoints
        ).operations()
        self.routes = routes + self._routes(health)
        self._for_pages = [
            row.path for row in (*pages, *management, *probes, *health) if row.is_for_pages
        ]
        self._inference_paths = [path for dialect in parts.dialects for path in dialect.paths]
        self._inference_paths += dict.fromkeys(
            row.path.partition("{")[0] for row in (*models, *counts)
        )

    def addresses(self) -> Addresses:
        """What is spelled more freely, and all that there is."""
        plain = (route.path for route in self.routes if "{" not in route.path)
        return Addresses(self._prefix, self._inference_paths, plain)

    def open_addresses(self) -> tuple[OpenAddresses, OpenAddresses]:
        """What pages of named origins may use, and what those of any may, which is inference."""
        folders = tuple(place + INFERENCE_FOLDER for place in self._places)
        inference = self._placed(self._inference_paths)
        return (
            OpenAddresses(inference | self._placed(self._for_pages), folders),
            OpenAddresses(inference, folders),
        )

    def _placed(self, paths: Iterable[str]) -> frozenset[str]:
        return frozenset(place + path for place in self._places for path in paths)

    def _routes(self, operations: Sequence[Operation]) -> list[Route]:
        return operation.routes(operations, self._places, self._guard)


def _pages(parts: WebParts, options: WebOptions) -> Sequence[Operation]:
    public_to = Hosts(options.allowed_hosts) if options.is_log_public else None
    log_parts = LogParts(
        parts.request_log,
        parts.relay.under_way,
        parts.authenticator,
        parts.clock,
        lambda: None if parts.siblings() is None else parts.records,
    )
    logs = Logs(log_parts, public_to)
    return (*logs.operations(), *NewBinding(parts.new_binding).operations())


def _own_usage(parts: WebParts) -> Sequence[Operation]:
    own = OwnUsageParts(parts.records, parts.quota, parts.authenticator, parts.clock, parts.steps)
    return OwnUsageRoute(own).operations()


def _inference(parts: WebParts) -> InferenceParts:
    return InferenceParts(
        parts.relay,
        parts.admission,
        parts.authenticator,
        parts.steps,
        parts.kept,
        parts.clock,
        parts.refusals,
        parts.siblings,
    )


def _counts(
    parts: WebParts, inference: InferenceParts, options: InferenceOptions
) -> Sequence[Operation]:
    """Of the dialects whose clients may ask how long a request is."""
    return [
        TokenCounts(dialect, dialect, inference, options).operation()
        for dialect in parts.dialects
        if isinstance(dialect, CountsTokens)
    ]


def _management(parts: WebParts, options: WebOptions, lasting: Lasting) -> Sequence[Operation]:
    """What the operator alone may, and what leads there."""
    clients = ClientRoutes(
        parts.catalog, parts.relay, parts.keys, parts.authenticator, options.route_prefix
    )
    return (
        *management_operations(
            parts.roster, parts.credentials, parts.clock, options.token_files, parts.authenticator
        ),
        *Now(
            NowParts(
                parts.readiness,
                parts.lifecycle,
                parts.relay.under_way,
                parts.records,
                parts.configuration,
                parts.clock,
                parts.steps,
                parts.is_shared_up,
                parts.siblings,
                parts.node,
            )
        ).operations(),
        *RequestRoutes(
            RequestParts(
                parts.records,
                parts.relay.under_way,
                lambda: parts.readiness.words,
                [dialect.name for dialect in parts.dialects],
                parts.clock,
                parts.siblings,
            )
        ).operations(),
        *UsageRoutes(parts.records, parts.clock, parts.steps).operations(),
        *Metrics(parts.metrics).operations(),
        *SettingRoutes(parts.configuration).operations(),
        *UpstreamRoutes(parts.configuration).operations(),
        *clients.operations(),
        *KeyRoutes(parts.api_keys, parts.quota, parts.clock).operations(),
        *PriceRoutes(parts.prices).operations(),
        *AuditRoutes(parts.audit).operations(),
        *UiSignIn(
            lasting.ui_codes,
            parts.keys.get(OPERATOR.name),
            parts.authenticator,
            parts.siblings,
        ).operations(),
    )
