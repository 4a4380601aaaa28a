"""OpenAI's chat completions as a dialect."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence

from cursor_api.dialects.openai.faults import render_fault
from cursor_api.dialects.openai.limit_headers import limit_headers
from cursor_api.dialects.openai.models import render_model, render_models
from cursor_api.dialects.openai_chat.answer import ChunkRenderer, CompletionFolder
from cursor_api.dialects.openai_chat.description import DESCRIPTION
from cursor_api.dialects.openai_chat.request import NAME, Style, parse_request
from cursor_api.dialects.openai_chat.strays import ReadBody, read_stray
from cursor_api.domain.catalog import Model
from cursor_api.domain.errors import Fault
from cursor_api.domain.standing import Standing
from cursor_api.ports.dialect import AnswerHead, ParsedRequest, RenderedFault
from cursor_api.wire.limits import RequestLimits


class OpenAiChat:
    """Implements `ports.Dialect`.

    `read_responses` reads bodies of responses that are sent here; without it they are refused.
    """

    name = NAME
    paths = ("/v1/chat/completions",)
    description = DESCRIPTION
    passed_headers: Mapping[bytes, re.Pattern[bytes]] = {}
    # A comment, which every client skips.
    ping = b": keep-alive\n\n"

    def __init__(self, read_responses: ReadBody | None = None) -> None:
        self._read_responses = read_responses

    def parse(self, body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
        """See `parse_request`."""
        try:
            return (yield from parse_request(body, limits))
        except Fault as fault:
            if self._read_responses is None:
                raise
            found = fault
        parsed, include_usage = yield from read_stray(body, limits, found, self._read_responses)
        return ParsedRequest(parsed.chat, Style(include_usage=include_usage), parsed.ignored)

    def renderer(self, parsed: ParsedRequest, head: AnswerHead) -> ChunkRenderer:
        """Server-Sent Events of `chat.completion.chunk` objects."""
        style: Style = parsed.style
        return ChunkRenderer(head, include_usage=style.include_usage, spelling=style.calls)

    def folder(self, parsed: ParsedRequest, head: AnswerHead) -> CompletionFolder:
        """One `chat.completion` object."""
        style: Style = parsed.style
        return CompletionFolder(head, style.calls)

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
