"""Agents of the bridge: made for a conversation, kept for its next turn, and taken away again.

Rules of this file:
- An agent belongs to the key that it was made with, and is never asked for another one's.
- Whoever takes a kept agent has it alone. Two conversations that are word for word the same may
  have one each, or one of them begins anew.
- What was made is deleted, behind the caller's back; the end of the gateway waits for it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Coroutine, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from cursor_api.domain.chat import Tool
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.cursor_sdk.calls import (
    CANCEL_RUN,
    CLOSE_AGENT,
    CREATE_AGENT,
    DELETE_AGENT,
    BridgeAddress,
    SdkCalls,
)
from cursor_api.upstreams.cursor_sdk.models import ModelSelection
from cursor_api.wire import free_text

# Ending a run takes milliseconds. A bridge that does not answer is ended with the gateway.
LEAVE_S: Final = 2.0
# For all that is under way when the gateway stops; then the bridge is ended, and they with it.
CLOSE_S: Final = 3.0
# The setting that makes custom tools exist; without any, a list without names has no tool at all.
TOOLS_ON: Final = ["mcp"]


class AgentSpec(Struct, frozen=True):
    """What an agent is made from; it cannot be changed later."""

    model: ModelSelection
    tools: tuple[Tool, ...]
    secret: Secret


class Agent(Struct, frozen=True):
    """An agent, and the bridge that has it: another one does not know it."""

    id: str
    spec: AgentSpec
    address: BridgeAddress


def options_of(spec: AgentSpec, workspace: str) -> dict[str, Any]:
    """CreateAgent's options. The model is always named: that proves key and model at once."""
    local: dict[str, Any] = {"settingSources": []}
    # A bridge that others run has a workspace of its own.
    if workspace:
        local["cwd"] = [workspace]
    if spec.tools:
        local["customTools"] = {tool.name: _definition(tool) for tool in spec.tools}
    return {
        "model": spec.model.message(),
        "apiKey": spec.secret.reveal(),
        "local": local,
        "tools": {"names": TOOLS_ON if spec.tools else []},
    }


def _definition(tool: Tool) -> dict[str, Any]:
    # A call's arguments are an object.
    definition: dict[str, Any] = {"inputSchema": msgspec.Raw(tool.schema or free_text.SCHEMA)}
    if tool.description:
        definition["description"] = tool.description
    return definition


class KeptAgent(Struct, frozen=True):
    """An agent between two turns, whose conversation it is, and what forgets it."""

    agent: Agent
    caller: str
    timer: asyncio.TimerHandle


class Agents:
    """Makes agents, keeps a few, and takes them away. `close` waits for the last ones."""

    def __init__(self, calls: SdkCalls, kept_max: int, idle_s: float) -> None:
        self._calls = calls
        self._kept_max = kept_max
        self._idle_s = idle_s
        # By what was said; in the order in which they were kept.
        self._kept: dict[bytes, KeptAgent] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"Agents(kept={len(self._kept)}, leaving={len(self._leaving)})"

    async def make(self, spec: AgentSpec) -> Agent:
        """A new one; raises Fault. One that comes when nobody waits any more is taken away."""
        address = await self._calls.get_address()
        body = {"options": options_of(spec, address.workspace)}
        making = asyncio.ensure_future(
            self._calls.call(CREATE_AGENT, body, spec.secret, address=address)
        )
        try:
            made = await asyncio.shield(making)
        except asyncio.CancelledError:
            self.in_background(self._take_away_unseen(making, spec, address))
            raise
        return _agent_of(made, spec, address)

    async def _take_away_unseen(
        self, making: asyncio.Future[dict[str, Any]], spec: AgentSpec, address: BridgeAddress
    ) -> None:
        try:
            made = await making
        except Fault:
            return  # it was never made
        await self.end(_agent_of(made, spec, address))

    def keep(self, agent: Agent, said: bytes, caller: str) -> None:
        """For whoever goes on with what was said.

        Where too many are kept, the caller who has most of them loses his oldest.
        """
        key = _key(agent.spec, said)
        if not self._kept_max:
            self.take_away(agent)
            return
        self._forget(key)
        timer = asyncio.get_running_loop().call_later(self._idle_s, self._forget, key)
        self._kept[key] = KeptAgent(agent, caller, timer)
        if len(self._kept) > self._kept_max:
            ((most, _),) = Counter(one.caller for one in self._kept.values()).most_common(1)
            self._forget(next(key for key, one in self._kept.items() if one.caller == most))

    async def find(self, spec: AgentSpec, said: bytes) -> Agent | None:
        """The one that was there when this was said; it is not kept any longer."""
        kept = self._kept.pop(_key(spec, said), None)
        if kept is None:
            return None
        kept.timer.cancel()
        if kept.agent.address != await self._calls.get_address():
            return None  # its bridge is gone, and it with it
        return kept.agent

    def _forget(self, key: bytes) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            kept.timer.cancel()
            self.take_away(kept.agent)

    def take_away(self, agent: Agent) -> None:
        """Delete it, in the background."""
        self.in_background(self.end(agent))

    async def cancel(self, agent: Agent, run_id: str) -> None:
        """End the run, which goes on at Cursor otherwise; raises nothing."""
        await self._try(CANCEL_RUN, {"agentId": agent.id, "runId": run_id}, agent.address)

    async def end(self, agent: Agent) -> None:
        """Delete it; raises nothing."""
        for method in (CLOSE_AGENT, DELETE_AGENT):
            await self._try(method, {"agentId": agent.id}, agent.address)

    async def _try(self, method: str, body: Mapping[str, object], address: BridgeAddress) -> None:
        try:
            async with asyncio.timeout(LEAVE_S):
                await self._calls.call(method, body, address=address)
        except (Fault, TimeoutError):
            # A bridge that is gone has no agents; one that hangs is ended with the gateway, and its
            # runs with it.
            return

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Behind the caller's back; `close` waits for it. No step of the work is endless."""
        task = asyncio.get_running_loop().create_task(work)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Take away all that is kept, and wait for all that leaves."""
        for key in tuple(self._kept):
            self._forget(key)
        if self._leaving:
            _, late = await asyncio.wait(self._leaving, timeout=CLOSE_S)
            for task in late:
                task.cancel()


def _agent_of(made: dict[str, Any], spec: AgentSpec, address: BridgeAddress) -> Agent:
    agent_id = made.get("agentId")
    if not isinstance(agent_id, str) or not agent_id:
        raise Fault(FaultKind.PROTOCOL_ERROR, "The Cursor SDK bridge gave an agent without an id.")
    return Agent(agent_id, spec, address)


def _key(spec: AgentSpec, said: bytes) -> bytes:
    """The same agent, the same key, the same words."""
    digest = hashlib.blake2b(said, digest_size=32)
    pieces = [spec.secret.reveal(), spec.model.name]
    for tool in spec.tools:
        pieces += [tool.name, tool.description]
        digest.update(tool.schema)
    digest.update("\0".join(pieces).encode(errors="surrogatepass"))
    return digest.digest()
