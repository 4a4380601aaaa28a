"""The official way in front of a simulated bridge, and chats with it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest, Parameters, Tool, ToolChoice
from cursor_api.domain.content import Message, Part, Role, Text, ToolResult, ToolUse
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.ports.nodes import Nodes
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.simulator.cursor_sdk.bridge import BridgeSimulator
from cursor_api.simulator.cursor_sdk.options import BridgeOptions
from cursor_api.upstreams.cursor_sdk.kind import CursorSdkKind
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.run_options import RunOptions
from tests.fakes import TickingClock

KEY = Secret("crsr_" + "0123456789abcdef" * 2)
CREDENTIAL = Credential("me", KEY, endpoint="cursor-sdk")
ROUTE = Route("cursor-sdk", "composer-2.5")
QUICK = RunOptions(parallel_calls_wait_s=0.1)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("get_weather", "The weather.", json.dumps(CITY).encode())
TIME = Tool("get_time", "The time.", json.dumps(CITY).encode())


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to the end."""

    deltas: tuple[Delta, ...]

    @property
    def text(self) -> str:
        """What was said."""
        return "".join(one.text for one in self.deltas if isinstance(one, TextDelta))

    @property
    def reasoning(self) -> str:
        """What was thought."""
        return "".join(one.text for one in self.deltas if isinstance(one, ReasoningDelta))

    @property
    def calls(self) -> list[ToolUse]:
        """The calls, whole."""
        begun = [one for one in self.deltas if isinstance(one, ToolCallBegun)]
        pieces = [one for one in self.deltas if isinstance(one, ToolArgumentsDelta)]
        return [
            ToolUse(
                one.id, one.name, "".join(p.text for p in pieces if p.call == one.call).encode()
            )
            for one in begun
        ]

    @property
    def end(self) -> Finished:
        """The last delta."""
        last = self.deltas[-1]
        assert isinstance(last, Finished)
        return last

    @property
    def message(self) -> Message:
        """As a client gives it back."""
        said: tuple[Part, ...] = (Text(self.text),) if self.text else ()
        return Message(Role.ASSISTANT, (*said, *self.calls))


@dataclass(frozen=True, slots=True)
class Stage:
    """An upstream and its bridge."""

    upstream: Upstream
    bridge: BridgeSimulator

    async def ask(
        self, *messages: Message, credential: Credential = CREDENTIAL, **parameters: Any
    ) -> Told:
        """The whole answer."""
        return await ask(self.upstream, *messages, credential=credential, **parameters)


async def ask(
    upstream: Upstream,
    *messages: Message,
    credential: Credential = CREDENTIAL,
    caller: str = "",
    **parameters: Any,
) -> Told:
    """The whole answer."""
    asked = request(*messages, **parameters)
    asked.caller = caller
    async with upstream.open(asked, ROUTE, credential) as batches:
        return Told(tuple([delta async for batch in batches for delta in batch]))


def user(text: str) -> Message:
    """What a user says."""
    return Message(Role.USER, (Text(text),))


def results(calls: Sequence[ToolUse], *texts: str) -> Message:
    """Each call's result."""
    pairs = zip(calls, texts, strict=False)
    return Message(Role.USER, tuple(ToolResult(one.id, (Text(text),)) for one, text in pairs))


def request(
    *messages: Message, tools: tuple[Tool, ...] = (), choice: ToolChoice | None = None, **more: Any
) -> ChatRequest:
    """A chat request."""
    parameters = Parameters(tools=tools, tool_choice=choice, **more)
    return ChatRequest("composer-2.5", messages, parameters=parameters)


@asynccontextmanager
async def stage(
    options: BridgeOptions | None = None,
    *,
    runs: RunOptions = QUICK,
    nodes: Nodes | None = None,
    **more: Any,
) -> AsyncIterator[Stage]:
    """An upstream attached to a simulated bridge."""
    async with BridgeSimulator(options) as bridge:
        sdk = SdkOptions(
            bridge_url=bridge.url, bridge_token=Secret(bridge.token), runs=runs, **more
        )
        parts = UpstreamParts(
            "cursor-sdk", TickingClock(), StepRunner(), find_api_keys=lambda: (KEY,), nodes=nodes
        )
        async with CursorSdkKind().build(sdk, parts) as upstream:
            yield Stage(upstream, bridge)
