"""Anthropic's messages, asked of an endpoint with a key of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlsplit

from cursor_api.dialects.anthropic_messages.families import FOREIGN, family_of
from cursor_api.dialects.anthropic_messages.request import NAME
from cursor_api.dialects.anthropic_messages.upstream import (
    WriteOptions,
    encode_request,
)
from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind, not_unicode
from cursor_api.domain.features import Feature
from cursor_api.options.said import tell
from cursor_api.ports.upstream import DeltaBatches, UpstreamParts
from cursor_api.transport.client import HttpAnswer, HttpClient
from cursor_api.transport.event_answer import EventAnswer, read_refusal
from cursor_api.transport.keys import HEADERS, NO_KEY, ask_with_keys, reveal_key
from cursor_api.transport.model_lists import ModelPage, decode_models, read_list
from cursor_api.transport.refusals import FaultContext
from cursor_api.transport.timeouts import remember_timeouts
from cursor_api.upstreams.anthropic.answer import MessageReading
from cursor_api.upstreams.anthropic.counting import COUNT_PATH, TIMEOUTS, read_count, to_count
from cursor_api.upstreams.anthropic.faults import fault_of_answer
from cursor_api.upstreams.anthropic.foreign import OWN_HOST, ExplainedAnswer
from cursor_api.upstreams.anthropic.options import MESSAGES_PATH, AnthropicOptions
from cursor_api.upstreams.anthropic.shortfall import open_with_shortfall

# What the requests of this package are written for.
VERSION: Final = "2023-06-01"
# Of a list that is asked for page by page; the largest has fifty models.
PAGE_MODELS: Final = 1000
PAGES_MAX: Final = 10
DOCUMENTS: Final = frozenset({Feature.DOCUMENTS, Feature.DOCUMENT_LINKS, Feature.EARLIER_DOCUMENTS})
SAMPLING: Final = frozenset({Feature.TEMPERATURE, Feature.TOP_P, Feature.TOP_K})


class AnthropicUpstream:
    """ports.Upstream over messages."""

    dialect = NAME

    def __init__(self, http: HttpClient, options: AnthropicOptions, parts: UpstreamParts) -> None:
        self._http = http
        self._url = options.api_url
        self._parts = parts
        host = urlsplit(self._url).hostname or ""
        self._write_options = WriteOptions(options.output_count, options.is_cached, host)
        self._timeouts_for = remember_timeouts(options.timeouts)

    def __repr__(self) -> str:
        return f"AnthropicUpstream({self._url})"

    async def list_models(self) -> Sequence[Model]:
        """What it lists, to the first of its keys that it accepts."""
        parts = self._parts
        return await ask_with_keys(parts.find_api_keys(), parts.endpoint, self._list_models)

    async def _list_models(self, key: Secret) -> Sequence[Model]:
        models: dict[str, Model] = {}
        after = ""
        for _ in range(PAGES_MAX):
            page = await self._list_page(key, after)
            models |= {model.id: model for model in page.models if model.id not in models}
            if not page.next_id:
                return list(models.values())
            after = f"&after_id={quote(page.next_id, safe='')}"
        raise Fault(
            FaultKind.PROTOCOL_ERROR,
            tell("{owner} lists more models than can be read.", owner=self._parts.endpoint),
        )

    async def _list_page(self, key: Secret, after: str) -> ModelPage:
        context = self.context(key)
        url = f"{self._url}/models?limit={PAGE_MODELS}{after}"
        async with self._http.open_get(url, _headers(key)) as answer:
            if answer.status != HTTPStatus.OK:
                raise await read_refusal(self, answer, context)
            body = await read_list(answer, context.name)
        return decode_models(body, context.name)

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """See ports.Upstream."""

        def open_plainly(chat: ChatRequest) -> AbstractAsyncContextManager[DeltaBatches]:
            answer = EventAnswer(self, chat, route, credential.secret)
            is_own = self._write_options.host == OWN_HOST
            if is_own or chat.origin.native_in(NAME) is None:
                return answer
            return ExplainedAnswer(answer, chat)

        return open_with_shortfall(request, route.model, open_plainly)

    def find_lacks(self, model: str) -> frozenset[Feature]:
        """The newest Claudes refuse to be told how to draw their tokens; others read no files."""
        family = family_of(model)
        return (frozenset() if family.has_sampling else SAMPLING) | (
            DOCUMENTS if family is FOREIGN else frozenset()
        )

    async def ask(self, request: ChatRequest, model: str, secret: Secret) -> HttpAnswer:
        """See EventApi."""
        # A stream tells that its server lives; in one piece is asked for what goes on as it came.
        is_stream = request.is_stream or request.origin.native_in(NAME) is None
        headers, body = await self._write(request, model, secret, is_stream=is_stream)
        timeouts = self._timeouts_for(model)
        if not is_stream:
            timeouts = timeouts.for_whole_answer()
        return self._http.open_post(self._url + MESSAGES_PATH, headers, body, timeouts)

    async def count_input(self, request: ChatRequest, route: Route, credential: Credential) -> int:
        """How long a request is, as the endpoint counts it; raises Fault and nothing else."""
        secret = credential.secret
        context = self.context(secret)
        headers, body = await self._write(request, route.model, secret, is_stream=False)
        url = self._url + COUNT_PATH
        async with self._http.open_post(url, headers, to_count(body), TIMEOUTS) as answer:
            if answer.status != HTTPStatus.OK:
                raise await read_refusal(self, answer, context)
            return await read_count(answer, context.name)

    async def _write(
        self, request: ChatRequest, model: str, secret: Secret, *, is_stream: bool
    ) -> tuple[dict[str, str], bytes]:
        """The headers and the body of a request; raises Fault."""
        headers = _headers(secret)
        native = request.origin.native_in(NAME)
        if native is not None:
            # What it is written for, and which features it asks for.
            headers.update(native.headers)
        try:
            body = await self._parts.steps.run(
                encode_request(request, model, self._write_options, is_stream=is_stream)
            )
        except UnicodeEncodeError:
            raise not_unicode() from None
        return headers, body

    def context(self, secret: Secret) -> FaultContext:
        """See EventApi."""
        return FaultContext(self._parts.endpoint, secret, self._parts.clock.now, self._parts.mask)

    def reading(self, request: ChatRequest, context: FaultContext) -> MessageReading:
        """See EventApi."""
        if request.origin.native_in(NAME) is not None:
            return MessageReading(context)
        tools = request.parameters.tools
        return MessageReading(context, frozenset(tool.name for tool in tools if not tool.schema))

    def refusal(
        self, status: int, headers: Mapping[str, str], body: bytes, context: FaultContext
    ) -> Fault:
        """See EventApi."""
        return fault_of_answer(status, headers, body, context)


def _headers(secret: Secret) -> dict[str, str]:
    """Raises Fault for a key that cannot be sent."""
    headers = {**HEADERS, "anthropic-version": VERSION}
    if secret != NO_KEY:
        headers["x-api-key"] = reveal_key(secret)
    return headers
