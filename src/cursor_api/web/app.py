"""All addresses, and the one place that turns an error into a response body."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cursor_api import __version__
from cursor_api.dialects.openai_chat.faults import render_fault
from cursor_api.domain.errors import Fault, FaultKind, LineProblem, StoreError
from cursor_api.options.addresses import is_loopback, origins, route_prefix
from cursor_api.options.kinds import flag
from cursor_api.options.setting import setting
from cursor_api.ports import Clock, RequestLog
from cursor_api.service.access.admission import Admission
from cursor_api.service.credentials.roster import Roster
from cursor_api.service.credentials.use_cases import Credentials
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.relay import Relay
from cursor_api.service.steps import StepRunner
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.access.lockout import delay_if_locked_out
from cursor_api.web.console.pages import Console
from cursor_api.web.http.body import Receive, Scope, Send
from cursor_api.web.http.cors import Cors
from cursor_api.web.http.operation import READING, Resource, add_problems, explain
from cursor_api.web.inference.models import Models
from cursor_api.web.inference.route import (
    FAILED,
    ChatCompletions,
    InferenceOptions,
    fault_headers,
    new_request_id,
)
from cursor_api.web.management.health import Health, Uptime
from cursor_api.web.management.logs import Logs
from cursor_api.web.management.openapi import OpenApi
from cursor_api.web.management.probes import Probes, refuse
from cursor_api.web.management.routes import ManagementParts, management_routes
from cursor_api.web.management.tokens import Checksums, TokenFileOptions
from cursor_api.web.server.lifecycle import Lifecycle

log = structlog.get_logger(__name__)

# What no page of another origin may use, whatever origins are named (cors.py): addresses, and
# beginnings of addresses.
CLOSED_TO_PAGES = (
    "/api/credentials",
    "/api/openapi.json",
    "/console",
    "/get-tokeninfo",
    "/logs",
    "/tokeninfo",
    "/update-tokeninfo",
)
CLOSED_FOLDERS = ("/api/credentials/", "/console/")


def _is_on_loopback(values: Mapping[str, Any], _environ: Mapping[str, str]) -> bool:
    return is_loopback(values.get("HOST", ""))


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
        " chat and models, never credentials or logs. None by default: no other page can then"
        " use a key that a browser holds.",
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
    inference: InferenceOptions = field(default_factory=InferenceOptions)
    token_files: TokenFileOptions = field(
        default_factory=lambda: TokenFileOptions(".token", ".token-list")
    )


@dataclass(frozen=True, slots=True)
class WebParts:
    """What the addresses work with."""

    relay: Relay
    admission: Admission
    catalog: Catalog
    request_log: RequestLog
    authenticator: Authenticator
    clock: Clock
    roster: Roster
    credentials: Credentials
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    turns: StepRunner = field(default_factory=StepRunner)


class App:
    """The gateway's ASGI application."""

    def __init__(self, parts: WebParts, options: WebOptions) -> None:
        self._uptime = Uptime(parts.clock)
        self.use(parts, options)

    def use(self, parts: WebParts, options: WebOptions) -> None:
        """Serve with these from the next request on; what runs ends with what it began with."""
        self._chat_path = f"{options.route_prefix}/v1/chat/completions"
        self._chat = ChatCompletions(
            parts.relay, parts.admission, parts.authenticator, options.inference, parts.turns
        )
        self._lifecycle = parts.lifecycle
        self._probes = Probes(parts.lifecycle, _places(options))
        self._rest = _starlette(parts, options, self._chat, self._probes, self._uptime)
        self._cors = _cors(self._serve, options) if options.cors_origins else None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        return (self._cors or self._serve)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The hot address is found by one comparison.

        The router and its two middlewares would add a sixth to the cost of a request.
        """
        if self._lifecycle.is_draining and scope["path"] not in self._probes.paths:
            await refuse(send)
        elif scope["path"] == self._chat_path:
            await self._chat(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


def _places(options: WebOptions) -> tuple[str, ...]:
    """Where the addresses are that answer with and without the prefix."""
    return ("", options.route_prefix) if options.route_prefix else ("",)


def _cors(app: Callable[[Scope, Receive, Send], Awaitable[None]], options: WebOptions) -> Cors:
    places = _places(options)
    return Cors(
        app,
        options.cors_origins,
        frozenset(base + path for base in places for path in CLOSED_TO_PAGES),
        tuple(base + path for base in places for path in CLOSED_FOLDERS),
    )


def _starlette(
    parts: WebParts,
    options: WebOptions,
    chat: ChatCompletions,
    probes: Probes,
    uptime: Uptime,
) -> Starlette:
    prefix = options.route_prefix
    models = Models(parts.catalog)
    logs = Logs(
        parts.request_log, parts.authenticator, parts.clock, is_public=options.is_log_public
    )
    # Whether reading asks for a key is decided in there; any other method asks for one here.
    log_pages = Resource(parts.authenticator, {"GET": logs.list}, open_methods=READING)
    pages: list[tuple[str, Any]] = [("/logs", log_pages), ("/checksum", Checksums(parts.clock).new)]
    routes = [
        Route(f"{prefix}/v1/chat/completions", chat),
        Route(f"{prefix}/v1/models", models.list),
        Route(f"{prefix}/v1/models/{{model_id:path}}", models.get),
        *(Route(path, endpoint) for path, endpoint in pages),
    ]
    if prefix:
        # The reference puts only /v1 behind the prefix; both spellings answer here.
        routes += [Route(prefix + path, endpoint) for path, endpoint in pages]
    routes += management_routes(
        ManagementParts(parts.roster, parts.credentials, parts.authenticator, parts.clock),
        options.token_files,
        OpenApi(options.version, prefix),
        _places(options),
    )
    console = Console()
    routes += [route for place in _places(options) for route in console.routes(place)]
    routes += probes.routes()
    named = (route.path for route in routes if not route.path.endswith(("/", "}")))
    endpoints = ["/", *(path for path in named if "{" not in path)]
    health = Health(parts.relay, parts.catalog, uptime, options.version, endpoints)
    routes += [Route(path, health.status) for path in ({"/", f"{prefix}/"} if prefix else {"/"})]
    for route in routes:
        # Starlette ends its patterns with `$`, which lets a line feed (%0A) pass: an address would
        # have a second spelling, unknown to whoever compares paths.
        route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    app.router.redirect_slashes = False
    return app


def _respond(
    fault: Fault,
    extra: dict[str, str] | None = None,
    problems: tuple[LineProblem, ...] = (),
    request_id: str | None = None,
) -> Response:
    rendered = render_fault(fault)
    response = Response(add_problems(rendered.body, problems), rendered.status, extra)
    response.raw_headers += fault_headers(rendered.headers, request_id or new_request_id())
    return response


async def _fault(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Fault)  # noqa: S101 - registered for this class only
    await delay_if_locked_out(error)
    return _respond(error.let_go())


async def _store_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)  # noqa: S101 - registered for this class only
    fault = explain(error)
    if fault.kind is FaultKind.STORE_FAILED:
        log.error("the token files could not be read or written", error=error.message)
    return _respond(fault, problems=error.problems)


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    match error.status_code:
        case 404:
            fault = Fault(
                FaultKind.NOT_FOUND,
                "There is nothing at this address. GET / lists all addresses;"
                " an OpenAI client's base URL ends in /v1.",
            )
        case 405:
            allowed = (error.headers or {}).get("Allow", "")
            fault = Fault(
                FaultKind.METHOD_NOT_ALLOWED,
                f"{request.method} is not possible here; use {allowed}.",
            )
        case _:
            fault = Fault(FaultKind.INVALID_REQUEST, error.detail)
    return _respond(fault, dict(error.headers or {}))


async def _crash(_request: Request, error: Exception) -> Response:
    request_id = new_request_id()
    log.error("request failed inside the gateway", request_id=request_id, exc_info=error)
    return _respond(Fault(FaultKind.INTERNAL, FAILED), request_id=request_id)


EXCEPTION_HANDLERS: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    Fault: _fault,
    StoreError: _store_error,
    HTTPException: _http_exception,
    Exception: _crash,
}
