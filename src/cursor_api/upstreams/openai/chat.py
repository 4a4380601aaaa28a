"""OpenAI's chat completions, asked of an endpoint with a key of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Final

from cursor_api import __version__
from cursor_api.dialects.openai_chat.upstream import encode_request
from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Delta
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.ports import UpstreamParts
from cursor_api.transport.client import HttpAnswer, HttpClient
from cursor_api.transport.deltas import DeltaAnswer
from cursor_api.transport.options import is_header_value
from cursor_api.transport.quoting import media_type_of
from cursor_api.transport.timeouts import remember_timeouts
from cursor_api.upstreams.openai.answer import (
    AnswerDecoder,
    Reading,
    StreamDecoder,
    WholeDecoder,
)
from cursor_api.upstreams.openai.faults import FaultContext, fault_of_answer
from cursor_api.upstreams.openai.models import decode_models
from cursor_api.upstreams.openai.options import CHAT_PATH, OpenAiOptions

# In place of a key, for a server that asks for none.
NO_KEY: Final = Secret("-")
HTTP_OK: Final = 200
# The largest resellers' lists have half a megabyte.
LIST_BYTES_MAX: Final = 8 << 20
EVENT_STREAM: Final = "text/event-stream"
JSON: Final = "application/json"
# Nothing of the caller's is among them.
HEADERS: Final = {
    "Content-Type": JSON,
    "Accept": f"{EVENT_STREAM}, {JSON}",
    "Accept-Encoding": "identity",
    "User-Agent": f"cursor-api/{__version__}",
}


def new_call_id() -> str:
    """An id as OpenAI gives them to calls, for a server that gives none."""
    return f"call_{uuid.uuid4().hex}"


class OpenAiUpstream:
    """ports.Upstream over chat completions."""

    def __init__(
        self,
        http: HttpClient,
        options: OpenAiOptions,
        parts: UpstreamParts,
        *,
        new_id: Callable[[], str] = new_call_id,
    ) -> None:
        self._http = http
        self._url = options.api_url
        self._parts = parts
        self._new_id = new_id
        self._timeouts_for = remember_timeouts(options.timeouts)

    def __repr__(self) -> str:
        return f"OpenAiUpstream({self._url})"

    async def list_models(self) -> Sequence[Model]:
        """What it lists, to the first of its keys that it accepts."""
        refusal = Fault(FaultKind.NO_CREDENTIALS, f"{self._parts.endpoint} has no key.")
        for key in self._parts.find_api_keys():
            try:
                return await self._list_models(key)
            except Fault as fault:
                if fault.scope is not Scope.CREDENTIAL:
                    raise
                refusal = fault
        raise refusal

    async def _list_models(self, key: Secret) -> Sequence[Model]:
        context = self.context(key)
        async with self._http.open_get(f"{self._url}/models", _headers(key)) as answer:
            if answer.status != HTTP_OK:
                raise await _refusal(answer, context)
            pieces, size = [], 0
            while data := await answer.read():
                pieces.append(data)
                size += len(data)
                if size > LIST_BYTES_MAX:
                    raise Fault(
                        FaultKind.PROTOCOL_ERROR,
                        f"{context.name} lists more models than can be read.",
                    )
        return decode_models(b"".join(pieces), context.name)

    def open(self, request: ChatRequest, route: Route, credential: Credential) -> OpenAiAnswer:
        """See ports.Upstream."""
        return OpenAiAnswer(self, request, route, credential.secret)

    def ask(self, request: ChatRequest, model: str, secret: Secret) -> HttpAnswer:
        """The HTTP request, not yet sent. Raises Fault."""
        headers = _headers(secret)
        try:
            body = encode_request(request, model)
        except UnicodeEncodeError:
            raise Fault(
                FaultKind.INVALID_REQUEST,
                "The messages hold characters that are not valid Unicode (a lone surrogate).",
                param="messages",
            ) from None
        return self._http.open_post(self._url + CHAT_PATH, headers, body, self._timeouts_for(model))

    def context(self, secret: Secret) -> FaultContext:
        """What reading a fault needs."""
        return FaultContext(self._parts.endpoint, secret, self._parts.clock.now, self._parts.mask)

    def reading(self, context: FaultContext) -> Reading:
        """What takes in an answer."""
        return Reading(context, self._new_id)


class OpenAiAnswer(DeltaAnswer):
    """One answer: entering asks, iterating reads."""

    __slots__ = ("_decoder", "_request", "_route", "_secret", "_upstream")

    def __init__(
        self, upstream: OpenAiUpstream, request: ChatRequest, route: Route, secret: Secret
    ) -> None:
        super().__init__()
        self._upstream = upstream
        self._request = request
        self._route = route
        self._secret = secret

    async def _prepare(self) -> HttpAnswer:
        http = self._upstream.ask(self._request, self._route.model, self._secret)
        # A request can be megabytes, and is sent: this may last for hours without it.
        del self._request
        return http

    async def _accept(self) -> None:
        answer, context = self._http, self._upstream.context(self._secret)
        if answer.status != HTTP_OK:
            raise await _refusal(answer, context)
        self._decoder = self._choose_decoder(context)

    def _choose_decoder(self, context: FaultContext) -> AnswerDecoder:
        """What reads a body of this type; raises Fault for one of another."""
        answer = self._http
        reading = self._upstream.reading(context)
        media_type = media_type_of(answer.headers)
        if media_type == JSON:
            return WholeDecoder(reading)
        # Servers that state nothing send events.
        if media_type == EVENT_STREAM or not answer.headers.get("content-type"):
            return StreamDecoder(reading)
        raise Fault(
            FaultKind.PROTOCOL_ERROR,
            f"{context.name} answered with {media_type or 'an unknown type of body'} where"
            f" {EVENT_STREAM} was asked for. Is base_url right?",
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
            # The server has said that its answer is whole: what is missing is how it hangs up.
            return b""


async def _refusal(answer: HttpAnswer, context: FaultContext) -> Fault:
    body = await answer.read_error_body()
    return fault_of_answer(answer.status, answer.headers, body, context)


def _headers(secret: Secret) -> dict[str, str]:
    """Raises Fault for a key that cannot be sent."""
    if secret == NO_KEY:
        return HEADERS
    key = secret.reveal()
    if not key or not is_header_value(key) or " " in key:
        raise Fault(FaultKind.CREDENTIAL_REJECTED, "The key holds characters that cannot be sent.")
    return {**HEADERS, "Authorization": f"Bearer {key}"}
