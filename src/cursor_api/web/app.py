"""All addresses, and the one place that turns an error into a response body."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cursor_api import __version__
from cursor_api.domain.errors import Fault, FaultKind, LineProblem, StoreError
from cursor_api.options.addresses import host_names, is_loopback, origins, route_prefix
from cursor_api.options.kinds import flag
from cursor_api.options.setting import setting
from cursor_api.ports.dialect import Dialect, RenderedFault
from cursor_api.ports.process import Clock, Steps
from cursor_api.ports.stores import RequestLog
from cursor_api.service.access.admission import Admission
from cursor_api.service.credentials.roster import Roster
from cursor_api.service.credentials.use_cases import Credentials
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.kept_answers import KeptAnswers
from cursor_api.service.inference.relay import Relay
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.access.hosts import ANY, Hosts
from cursor_api.web.access.lockout import delay_if_locked_out
from cursor_api.web.console.pages import Console
from cursor_api.web.http import operation
from cursor_api.web.http.addresses import Addresses
from cursor_api.web.http.answers import encode_headers, new_request_id, send_fault
from cursor_api.web.http.body import Receive, Scope, Send
from cursor_api.web.http.cors import Cors, OpenAddresses, RefusedPreflights
from cursor_api.web.http.errors import DialectErrors
from cursor_api.web.http.operation import Operation
from cursor_api.web.inference.counting import CountsTokens, TokenCounts
from cursor_api.web.inference.kept import kept_operations
from cursor_api.web.inference.models import Models
from cursor_api.web.inference.route import (
    FAILED,
    InferenceOptions,
    InferenceParts,
    InferenceRoute,
)
from cursor_api.web.management.health import Health, Uptime
from cursor_api.web.management.logs import LogParts, Logs
from cursor_api.web.management.openapi import OpenApi, describe
from cursor_api.web.management.probes import Probes
from cursor_api.web.management.routes import management_operations
from cursor_api.web.management.store_errors import explain
from cursor_api.web.management.tokens import NewBinding, TokenFileOptions
from cursor_api.web.server.lifecycle import DRAINING, Lifecycle

log = structlog.get_logger(__name__)

# The inference addresses are all below it, and so is what a client looks for and does not find.
INFERENCE_FOLDER = "/v1/"
CLOSE = (b"connection", b"close")


def _is_on_loopback(values: Mapping[str, Any], _environ: Mapping[str, str]) -> bool:
    return is_loopback(values.get("HOST", ""))


def _any_beyond_loopback(values: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, ...]:
    return () if _is_on_loopback(values, environ) else (ANY,)


@dataclass(frozen=True, slots=True)
class WebOptions:
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
        "Origins of web pages that may call the gateway from a browser, with a key of theirs:"
        " chat and models, never credentials or logs; `*` for every page. None by default: no"
        " other page can then use a key that a browser holds.",
    )
    is_log_public: bool = setting(
        "LOGS_PUBLIC",
        flag(),
        None,
        "Whether `GET /logs` answers without a key, with masked entries only. The same as"
        " before on your own machine; closed where strangers could read along.",
        key="logs_public",
        default_note="`true` on a loopback listener, else `false`",
        derive=_is_on_loopback,
        unset=False,
    )
    allowed_hosts: tuple[str, ...] = setting(
        "GATEWAY_ALLOWED_HOSTS",
        host_names(),
        None,
        "Further names under which the log answers without a key on a loopback listener. This"
        " machine's own names do, unless a proxy's header is in the request: otherwise a reverse"
        " proxy would show it to everybody, and a page that points its name at 127.0.0.1 could"
        " read it. `*` is any name. With a key every name will do.",
        default_note="none on a loopback listener, else `*`",
        derive=_any_beyond_loopback,
        unset=(ANY,),
    )
    inference: InferenceOptions = field(default_factory=InferenceOptions)
    token_files: TokenFileOptions = field(
        default_factory=lambda: TokenFileOptions(".token", ".token-list")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """What the addresses work with.

    The first of `dialects` renders the models, and the errors of addresses that are no dialect's.
    `new_binding` makes what a new credential is bound to.
    """

    dialects: tuple[Dialect, ...]
    relay: Relay
    admission: Admission
    catalog: Catalog
    request_log: RequestLog
    authenticator: Authenticator
    clock: Clock
    roster: Roster
    credentials: Credentials
    new_binding: Callable[[], str]
    lifecycle: Lifecycle
    steps: Steps
    kept: KeptAnswers


class App:
    """The gateway's ASGI application."""

    def __init__(self, parts: WebParts, options: WebOptions) -> None:
        self._uptime = Uptime(parts.clock)
        self._refused_preflights = RefusedPreflights(parts.clock)
        self.use(parts, options)

    def use(self, parts: WebParts, options: WebOptions) -> None:
        """Serve with these from the next request on; what runs ends with what it began with."""
        self._lifecycle = parts.lifecycle
        self._errors = DialectErrors(parts.dialects, options.route_prefix)
        table = _Table(parts, options, self._uptime)
        self._inference = table.inference
        self._served_while_draining = frozenset(route.path for route in table.probes)
        self._addresses = table.addresses()
        handlers = ErrorHandlers(self._errors, self._addresses.explain, parts.clock)
        self._rest = _starlette(table.routes, handlers)
        self._cors = None
        if options.cors_origins:
            self._cors = Cors(self._serve, options.cors_origins, *table.open_addresses())

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request, at the address that is meant.

        Whatever decides by the address, the question for a key too, sees the corrected one.
        """
        path = scope["path"]
        if path not in self._inference and (meant := self._addresses.correct(path)) != path:
            scope = {**scope, "path": meant}
        return (self._cors or self._serve)(scope, receive, send)

    def render_refusal(self, fault: Fault) -> RenderedFault:
        """What the server answers to what never becomes a request: it has no address yet."""
        return self._errors.render("", fault)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The hot addresses are found by one look into a table.

        The router and its two middlewares would add a sixth to the cost of a request.
        """
        path = scope["path"]
        if scope["method"] == "OPTIONS":
            self._refused_preflights.note(scope)
        if self._lifecycle.is_draining and path not in self._served_while_draining:
            await send_fault(
                send, self._errors.render(path, DRAINING, (), scope["headers"]), [CLOSE]
            )
            return
        route = self._inference.get(path)
        if route is not None:
            await route(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


class _Table:
    """Every address with what answers there, for one set of options."""

    def __init__(self, parts: WebParts, options: WebOptions, uptime: Uptime) -> None:
        self._prefix = options.route_prefix
        # Where the addresses are that answer with and without the prefix.
        self._places = ("", self._prefix) if self._prefix else ("",)
        self._require_admin = parts.authenticator.require_admin
        inference = InferenceParts(
            parts.relay, parts.admission, parts.authenticator, parts.steps, parts.kept, parts.clock
        )
        self.inference = {
            self._prefix + path: InferenceRoute(dialect, inference, options.inference)
            for dialect in parts.dialects
            for path in dialect.paths
        }
        models = (
            *Models(parts.catalog, parts.dialects, parts.authenticator, parts.relay).operations(),
            *kept_operations(parts.dialects, parts.kept, parts.authenticator),
        )
        counts = _counts(parts, inference, options.inference)
        pages = _pages(parts, options)
        management = _management(parts, options, (*models, *counts))
        probes = Probes(parts.lifecycle).operations()
        self.probes = self._routes(probes)
        # For the router, the hot addresses too: `GET /` names them.
        routes = [Route(path, route) for path, route in self.inference.items()]
        # The reference puts only /v1 behind the prefix; of the others both spellings answer.
        routes += operation.routes((*models, *counts), (self._prefix,), self._require_admin)
        routes += self._routes(pages) + self._routes(management)
        console = Console()
        routes += [route for place in self._places for route in console.routes(place)]
        routes += self.probes
        endpoints = ["/", *(route.path for route in routes if not route.path.endswith(("/", "}")))]
        health = Health(parts.relay, parts.catalog, uptime, options.version, endpoints).operations()
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
        return operation.routes(operations, self._places, self._require_admin)


def _pages(parts: WebParts, options: WebOptions) -> Sequence[Operation]:
    public_to = Hosts(options.allowed_hosts) if options.is_log_public else None
    logs = Logs(
        LogParts(parts.request_log, parts.relay.under_way, parts.authenticator, parts.clock),
        public_to,
    )
    return (*logs.operations(), *NewBinding(parts.new_binding).operations())


def _counts(
    parts: WebParts, inference: InferenceParts, options: InferenceOptions
) -> Sequence[Operation]:
    """Of the dialects whose clients may ask how long a request is."""
    return [
        TokenCounts(dialect, dialect, inference, options).operation()
        for dialect in parts.dialects
        if isinstance(dialect, CountsTokens)
    ]


def _management(
    parts: WebParts, options: WebOptions, inference: Sequence[Operation]
) -> Sequence[Operation]:
    """With the document of all operations behind them."""
    rows = management_operations(
        parts.roster, parts.credentials, parts.clock, options.token_files, parts.authenticator
    )
    document = describe(options.version, options.route_prefix, (*rows, *inference), parts.dialects)
    return (*rows, *OpenApi(document).operations())


def _starlette(routes: Sequence[Route], handlers: ErrorHandlers) -> Starlette:
    for route in routes:
        # Starlette ends its patterns with `$`, which lets a line feed (%0A) pass: an address would
        # have a second spelling, unknown to whoever compares paths.
        route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")
    app = Starlette(routes=routes, exception_handlers=handlers.by_type())
    app.router.redirect_slashes = False
    return app


class ErrorHandlers:
    """Whatever is raised at an address, as an answer in the address's dialect."""

    def __init__(
        self, errors: DialectErrors, explain_missing: Callable[[str], str], clock: Clock
    ) -> None:
        self._errors = errors
        self._explain_missing = explain_missing
        self._clock = clock

    def by_type(self) -> dict[Any, Callable[[Request, Any], Awaitable[Response]]]:
        """As Starlette takes them."""
        return {
            Fault: self._fault,
            StoreError: self._store_error,
            HTTPException: self._http_exception,
            Exception: self._crash,
        }

    async def _fault(self, request: Request, fault: Fault) -> Response:
        await delay_if_locked_out(fault)
        return self._respond(request, fault.without_traceback())

    async def _store_error(self, request: Request, error: StoreError) -> Response:
        fault = explain(error)
        if fault.kind is FaultKind.STORE_FAILED:
            log.error("the token files could not be read or written", error=error.message)
        return self._respond(request, fault, problems=error.problems)

    async def _http_exception(self, request: Request, error: HTTPException) -> Response:
        match error.status_code:
            case 404:
                fault = Fault(FaultKind.NOT_FOUND, self._explain_missing(request.scope["path"]))
            case 405:
                allowed = (error.headers or {}).get("Allow", "")
                fault = Fault(
                    FaultKind.METHOD_NOT_ALLOWED,
                    f"{request.method} is not possible here; use {allowed}.",
                )
            case _:
                fault = Fault(FaultKind.INVALID_REQUEST, error.detail)
        response = self._respond(request, fault)
        response.headers.update(error.headers or {})
        return response

    async def _crash(self, request: Request, error: Exception) -> Response:
        response = self._respond(request, Fault(FaultKind.INTERNAL, FAILED))
        request_id = response.headers["x-request-id"]
        log.error("request failed inside the gateway", request_id=request_id, exc_info=error)
        return response

    def _respond(
        self, request: Request, fault: Fault, problems: tuple[LineProblem, ...] = ()
    ) -> Response:
        path, headers = request.scope["path"], request.scope["headers"]
        rendered = self._errors.render(path, fault, problems, headers)
        response = Response(rendered.body, rendered.status)
        request_id = new_request_id(int(self._clock.now() * 1000))
        ids = self._errors.id_headers(path, headers, request_id)
        response.raw_headers += [*ids, *encode_headers(rendered.headers)]
        return response
