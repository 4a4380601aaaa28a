"""Cursor by API key of its dashboard, over its SDK's bridge, as a kind of upstream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from cursor_api.domain.credential import CredentialForm
from cursor_api.domain.diagnosis import Check
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.upstreams.cursor_sdk.agents import Agents
from cursor_api.upstreams.cursor_sdk.board import Board
from cursor_api.upstreams.cursor_sdk.call_ids import CallIds
from cursor_api.upstreams.cursor_sdk.callback import ToolServer
from cursor_api.upstreams.cursor_sdk.checkup import diagnose
from cursor_api.upstreams.cursor_sdk.listing import ModelListing
from cursor_api.upstreams.cursor_sdk.opening import open_calls
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.runs import Runs, Workshop
from cursor_api.upstreams.cursor_sdk.upstream import SdkUpstream
from cursor_api.upstreams.cursor_sdk.words import WORDS


class CursorSdkKind:
    """Implements `ports.UpstreamKind`."""

    name = "cursor-sdk"
    options = SdkOptions
    words = WORDS
    # Its keys stand in the file of session tokens, whose kind knows both forms.
    forms: Sequence[CredentialForm] = ()
    features = frozenset({Feature.TOOLS, Feature.FORCED_TOOLS, Feature.IMAGES, Feature.REASONING})
    dialect = ""

    def diagnose(self, options: SdkOptions, parts: UpstreamParts) -> AsyncIterator[Check]:
        """See domain.diagnosis.Diagnosing."""
        return diagnose(options, parts)

    def find_lacks(self, _model: str) -> frozenset[Feature]:
        """Its models are not told apart."""
        return frozenset()

    @asynccontextmanager
    async def build(self, options: SdkOptions, parts: UpstreamParts) -> AsyncIterator[Upstream]:
        """The bridge's services; a bridge of our own ends with the context."""
        board = Board()
        async with (
            ToolServer(board.call_tool) as server,
            open_calls(options, parts, server.listen) as calls,
        ):
            listing = ModelListing(calls, parts)
            agents = Agents(calls, options.runs.conversations_max, options.runs.conversation_idle_s)
            call_ids = CallIds(parts.nodes, parts.clock, options.runs.tool_result_timeout_s)
            workshop = Workshop(calls, agents, board, listing, parts.steps, call_ids)
            runs = Runs(workshop, options)
            try:
                yield SdkUpstream(listing, runs)
            finally:
                await runs.close()
