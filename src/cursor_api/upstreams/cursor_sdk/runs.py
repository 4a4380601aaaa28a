"""Chat requests as runs: begun, gone on with, and left.

Rules of this file:
- A request with results of tools goes on with the run that waits for them, if that run is of the
  same key, model and tools. Where there is none (it waited too long, the gateway was restarted, the
  calls were another upstream's), the whole conversation goes to a new agent as text. Where such a
  run may wait at another node, the request is refused (`call_ids`).
- A request whose conversation has an agent goes on with that one. Any other begins with a new one.
- The bridge asks Cursor again by itself. What fails late was tried several times, and is not tried
  again here; what fails at once may be.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Final

from msgspec import Struct

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest, Choice, Effort, Parameters, Tool, ToolChoice
from cursor_api.domain.content import Image, Message, Role, Text, ToolResult
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Delta, Finished
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.ports.process import Steps
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.transport.timeouts import remember_timeouts
from cursor_api.upstreams.cursor_sdk.agents import Agent, Agents, AgentSpec
from cursor_api.upstreams.cursor_sdk.board import Board
from cursor_api.upstreams.cursor_sdk.call_ids import WaitingCallIds
from cursor_api.upstreams.cursor_sdk.calls import SdkCalls, as_fault_of_text
from cursor_api.upstreams.cursor_sdk.faults import LOST_AGENT_CODES
from cursor_api.upstreams.cursor_sdk.history import History, add_turn, read_history
from cursor_api.upstreams.cursor_sdk.listing import ModelListing
from cursor_api.upstreams.cursor_sdk.models import ModelSelection, Param
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.prompt import (
    Prompt,
    encode_images,
    encode_text,
    write_prompt,
    write_turn,
)
from cursor_api.upstreams.cursor_sdk.run import Run, RunLimits, RunParts, RunRules
from cursor_api.upstreams.cursor_sdk.tool_calls import Parking

# The bridge tries again for 14 s and more; what fails sooner it has not tried again.
AT_ONCE_S: Final = 1.0
# The parameter of the models that let a caller choose how much they think.
EFFORT: Final = "effort"
# Where a model has no such value, the nearest one that it has.
NEAREST: Final = {
    Effort.NONE: ("none", "minimal", "low"),
    Effort.MINIMAL: ("minimal", "low"),
    Effort.LOW: ("low", "minimal"),
    Effort.MEDIUM: ("medium",),
    Effort.HIGH: ("high",),
    Effort.XHIGH: ("xhigh", "max", "high"),
    Effort.MAX: ("max", "xhigh", "high"),
}


class Workshop(Struct, frozen=True):
    """What runs are made with."""

    calls: SdkCalls
    agents: Agents
    board: Board
    listing: ModelListing
    steps: Steps
    call_ids: WaitingCallIds


class Plan(Struct, frozen=True):
    """A request, as a run needs it."""

    spec: AgentSpec
    rules: RunRules
    choice: ToolChoice | None
    history: History
    caller: str


class Runs:
    """Begins runs and goes on with them; `close` ends all."""

    def __init__(self, workshop: Workshop, options: SdkOptions) -> None:
        self._with = workshop
        self._options = options
        self._timeouts_for = remember_timeouts(options.timeouts)
        self._parts = RunParts(
            workshop.calls,
            workshop.agents,
            Parking(options.runs.waiting_calls_max, workshop.board.end_waiting),
            workshop.call_ids.make,
            workshop.board.remove,
        )

    def __repr__(self) -> str:
        return f"Runs({self._with.board!r})"

    async def close(self) -> None:
        """End all runs, and wait for it."""
        self._with.board.end_all()
        await self._with.agents.close()

    async def plan(self, request: ChatRequest, model: str, secret: Secret) -> Plan:
        """Raises Fault(INVALID_REQUEST) for parameters that the model does not have."""
        parameters = request.parameters
        choice = parameters.tool_choice
        selection = self._with.listing.select(model, secret)
        selection = self._set_effort(selection, parameters, secret)
        spec = AgentSpec(selection, _tools_of(parameters), secret)
        runs = self._options.runs
        limits = RunLimits(
            self._timeouts_for(selection.id),
            self._options.run_max_s,
            runs.tool_result_timeout_s,
            runs.parallel_calls_wait_s,
        )
        must_call = choice is not None and choice.kind in {Choice.ANY, Choice.NAMED}
        rules = RunRules(limits, must_call, choice is None or choice.is_parallel)
        history = await self._with.steps.run(read_history(request.messages))
        return Plan(spec, rules, choice, history, request.caller)

    def _set_effort(
        self, selection: ModelSelection, parameters: Parameters, secret: Secret
    ) -> ModelSelection:
        """With what the request wants thought, where the model lets one choose it."""
        effort = parameters.reasoning.effort if parameters.reasoning else None
        if effort is None or any(param.id == EFFORT for param in selection.params):
            return selection
        allowed = self._with.listing.find_values(selection.id, EFFORT, secret)
        value = next((one for one in NEAREST[effort] if one in allowed), None)
        if value is None:
            return selection
        return selection._replace(params=(*selection.params, Param(EFFORT, value)))

    async def begin(self, plan: Plan, messages: Sequence[Message]) -> Run:
        """The run that goes on with these messages, or a new one; raises Fault."""
        rest = messages[plan.history.rest_at :]
        results = [
            part for message in rest for part in message.parts if isinstance(part, ToolResult)
        ]
        if results:
            run = self._resume(plan, rest, results)
            return run or await self.begin_anew(plan, messages)
        agent = None
        if rest and plan.history.before:
            agent = await self._with.agents.find(plan.spec, plan.history.before)
        if agent is None:
            return await self.begin_anew(plan, messages)
        try:
            prompt = await self._with.steps.run(write_turn(rest, plan.choice))
            return await self._start(agent, plan, prompt)
        except BaseException:
            self._with.agents.take_away(agent)
            raise

    async def begin_anew(self, plan: Plan, messages: Sequence[Message]) -> Run:
        """A new agent, which is told the whole conversation."""
        prompt = await self._with.steps.run(write_prompt(messages, plan.choice))
        agent = await self._with.agents.make(plan.spec)
        try:
            return await self._start(agent, plan, prompt)
        except BaseException:
            self._with.agents.take_away(agent)
            raise

    async def remind(self, run: Run, plan: Plan) -> Run:
        """The agent of a run without the call that was demanded is asked for it once more."""
        run.end()
        prompt = await self._with.steps.run(write_turn((), plan.choice))
        return await self._start(run.agent, plan, prompt)

    def _resume(
        self, plan: Plan, rest: Sequence[Message], results: Sequence[ToolResult]
    ) -> Run | None:
        call_ids = [result.call_id for result in results]
        run = self._with.board.find_waiting(call_ids)
        if run is None:
            self._with.call_ids.require_own(call_ids)
            return None
        if run.agent.spec != plan.spec or plan.rules.must_call:
            # Its calls are answered, but not to it: nobody will come back.
            run.end()
            return None
        more = tuple(
            part
            for message in rest
            for part in message.parts
            if isinstance(part, Text | Image) and not (isinstance(part, Text) and not part.text)
        )
        run.resume(results, more)
        return run

    async def _start(self, agent: Agent, plan: Plan, prompt: Prompt) -> Run:
        with as_fault_of_text():
            text = await self._with.steps.run(encode_text(prompt.text))
        message: dict[str, object] = {"text": text}
        if prompt.images:
            message["images"] = await self._with.steps.run(encode_images(prompt.images))
        run = Run(agent, plan.rules, self._parts, plan.caller)
        self._with.board.add(run)
        run.start({"agentId": agent.id, "message": message})
        return run

    def leave(self, run: Run, plan: Plan, *, is_whole: bool) -> None:
        """A request's part of a run is over. `is_whole`: its answer was taken to the end."""
        if is_whole and run.is_parked:
            return
        run.end()
        agents = self._with.agents
        if not run.is_whole:
            return  # it takes its agent away itself
        said = "".join(run.said)
        if not is_whole or not said.strip():
            agents.take_away(run.agent)
            return
        digest = plan.history.digest.copy()
        add_turn(digest, Role.ASSISTANT, (Text(said),))
        agents.keep(run.agent, digest.digest(), plan.caller)


