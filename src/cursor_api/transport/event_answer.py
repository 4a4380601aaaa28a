"""One answer of an API that is asked with a key and answers with events, or in one piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Protocol

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import Delta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import tell
from cursor_api.transport.answer import HttpAnswer
from cursor_api.transport.deltas import DeltaAnswer
from cursor_api.transport.events import AnswerDecoder, Reading, StreamDecoder, WholeDecoder
from cursor_api.transport.keys import EVENT_STREAM, JSON
from cursor_api.transport.quoting import media_type_of
from cursor_api.transport.refusals import FaultContext


class EventApi(Protocol):
    """What the APIs differ in."""

    @property
    def dialect(self) -> str:
        """The client API that it is: requests of this dialect go on as they came."""
        ...

    async def ask(self, request: ChatRequest, model: str, secret: Secret) -> HttpAnswer:
        """The HTTP request, not yet sent. Raises Fault."""
        ...

    def context(self, secret: Secret) -> FaultContext:
        """What telling a fault needs."""
        ...

    def reading(self, request: ChatRequest, context: FaultContext) -> Reading:
        """What takes in the answer to this request; keeps nothing large of it."""
        ...

    def refusal(
        self, status: int, headers: Mapping[str, str], body: bytes, context: FaultContext
    ) -> Fault:
        """An answer with any status but 200. Header names are lower case."""
        ...


class EventAnswer(DeltaAnswer):
    """One answer: entering asks, iterating reads."""

    __slots__ = (
        "_api",
        "_decoder",
        "_is_native",
        "_is_stream",
        "_reading",
        "_request",
        "_route",
        "_secret",
    )

    def __init__(self, api: EventApi, request: ChatRequest, route: Route, secret: Secret) -> None:
        super().__init__()
        self._api = api
        self._request = request
        self._route = route
        self._secret = secret

    async def _prepare(self) -> HttpAnswer:
        request, api = self._request, self._api
        http = await api.ask(request, self._route.model, self._secret)
        self._is_native = request.origin.native_in(api.dialect) is not None
        self._is_stream = request.is_stream
        self._reading = api.reading(request, api.context(self._secret))
        # A request can be megabytes, and is sent: this may last for hours without it.
        del self._request
        return http

    async def _accept(self) -> None:
        answer, context = self._http, self._api.context(self._secret)
        if answer.status != HTTPStatus.OK:
            raise await read_refusal(self._api, answer, context)
        self._decoder = self._choose_decoder(context)

    def _choose_decoder(self, context: FaultContext) -> AnswerDecoder:
        """What reads a body of this type; raises Fault for one of another."""
        answer = self._http
        reading, is_native = self._reading, self._is_native
        media_type = media_type_of(answer.headers)
        if media_type == JSON:
            return WholeDecoder(reading, is_native=is_native and not self._is_stream)
        # Servers that state nothing send events.
        if media_type == EVENT_STREAM or not answer.headers.get("content-type"):
            return StreamDecoder(reading, is_native=is_native and self._is_stream)
        raise Fault(
            FaultKind.PROTOCOL_ERROR,
            tell(
                "{name} answered with {media_type} where {wanted} was asked for. Is base_url"
                " right?",
                name=context.name,
                media_type=media_type or tell("an unknown type of body"),
                wanted=EVENT_STREAM,
            ),
        )

    async def __anext__(self) -> Sequence[Delta]:
        decoder = self._decoder
        if decoder.is_finished:
            raise StopAsyncIteration
        decoder.check()
        deltas: Sequence[Delta] = ()
        while not deltas:
            deltas = decoder.feed(await self._read())
        self._watch(deltas)
        return deltas

    async def _read(self) -> bytes:
        try:
            return await self._http.read()
        except Fault:
            if not self._decoder.is_stated:
                raise
            # The answer is whole; only the connection did not end as it should.
            return b""


async def read_refusal(api: EventApi, answer: HttpAnswer, context: FaultContext) -> Fault:
    """The fault that a refusing HTTP answer stands for."""
    return api.refusal(answer.status, answer.headers, await answer.read_error_body(), context)
