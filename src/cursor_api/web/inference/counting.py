"""`POST` of the addresses where a dialect's clients ask how long a request is."""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.chat import Incoming
from cursor_api.domain.deltas import InputCount
from cursor_api.ports.dialect import Dialect
from cursor_api.web.http.answers import JSON_HEADER, new_request_id
from cursor_api.web.http.body import read_body
from cursor_api.web.http.dialects import id_headers
from cursor_api.web.http.operation import Key, Operation
from cursor_api.web.inference.kept import KeepingDialect
from cursor_api.web.inference.passed_headers import pass_headers
from cursor_api.web.inference.route import InferenceOptions, InferenceParts
from cursor_api.web.inference.threads import Threads

# Who counted: `upstream`, or `estimated`.
SOURCE_HEADER: Final = b"x-token-count"


@runtime_checkable
class CountsTokens(Protocol):
    """What a dialect has besides where its clients may ask how long a request is."""

    @property
    def count_path(self) -> str:
        """The address of that question, a POST with a request as `parse` reads it."""
        ...

    @property
    def count_out(self) -> type:
        """The type of the answer, for the gateway's own document."""
        ...

    def count(self, count: InputCount) -> bytes:
        """The body of the answer."""
        ...


class TokenCounts:
    """One such address. `dialect` and `counts` are the same object."""

    def __init__(
        self,
        dialect: Dialect,
        counts: CountsTokens,
        parts: InferenceParts,
        options: InferenceOptions,
    ) -> None:
        self._dialect = dialect
        self._counts = counts
        self._relay, self._admission, self._authenticator, self._steps = parts[:4]
        self._clock = parts.clock
        self._options = options
        self._threads = None
        if isinstance(dialect, KeepingDialect):
            self._threads = Threads(parts.kept, dialect, parts.steps, options.parse)

    async def count(self, request: Request) -> Response:
        """Read a request as if it were to be answered, and count it."""
        scope, admission = request.scope, self._admission
        caller = await self._authenticator.authenticate(scope)
        place = admission.enter(caller)
        try:
            body = await read_body(
                scope,
                request.receive,
                self._options.body_bytes_max,
                hold=lambda bytes_count: admission.add_body_bytes(place, bytes_count),
                steps=self._steps,
            )
            parsed = await self._steps.run(self._dialect.parse(body, self._options.parse))
            if self._threads is not None:
                parsed = await self._threads.resume(parsed, caller)
            pass_headers(parsed.chat, scope["headers"], self._dialect.passed_headers)
            request_id = new_request_id(int(self._clock.now() * 1000))
            counted = await self._relay.count(Incoming(request_id, parsed.chat, caller))
        finally:
            admission.leave(place)
        response = Response(self._counts.count(counted))
        ids = id_headers(self._dialect, request_id)
        source = (SOURCE_HEADER, counted.source.value.encode())
        response.raw_headers += [JSON_HEADER, *ids, source]
        return response

    def operation(self) -> Operation:
        """The address, as a row."""
        described = self._dialect.description
        return Operation(
            method="POST",
            path=self._counts.count_path,
            handler=self.count,
            key=Key.LEFT_TO_HANDLER,
            is_for_pages=True,
            summary="How many tokens a request has",
            body=described.request,
            good={200: self._counts.count_out},
            bad=(400, 401, 403, 404, 413),
            error=described.error,
            headers={SOURCE_HEADER.decode(): "Who counted: `upstream`, or `estimated`."},
        )