class RunAnswer:
    """One request's part of a run: entering begins or goes on, leaving ends what nobody takes."""

    __slots__ = (
        "_began_at",
        "_has_begun",
        "_is_finished",
        "_is_reminded",
        "_is_renewed",
        "_plan",
        "_request",
        "_route",
        "_run",
        "_runs",
        "_secret",
    )

    def __init__(
        self, runs: Runs, request: ChatRequest, route: Route, credential: Credential
    ) -> None:
        self._runs = runs
        self._request: ChatRequest | None = request
        self._route = route
        self._secret = credential.secret
        self._has_begun = self._is_finished = False
        self._is_renewed = self._is_reminded = False

    async def __aenter__(self) -> DeltaBatches:
        request = self._request
        assert request is not None  # noqa: S101 - entered once
        self._began_at = asyncio.get_running_loop().time()
        try:
            self._plan = await self._runs.plan(request, self._route.model, self._secret)
            self._run = await self._runs.begin(self._plan, request.messages)
        except Fault as fault:
            raise self._judge(fault) from fault.__cause__
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._runs.leave(self._run, self._plan, is_whole=self._is_finished)

    def __aiter__(self) -> AsyncIterator[Sequence[Delta]]:
        return self

    async def __anext__(self) -> Sequence[Delta]:
        if self._is_finished:
            raise StopAsyncIteration
        try:
            deltas: Sequence[Delta] = await self._run.take()
        except Fault as fault:
            deltas = await self._take_again(fault)
        if not self._has_begun:
            self._has_begun = True
            # Megabytes, and an answer may last for hours.
            self._request = None
        self._is_finished = type(deltas[-1]) is Finished
        return deltas

    def _is_lost(self, fault: Fault) -> bool:
        """Whether the bridge was started again since the agent was made."""
        is_ours = fault.kind is FaultKind.INTERNAL and fault.upstream_code in LOST_AGENT_CODES
        return is_ours and not self._has_begun and not self._is_renewed

    def _is_without_call(self, fault: Fault) -> bool:
        """Whether the model answered in words, and may be told once more."""
        has_tools = bool(self._plan.spec.tools)
        return fault.kind is FaultKind.INVALID_OUTPUT and has_tools and not self._is_reminded

    async def _take_again(self, fault: Fault) -> Sequence[Delta]:
        """What comes of a second try, where one helps; raises `fault` where none does."""
        try:
            if self._is_lost(fault):
                request = self._request
                assert request is not None  # noqa: S101 - nothing has come yet
                self._is_renewed = True
                self._run.end()
                self._run = await self._runs.begin_anew(self._plan, request.messages)
            elif self._is_without_call(fault):
                self._is_reminded = True
                self._run = await self._runs.remind(self._run, self._plan)
            else:
                raise fault
            return await self._run.take()
        except Fault as last:
            raise self._judge(last) from last.__cause__

    def _judge(self, fault: Fault) -> Fault:
        """Whether the bridge has tried again by itself, so that nobody has to."""
        if fault.scope is Scope.ENDPOINT:
            lasted_s = asyncio.get_running_loop().time() - self._began_at
            fault.is_retried_upstream = lasted_s >= AT_ONCE_S
        return fault


def _tools_of(parameters: Parameters) -> tuple[Tool, ...]:
    """Those that the model may call now. Marks for a cache are not for this upstream."""
    choice = parameters.tool_choice
    if choice is not None and choice.kind is Choice.NONE:
        return ()
    tools = parameters.tools
    if choice is not None and choice.kind is Choice.NAMED:
        tools = tuple(tool for tool in tools if tool.name == choice.name)
    return tuple(tool if tool.cache is None else tool._replace(cache=None) for tool in tools)
