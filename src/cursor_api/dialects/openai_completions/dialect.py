"""OpenAI's completions as a dialect."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence

from cursor_api.dialects.openai.faults import render_fault
from cursor_api.dialects.openai.limit_headers import limit_headers
from cursor_api.dialects.openai.models import render_model, render_models
from cursor_api.dialects.openai_completions.answer import TextFolder, TextRenderer
from cursor_api.dialects.openai_completions.description import DESCRIPTION
from cursor_api.dialects.openai_completions.request import parse_request
from cursor_api.domain.catalog import Model
from cursor_api.domain.errors import Fault
from cursor_api.domain.standing import Standing
from cursor_api.ports.dialect import AnswerHead, ParsedRequest, RenderedFault
from cursor_api.wire.limits import RequestLimits


class OpenAiCompletions:
    """Implements `ports.Dialect`."""

    name = "openai_completions"
    paths = ("/v1/completions",)
    description = DESCRIPTION
    passed_headers: Mapping[bytes, re.Pattern[bytes]] = {}
    # A comment, which every client skips.
    ping = b": keep-alive\n\n"

    def parse(self, body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
        """See `parse_request`."""
        return parse_request(body, limits)

    def renderer(self, parsed: ParsedRequest, head: AnswerHead) -> TextRenderer:
        """Server-Sent Events of `text_completion` objects."""
        return TextRenderer(head, parsed.style)

    def folder(self, parsed: ParsedRequest, head: AnswerHead) -> TextFolder:
        """One `text_completion` object."""
        return TextFolder(head, parsed.style)

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
