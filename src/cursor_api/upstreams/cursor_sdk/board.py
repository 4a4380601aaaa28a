"""The runs that go on: found by the calls that wait in them, and by the agents that call."""

from __future__ import annotations

from collections.abc import Iterable

from cursor_api.upstreams.cursor_sdk.callback import CustomToolCall
from cursor_api.upstreams.cursor_sdk.run import Run
from cursor_api.upstreams.cursor_sdk.tool_calls import ENDED, TOO_MANY, ToolAnswer, refuse


class Board:
    """Every run that has begun and not ended."""

    def __init__(self) -> None:
        self._by_agent: dict[str, Run] = {}

    def __repr__(self) -> str:
        return f"Board({list(self._by_agent.values())!r})"

    def __len__(self) -> int:
        return len(self._by_agent)

    def add(self, run: Run) -> None:
        """It begins. An agent has one at a time."""
        self._by_agent[run.agent.id] = run

    def remove(self, run: Run) -> None:
        """It is over."""
        if self._by_agent.get(run.agent.id) is run:
            del self._by_agent[run.agent.id]

    def find_waiting(self, call_ids: Iterable[str]) -> Run | None:
        """The run that waits for the result of one of these calls."""
        wanted = frozenset(call_ids)
        waiting = (run for run in self._by_agent.values() if run.is_parked)
        return next((run for run in waiting if not wanted.isdisjoint(run.calls.ids)), None)

    def end_waiting(self, caller: str) -> bool:
        """End the run of this caller that waits longest for results; whether there was one."""
        waiting = [one for one in self._by_agent.values() if one.is_parked and one.caller == caller]
        if not waiting:
            return False
        min(waiting, key=lambda one: one.heard_at).end(TOO_MANY)
        return True

    async def call_tool(self, call: CustomToolCall) -> ToolAnswer:
        """What the bridge is answered, as soon as the caller has said it."""
        run = self._by_agent.get(call.agent_id)
        if run is None:
            return refuse(ENDED)
        return await run.call_tool(call.tool_name, bytes(call.args))

    def end_all(self) -> None:
        """The gateway stops."""
        for run in tuple(self._by_agent.values()):
            run.end()
