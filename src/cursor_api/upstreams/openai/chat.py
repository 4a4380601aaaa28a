"""OpenAI's chat completions, asked of an endpoint with a key of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from cursor_api.dialects.openai_chat.families import family_of
from cursor_api.dialects.openai_chat.request import NAME
from cursor_api.dialects.openai_chat.upstream import encode_request
from cursor_api.dialects.openai_embeddings.request import NAME as EMBEDDINGS
from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind, not_unicode
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import DeltaBatches, UpstreamParts
from cursor_api.transport.client import HttpAnswer, HttpClient
from cursor_api.transport.event_answer import EventAnswer, read_refusal
from cursor_api.transport.keys import HEADERS, NO_KEY, ask_with_keys, reveal_key
from cursor_api.transport.model_lists import decode_models, read_list
from cursor_api.transport.refusals import FaultContext
from cursor_api.transport.timeouts import remember_timeouts
from cursor_api.upstreams.openai.answer import Reading
from cursor_api.upstreams.openai.calls import WrittenTools
from cursor_api.upstreams.openai.embeddings import (
    EMBEDDINGS_PATH,
    VectorsAnswer,
    encode_vectors_request,
    has_no_vectors,
    pack_vectors,
)
from cursor_api.upstreams.openai.faults import fault_of_answer
from cursor_api.upstreams.openai.options import CHAT_PATH, OpenAiOptions
from cursor_api.upstreams.openai.shortfall import open_with_shortfall

# Of the servers that speak this dialect, OpenAI's take them for certain.
DOCUMENTS: Final = frozenset({Feature.DOCUMENTS, Feature.EARLIER_DOCUMENTS})
SAMPLING: Final = frozenset({Feature.TEMPERATURE, Feature.TOP_P, Feature.PENALTIES, Feature.STOP})


def new_call_id() -> str:
    """An id as OpenAI gives them to calls, for a server that gives none."""
    return f"call_{uuid.uuid4().hex}"


class OpenAiUpstream:
    """ports.Upstream over chat completions."""

    dialect = NAME

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
        self._host = urlsplit(self._url).hostname or ""
        self._parts = parts
        self._new_id = new_id
        self._timeouts_for = remember_timeouts(options.timeouts)

    def __repr__(self) -> str:
        return f"OpenAiUpstream({self._url})"

    async def list_models(self) -> Sequence[Model]:
        """What it lists, to the first of its keys that it accepts."""
        parts = self._parts
        return await ask_with_keys(parts.find_api_keys(), parts.endpoint, self._list_models)

    async def _list_models(self, key: Secret) -> Sequence[Model]:
        context = self.context(key)
        async with self._http.open_get(f"{self._url}/models", _headers(key)) as answer:
            if answer.status != HTTPStatus.OK:
                raise await read_refusal(self, answer, context)
            body = await read_list(answer, context.name)
        return decode_models(body, context.name).models

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """See ports.Upstream."""
        if request.origin.native_in(EMBEDDINGS) is not None:
            return VectorsAnswer(self, request, route, credential.secret)

        def open_plainly(chat: ChatRequest) -> EventAnswer:
            return EventAnswer(self, chat, route, credential.secret)

        return open_with_shortfall(request, open_plainly)

    def find_lacks(self, model: str) -> frozenset[Feature]:
        """OpenAI's models that think refuse sampling and stop texts, its others an effort."""
        family = family_of(model, self._host)
        return (
            (frozenset() if family.has_sampling else SAMPLING)
            | (frozenset() if family.efforts else {Feature.REASONING})
            | ({Feature.TOP_K} if family.is_openai else DOCUMENTS)
            | (frozenset() if family.has_verbosity else {Feature.VERBOSITY})
        )

    async def ask(self, request: ChatRequest, model: str, secret: Secret) -> HttpAnswer:
        """See EventApi."""
        headers = _headers(secret)
        try:
            written = encode_request(request, model, family_of(model, self._host))
            body = await self._parts.steps.run(written)
        except UnicodeEncodeError:
            raise not_unicode() from None
        timeouts = self._timeouts_for(model)
        if request.origin.native_in(NAME) is not None and not request.is_stream:
            timeouts = timeouts.for_whole_answer()
        return self._http.open_post(self._url + CHAT_PATH, headers, body, timeouts)

    async def ask_vectors(self, request: ChatRequest, model: str, secret: Secret) -> HttpAnswer:
        """See VectorsApi."""
        native = request.origin.native
        assert native is not None  # noqa: S101 - else it would be no request for vectors
        body = await self._parts.steps.run(encode_vectors_request(native, model))
        timeouts = self._timeouts_for(model).for_whole_answer()
        return self._http.open_post(self._url + EMBEDDINGS_PATH, _headers(secret), body, timeouts)

    async def pack(self, body: bytes) -> bytes:
        """See VectorsApi."""
        return await self._parts.steps.run(pack_vectors(body))

    async def refuse(self, answer: HttpAnswer, secret: Secret) -> Fault:
        """See VectorsApi."""
        fault = await read_refusal(self, answer, self.context(secret))
        if fault.kind is not FaultKind.PROTOCOL_ERROR:
            return fault
        # Many servers have no such call.
        return has_no_vectors(self._parts.endpoint, fault.upstream_code)

    def context(self, secret: Secret) -> FaultContext:
        """See EventApi."""
        return FaultContext(self._parts.endpoint, secret, self._parts.clock.now, self._parts.mask)

    def reading(self, request: ChatRequest, context: FaultContext) -> Reading:
        """See EventApi."""
        native = request.origin.native_in(NAME)
        if native is None:
            return Reading(context, self._new_id, WrittenTools.of(request.parameters.tools))
        features = request.origin.features
        return Reading(
            context,
            self._new_id,
            hides_usage=not native.wants_usage,
            has_many=any(one.feature is Feature.MANY_ANSWERS for one in features),
        )

    def refusal(
        self, status: int, headers: Mapping[str, str], body: bytes, context: FaultContext
    ) -> Fault:
        """See EventApi."""
        return fault_of_answer(status, headers, body, context)


def _headers(secret: Secret) -> dict[str, str]:
    """Raises Fault for a key that cannot be sent."""
    if secret == NO_KEY:
        return HEADERS
    return {**HEADERS, "Authorization": f"Bearer {reveal_key(secret)}"}
