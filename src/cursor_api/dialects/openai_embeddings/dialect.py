"""OpenAI's embeddings as a dialect."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence

from cursor_api.dialects.openai.faults import render_fault
from cursor_api.dialects.openai.limit_headers import limit_headers
from cursor_api.dialects.openai.models import render_model, render_models
from cursor_api.dialects.openai_embeddings.answer import VectorsFolder
from cursor_api.dialects.openai_embeddings.description import DESCRIPTION
from cursor_api.dialects.openai_embeddings.request import NAME, parse_request
from cursor_api.domain.catalog import Model
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.standing import Standing
from cursor_api.ports.dialect import AnswerHead, ParsedRequest, RenderedFault, StreamRenderer
from cursor_api.wire.limits import RequestLimits


class OpenAiEmbeddings:
    """Implements `ports.Dialect`: vectors take the way of an answer in one piece."""

    name = NAME
    paths = ("/v1/embeddings",)
    description = DESCRIPTION
    passed_headers: Mapping[bytes, re.Pattern[bytes]] = {}
    # There are no streams.
    ping = b""

    def parse(self, body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
        """See `parse_request`."""
        return parse_request(body, limits)

    def renderer(self, _parsed: ParsedRequest, _head: AnswerHead) -> StreamRenderer:
        """There is none: `parse` refuses a request for a stream."""
        raise Fault(FaultKind.INTERNAL, "Embeddings are not streamed.")

    def folder(self, _parsed: ParsedRequest, _head: AnswerHead) -> VectorsFolder:
        """The upstream's own answer."""
        return VectorsFolder()

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> RenderedFault:
        """See `render_fault`."""
        return render_fault(fault, is_passthrough=is_passthrough)

    def models(self, models: Sequence[Model]) -> bytes:
        """The body of GET /v1/models."""
        return render_models(models)

    def model(self, model: Model) -> bytes:
        """The body of GET /v1/models/{id}."""
        return render_model(model)

    def limit_headers(self, standing: Standing) -> Iterable[tuple[bytes, bytes]]:
        """`x-ratelimit-…`."""
        return limit_headers(standing)
