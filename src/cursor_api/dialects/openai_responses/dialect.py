"""OpenAI's Responses as a dialect."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence

import msgspec

from cursor_api.dialects.openai.faults import render_fault
from cursor_api.dialects.openai.limit_headers import limit_headers
from cursor_api.dialects.openai.models import render_model, render_models
from cursor_api.dialects.openai_responses.answer import EventRenderer, ResponseFolder
from cursor_api.dialects.openai_responses.compaction import CompactionFolder, CompactionRenderer
from cursor_api.dialects.openai_responses.description import DESCRIPTION, InputTokensOut
from cursor_api.dialects.openai_responses.kept import (
    UNSERVED,
    DeletedOut,
    ItemsOut,
    ResponseOut,
    fill,
    recall,
    render_deleted,
    render_items,
)
from cursor_api.dialects.openai_responses.request import NAME, Style, parse_request
from cursor_api.domain.catalog import Model
from cursor_api.domain.content import Message
from cursor_api.domain.deltas import InputCount
from cursor_api.domain.errors import Fault
from cursor_api.domain.kept import KeptPage, Reference
from cursor_api.domain.standing import Standing
from cursor_api.ports.dialect import AnswerHead, ParsedRequest, RenderedFault
from cursor_api.wire.limits import RequestLimits


class OpenAiResponses:
    """Implements `ports.Dialect`, and of the web `KeepingDialect` and `CountsTokens`."""

    name = NAME
    paths = ("/v1/responses",)
    description = DESCRIPTION
    passed_headers: Mapping[bytes, re.Pattern[bytes]] = {}
    kept_types = (ResponseOut, DeletedOut, ItemsOut)
    unserved = UNSERVED
    count_path = "/v1/responses/input_tokens"
    count_out = InputTokensOut
    # A comment, which every client skips.
    ping = b": keep-alive\n\n"

    def parse(self, body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
        """See `parse_request`."""
        return parse_request(body, limits)

    def renderer(self, parsed: ParsedRequest, head: AnswerHead) -> EventRenderer:
        """Server-Sent Events, each with its name."""
        style: Style = parsed.style
        return (CompactionRenderer if style.is_compaction else EventRenderer)(head, style)

    def folder(self, parsed: ParsedRequest, head: AnswerHead) -> ResponseFolder:
        """One `response` object."""
        style: Style = parsed.style
        return (CompactionFolder if style.is_compaction else ResponseFolder)(head, style)

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

    def count(self, count: InputCount) -> bytes:
        """The body of POST /v1/responses/input_tokens."""
        return msgspec.json.encode(InputTokensOut("response.input_tokens", count.tokens_count))

    def recall(
        self, turns: Sequence[bytes], limits: RequestLimits
    ) -> Generator[None, None, Sequence[Message]]:
        """The messages of a conversation that was kept."""
        return recall(turns, limits)

    def fill(
        self, items: bytes, references: Sequence[Reference], answers: Mapping[str, bytes]
    ) -> Generator[None, None, bytes]:
        """An input with the items in full that it names by their ids."""
        return fill(items, references, answers)

    def deleted(self, id_: str) -> bytes:
        """The body of DELETE /v1/responses/{id}."""
        return render_deleted(id_)

    def items(self, items: bytes, page: KeptPage) -> bytes:
        """The body of GET /v1/responses/{id}/input_items."""
        return render_items(items, page)
