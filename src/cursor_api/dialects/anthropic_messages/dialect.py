"""Anthropic's messages as a dialect."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence

import msgspec

from cursor_api.dialects.anthropic_messages.answer import MessageRenderer
from cursor_api.dialects.anthropic_messages.description import DESCRIPTION, CountOut
from cursor_api.dialects.anthropic_messages.faults import render_fault
from cursor_api.dialects.anthropic_messages.limit_headers import limit_headers
from cursor_api.dialects.anthropic_messages.models import render_model, render_models
from cursor_api.dialects.anthropic_messages.request import NAME, Style, parse_request
from cursor_api.dialects.anthropic_messages.whole import MessageFolder
from cursor_api.domain.catalog import Model
from cursor_api.domain.deltas import InputCount
from cursor_api.domain.errors import Fault
from cursor_api.domain.standing import Standing
from cursor_api.ports.dialect import AnswerHead, ParsedRequest, RenderedFault
from cursor_api.wire.limits import RequestLimits


class AnthropicMessages:
    """Implements `ports.Dialect`, and counts tokens."""

    name = NAME
    paths = ("/v1/messages",)
    description = DESCRIPTION
    # Which version the client speaks, and what it has turned on.
    passed_headers: Mapping[bytes, re.Pattern[bytes]] = {
        b"anthropic-version": re.compile(rb"\d{4}-\d{2}-\d{2}"),
        b"anthropic-beta": re.compile(rb"[a-z0-9-]{1,64}"),
    }
    count_path = "/v1/messages/count_tokens"
    count_out = CountOut
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'

    def parse(self, body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
        """See `parse_request`."""
        return parse_request(body, limits)

    def renderer(self, parsed: ParsedRequest, head: AnswerHead) -> MessageRenderer:
        """Server-Sent Events, from `message_start` to `message_stop`."""
        style: Style = parsed.style
        return MessageRenderer(head, thinking=style.thinking)

    def folder(self, parsed: ParsedRequest, head: AnswerHead) -> MessageFolder:
        """One `message` object."""
        style: Style = parsed.style
        return MessageFolder(head, thinking=style.thinking)

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
        """`anthropic-ratelimit-…`."""
        return limit_headers(standing)

    def count(self, count: InputCount) -> bytes:
        """The body of POST /v1/messages/count_tokens."""
        return msgspec.json.encode(CountOut(count.tokens_count))
