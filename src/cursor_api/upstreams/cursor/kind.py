"""Cursor by session token as a kind of upstream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.transport.client import HttpClient
from cursor_api.upstreams.cursor.chat import ChatTools, CursorChat
from cursor_api.upstreams.cursor.forms import API_KEY, ENDPOINT, SESSION_TOKEN
from cursor_api.upstreams.cursor.options import CursorOptions
from cursor_api.upstreams.cursor.words import WORDS


class CursorKind:
    """Implements `ports.UpstreamKind`."""

    name = ENDPOINT
    options = CursorOptions
    words = WORDS
    forms = (API_KEY, SESSION_TOKEN)
    features = frozenset({Feature.IMAGES})
    # A chat of the editor's is nobody's client API.
    dialect = ""

    @asynccontextmanager
    async def build(self, options: CursorOptions, parts: UpstreamParts) -> AsyncIterator[Upstream]:
        """The StreamChat call over connections of its own."""
        async with HttpClient(options.http, parts.headers) as http:
            yield CursorChat(http, options, parts.clock, ChatTools(parts.steps, parts.mask))
