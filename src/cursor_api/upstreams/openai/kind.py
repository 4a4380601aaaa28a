"""OpenAI-compatible endpoints as a kind of upstream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from cursor_api.dialects.openai_chat.request import NAME as DIALECT
from cursor_api.domain.credential import CredentialForm
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.transport.client import HttpClient
from cursor_api.upstreams.openai.options import OpenAiOptions
from cursor_api.upstreams.openai.words import WORDS


class OpenAiKind:
    """Implements `ports.UpstreamKind`."""

    name = "openai"
    options = OpenAiOptions
    words = WORDS
    # Its keys stand in the settings.
    forms: Sequence[CredentialForm] = ()
    # What the domain has no word for (log probabilities, several answers) goes on only as it came.
    features = frozenset(
        {
            Feature.TOOLS,
            Feature.FORCED_TOOLS,
            Feature.EMBEDDINGS,
            Feature.IMAGES,
            Feature.IMAGE_LINKS,
            Feature.DOCUMENTS,
            Feature.EARLIER_DOCUMENTS,
            Feature.OUTPUT_FORM,
            Feature.OUTPUT_MAX,
            Feature.STOP,
            Feature.REASONING,
            Feature.TEMPERATURE,
            Feature.TOP_P,
            Feature.TOP_K,
            Feature.PENALTIES,
            Feature.SEED,
            Feature.VERBOSITY,
        }
    )
    dialect = DIALECT

    @asynccontextmanager
    async def build(self, options: OpenAiOptions, parts: UpstreamParts) -> AsyncIterator[Upstream]:
        """The endpoint over connections of its own."""
        # Loaded only where one is configured.
        from cursor_api.upstreams.openai.chat import OpenAiUpstream  # noqa: PLC0415

        async with HttpClient(options.http, parts.headers) as http:
            yield OpenAiUpstream(http, options, parts)
