"""All addresses, and the one place that turns an error into a response body."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind, StoreError
from cursor_api.ports.dialect import RenderedFault
from cursor_api.ports.process import Clock
from cursor_api.ports.records import RefusalCounter
from cursor_api.web.access.lockout import delay_if_locked_out
from cursor_api.web.http.answers import encode_headers, new_request_id, send_fault
from cursor_api.web.http.cors import Cors, RefusedPreflights
from cursor_api.web.http.errors import NOTHING, Beside, DialectErrors, FoundFault
from cursor_api.web.inference.route import FAILED
from cursor_api.web.management.store_errors import explain
from cursor_api.web.parts import Lasting, WebOptions, WebParts
from cursor_api.web.server.lifecycle import DRAINING
from cursor_api.web.server.refusals import NEEDS_TLS
from cursor_api.web.server.serving import Receive, Scope, Send
from cursor_api.web.table import Table

log = logging.getLogger(__name__)

CLOSE = (b"connection", b"close")


class App:
    """The gateway's ASGI application."""

    def __init__(self, parts: WebParts, options: WebOptions) -> None:
        self._lasting = Lasting(parts.clock)
        self._refused_preflights = RefusedPreflights(parts.clock)
        self.use(parts, options)

    def use(self, parts: WebParts, options: WebOptions) -> None:
        """Serve with these from the next request on; what runs ends with what it began with."""
        self._lifecycle = parts.lifecycle
        self._errors = DialectErrors(parts.dialects, options.route_prefix)
        table = Table(parts, options, self._lasting)
        self._inference = table.inference
        self._served_while_draining = frozenset(route.path for route in table.probes)
        self._addresses = table.addresses()
        self._refusals = parts.refusals
        handlers = ErrorHandlers(self._errors, self._addresses.explain, parts.clock, parts.refusals)
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
        if fault is not NEEDS_TLS:  # which is worded once, when the server starts
            self._refusals.count_refusal(fault.kind)
        return self._errors.render("", fault)

    def take_code(self, digest: str) -> Secret | None:
        """The key for a code that signs a browser in and was made here; it is good no more then."""
        return self._lasting.ui_codes.take(digest)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The hot addresses are found by one look into a table.

        The router and its two middlewares would add a sixth to the cost of a request.
        """
        path = scope["path"]
        if scope["method"] == "OPTIONS":
            self._refused_preflights.note(scope)
        if self._lifecycle.is_draining and path not in self._served_while_draining:
            await send_fault(
                send, self._errors.render(path, DRAINING, NOTHING, scope["headers"]), [CLOSE]
            )
            return
        route = self._inference.get(path)
        if route is not None:
            await route(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


def _starlette(routes: Sequence[Route], handlers: ErrorHandlers) -> Starlette:
    for route in routes:
        # Starlette ends its patterns with `$`, which lets a line feed (%0A) pass: an address would
        # have a second spelling, unknown to whoever compares paths.
        route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")
    app = Starlette(routes=routes, exception_handlers=handlers.by_type())
    app.router.redirect_slashes = False
    return app


# Counted wherever they are tried.
WRONG_KEYS = frozenset({FaultKind.UNAUTHENTICATED, FaultKind.LOCKED_OUT})


class ErrorHandlers:
    """Whatever is raised at an address, as an answer in the address's dialect."""

    def __init__(
        self,
        errors: DialectErrors,
        explain_missing: Callable[[str], str],
        clock: Clock,
        refusals: RefusalCounter,
    ) -> None:
        self._errors = errors
        self._explain_missing = explain_missing
        self._clock = clock
        self._refusals = refusals

    def by_type(self) -> dict[Any, Callable[[Request, Any], Awaitable[Response]]]:
        """As Starlette takes them."""
        return {
            Fault: self._fault,
            StoreError: self._store_error,
            HTTPException: self._http_exception,
            Exception: self._crash,
        }

    async def _fault(self, request: Request, fault: Fault) -> Response:
        if fault.kind in WRONG_KEYS:
            self._refusals.count_refusal(fault.kind)
        await delay_if_locked_out(fault)
        beside = Beside(findings=fault.findings) if isinstance(fault, FoundFault) else NOTHING
        return self._respond(request, fault.without_traceback(), beside)

    async def _store_error(self, request: Request, error: StoreError) -> Response:
        fault = explain(error)
        if fault.kind is FaultKind.STORE_FAILED:
            facts = {"error": error.message}
            log.error("what is kept could not be read or written", extra={"facts": facts})
        return self._respond(request, fault, Beside(error.problems))

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
        facts = {"request_id": response.headers["x-request-id"]}
        log.error("request failed inside the gateway", extra={"facts": facts}, exc_info=error)
        return response

    def _respond(self, request: Request, fault: Fault, beside: Beside = NOTHING) -> Response:
        path, headers = request.scope["path"], request.scope["headers"]
        rendered = self._errors.render(path, fault, beside, headers)
        response = Response(rendered.body, rendered.status)
        request_id = new_request_id(int(self._clock.now() * 1000))
        ids = self._errors.id_headers(path, headers, request_id)
        response.raw_headers += [*ids, *encode_headers(rendered.headers)]
        return response
