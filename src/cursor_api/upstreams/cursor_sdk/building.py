"""The bridge's services, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cursor_api.ports.upstream import UpstreamParts
from cursor_api.upstreams.cursor_sdk.agents import Agents
from cursor_api.upstreams.cursor_sdk.board import Board
from cursor_api.upstreams.cursor_sdk.call_ids import WaitingCallIds
from cursor_api.upstreams.cursor_sdk.callback import ToolServer
from cursor_api.upstreams.cursor_sdk.listing import ModelListing
from cursor_api.upstreams.cursor_sdk.opening import open_calls
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.runs import Runs, Workshop
from cursor_api.upstreams.cursor_sdk.upstream import SdkUpstream


@asynccontextmanager
async def build_upstream(options: SdkOptions, parts: UpstreamParts) -> AsyncIterator[SdkUpstream]:
    """The bridge's services; a bridge of our own ends with the context."""
    board = Board()
    async with (
        ToolServer(board.call_tool) as server,
        open_calls(options, parts, server.listen) as calls,
    ):
        listing = ModelListing(calls, parts)
        agents = Agents(calls, options.runs.conversations_max, options.runs.conversation_idle_s)
        call_ids = WaitingCallIds(parts.nodes, parts.clock, options.runs.tool_result_timeout_s)
        workshop = Workshop(calls, agents, board, listing, parts.steps, call_ids)
        runs = Runs(workshop, options)
        try:
            yield SdkUpstream(listing, runs)
        finally:
            await runs.close()
