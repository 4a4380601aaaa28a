"""Agents: made, kept, taken away."""

from __future__ import annotations

import asyncio
import json

import msgspec

from cursor_api.domain.chat import Tool
from cursor_api.domain.credential import Secret
from cursor_api.upstreams.cursor_sdk.agents import AgentSpec, options_of
from cursor_api.upstreams.cursor_sdk.models import ModelSelection, Param
from cursor_api.upstreams.cursor_sdk.run_options import RunOptions
from tests.sdk_stage import KEY, stage, user
from tests.waiting import until

MODEL = ModelSelection("m", (Param("effort", "high"),))


def test_options_always_name_the_model_and_switch_tools_on_or_off() -> None:
    """A list without names has no tools at all, custom ones included."""
    plain = options_of(AgentSpec(MODEL, (), Secret("k")), "/ws")
    assert plain == {
        "model": {"id": "m", "params": [{"id": "effort", "value": "high"}]},
        "apiKey": "k",
        "local": {"settingSources": [], "cwd": ["/ws"]},
        "tools": {"names": []},
    }
    tools = (Tool("f", "", b'{"type":"object"}'), Tool("g", "Any text.", b""))
    made = json.loads(msgspec.json.encode(options_of(AgentSpec(MODEL, tools, Secret("k")), "")))
    assert made["tools"] == {"names": ["mcp"]}
    assert "cwd" not in made["local"]
    assert made["local"]["customTools"]["f"] == {"inputSchema": {"type": "object"}}
    assert made["local"]["customTools"]["g"]["inputSchema"]["required"] == ["input"]


async def test_a_kept_agent_is_had_by_one() -> None:
    """Of two requests that go on with the same words at once, one begins anew."""
    async with stage() as on:
        first = await on.ask(user("Hello"))
        turns = user("Hello"), first.message, user("And now?")
        await asyncio.gather(on.ask(*turns), on.ask(*turns))
        assert len(on.bridge.asked("CreateAgent")) == 2


async def test_a_bridge_that_hangs_does_not_hold_up_the_end() -> None:
    """What cannot be taken away is left to the bridge's own end."""
    async with stage(runs=RunOptions(conversations_max=1)) as on:
        await on.ask(user("Hello"))
        on.bridge.token = "another"
    assert len(on.bridge.agents) == 1
    assert KEY.reveal() not in repr(on.upstream)


async def test_who_has_most_conversations_has_one_less() -> None:
    """Another caller's, though it is older, keeps its agent."""
    async with stage(runs=RunOptions(conversations_max=2)) as on:
        first = await on.ask(user("One"), caller="few")
        for text in ("Two", "Three"):
            await on.ask(user(text), caller="many")
        await until(lambda: len(on.bridge.agents) == 2)
        await on.ask(user("One"), first.message, user("And now?"), caller="few")
        assert len(on.bridge.asked("CreateAgent")) == 3
