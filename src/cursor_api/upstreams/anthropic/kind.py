"""Anthropic-compatible endpoints as a kind of upstream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from cursor_api.dialects.anthropic_messages.request import NAME as DIALECT
from cursor_api.domain.credential import CredentialForm
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.transport.client import HttpClient
from cursor_api.upstreams.anthropic.options import AnthropicOptions
from cursor_api.upstreams.anthropic.words import WORDS


class AnthropicKind:
    """Implements `ports.UpstreamKind`."""

    name = "anthropic"
    options = AnthropicOptions
    words = WORDS
    # Its keys stand in the settings.
    forms: Sequence[CredentialForm] = ()
    features = frozenset(
        {
            Feature.TOOLS,
            Feature.FORCED_TOOLS,
            Feature.IMAGES,
            Feature.IMAGE_LINKS,
            Feature.DOCUMENTS,
            Feature.DOCUMENT_LINKS,
            Feature.EARLIER_DOCUMENTS,
            Feature.OUTPUT_FORM,
            Feature.OUTPUT_MAX,
            Feature.STOP,
            Feature.REASONING,
            Feature.TEMPERATURE,
            Feature.TOP_P,
            Feature.TOP_K,
        }
    )
    dialect = DIALECT

    @asynccontextmanager
    async def build(
        self, options: AnthropicOptions, parts: UpstreamParts
    ) -> AsyncIterator[Upstream]:
        """The endpoint over connections of its own."""
        # Loaded only where one is configured.
        from cursor_api.upstreams.anthropic.chat import AnthropicUpstream  # noqa: PLC0415

        async with HttpClient(options.http, parts.headers) as http:
            yield AnthropicUpstream(http, options, parts)
