"""A run of an agent: one Send, read to its end, for one request or for several.

Rules of this file:
- The stream is read as it comes, whoever takes what is in it: the bridge ends one that is read
  slowly. What is not taken yet is bounded.
- An answer that ends with tool calls is one part of a run. The run waits, its stream open, until
  the next request brings the results, and that request's answer is the next part.
- Keep-alives are no sign of life: what counts is that something is said.
- However a run ends, its calls are answered, and what still goes at the bridge is cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from cursor_api.domain.content import Image, Text, ToolResult
from cursor_api.domain.deltas import (
    CONTENT,
    Delta,
    Finished,
    FinishReason,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.client import Timeouts
from cursor_api.upstreams.cursor_sdk.agents import LEAVE_S, Agent, Agents
from cursor_api.upstreams.cursor_sdk.answer import RunDecoder
from cursor_api.upstreams.cursor_sdk.calls import HTTP_OK, SdkCalls, refusal
from cursor_api.upstreams.cursor_sdk.tool_calls import ENDED, Parking, RunCalls, ToolAnswer

# What was read and not taken, in characters and so much more for each delta: several whole answers.
# A caller that reads slowly holds up his own socket first.
UNTAKEN_MAX: Final = 4 << 20
DELTA_SIZE: Final = 64
# Taken at once. Rendered, each is some hundred bytes.
BATCH_MAX: Final = 64
# How often it is looked whether something is overdue.
WATCH_S: Final = 1.0
# The stream's own limits are none: tools may take their time, and what is silence is judged here.
PATIENT: Final = Timeouts(first_token_s=7 * 86_400, idle_s=7 * 86_400)
TOO_LATE: Final = "The tool was not run: its result did not come in time."


class RunLimits(Struct, frozen=True):
    """How long things may take, in seconds. A part is what one request gets of a run."""

    timeouts: Timeouts
    part_max_s: float
    tool_result_s: float
    parallel_calls_wait_s: float


class RunParts(Struct, frozen=True):
    """What a run works with. `on_end` is told once that it is over."""

    calls: SdkCalls
    agents: Agents
    parking: Parking
    new_call_id: Callable[[], str]
    on_end: Callable[[Run], None]


class RunRules(Struct, frozen=True):
    """What a request wants of tools: at least one call first, and several in one answer or not."""

    limits: RunLimits
    must_call: bool = False
    is_parallel: bool = True


class Run:
    """What the bridge says of a run, and the calls that wait for their results.

    `heard_at` is when something was said last, by the loop's clock.
    """

    def __init__(self, agent: Agent, rules: RunRules, parts: RunParts, caller: str = "") -> None:
        self.agent = agent
        self.caller = caller
        names = (tool.name for tool in agent.spec.tools)
        self.calls = RunCalls(names, parts.parking, parts.new_call_id, caller)
        # Of the part that is taken now.
        self.said: list[str] = []
        self._rules = rules
        self._with = parts
        self._loop = asyncio.get_running_loop()
        self._decoder = RunDecoder(parts.calls.context(agent.spec.secret))
        self._free_text = frozenset(tool.name for tool in agent.spec.tools if not tool.schema)
        self._deltas: deque[Delta] = deque()
        self._untaken = 0
        # Of an answer that has to begin with a call, what came before it.
        self._held: list[Delta] | None = [] if rules.must_call else None
        self._error: BaseException | None = None
        self._wake = asyncio.Event()
        # The bridge has told the run's id, without which it cannot be cancelled.
        self._named = asyncio.Event()
        self._is_over = False
        self._quiet: asyncio.TimerHandle | None = None
        self._begin_part()

    def __repr__(self) -> str:
        return f"<Run {self._decoder!r}, {self.calls!r}, is_parked={self.is_parked}>"

    @property
    def is_parked(self) -> bool:
        """Whether it waits for results."""
        return not self._is_listened and not self._is_over

    @property
    def is_whole(self) -> bool:
        """Whether the bridge said that it finished well."""
        return self._decoder.is_finished

    def start(self, message: Mapping[str, object]) -> None:
        """Send this."""
        self._reading = self._loop.create_task(self._read(message))
        self._reading.add_done_callback(self._on_read)
        self._watching = self._loop.call_later(self._watch_s, self._watch)

    def resume(self, results: Sequence[ToolResult], more: tuple[Text | Image, ...]) -> None:
        """The next request is here, with results and what else it says."""
        self._begin_part()
        self.calls.settle(results, more)
        if self.calls.untold():
            self._tell()

    async def take(self) -> list[Delta]:
        """What has come, at least one delta and at most up to the part's end; raises Fault."""
        deltas = self._deltas
        while not deltas:
            if self._error is not None:
                raise self._error
            self._wake.clear()
            await self._wake.wait()
        taken: list[Delta] = []
        while deltas and len(taken) < BATCH_MAX:
            delta = deltas.popleft()
            taken.append(delta)
            self._untaken -= _size(delta)
            if type(delta) is TextDelta:
                self.said.append(delta.text)
            elif type(delta) is Finished:
                break
        return taken

    def call_tool(self, name: str, arguments: bytes) -> asyncio.Future[ToolAnswer]:
        """The bridge wants a tool run; what it is answered may take as long as the caller does."""
        answer = self.calls.add(name, arguments)
        if not answer.done() and self._is_listened:
            self._tell()
        return answer

    def end(self, message: str = ENDED) -> None:
        """Nobody goes on with it. What still goes at the bridge is ended in the background."""
        if self._is_over:
            return
        self._is_over = True
        self._watching.cancel()
        self._cancel_quiet()
        self.calls.shut()
        self._with.on_end(self)
        if self.is_whole:
            self.calls.close(message)
        else:
            self._with.agents.in_background(self._wind_up(message))

    async def _wind_up(self, message: str) -> None:
        if not self._reading.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._named.wait()
            self._reading.cancel()
            await asyncio.wait({self._reading})
        agents, decoder = self._with.agents, self._decoder
        if decoder.run_id and not decoder.has_ended:
            await agents.cancel(self.agent, decoder.run_id)
        # Not before: a model that is told of the failure would go on, and spend. And no later: the
        # bridge waits for the answer of a call even where its run is cancelled.
        self.calls.close(message)
        await agents.end(self.agent)

    def _begin_part(self) -> None:
        self._is_listened = True
        self._has_content = False
        self._call_count = 0
        self.said = []
        self._began_at = self.heard_at = self._loop.time()

    async def _read(self, message: Mapping[str, object]) -> None:
        calls, decoder = self._with.calls, self._decoder
        http = calls.open_send(message, PATIENT, self.agent.address)
        del message  # megabytes, and this may last for hours
        async with http:
            if http.status != HTTP_OK:
                raise await refusal(http, calls.context(self.agent.spec.secret))
            begun_count = 0
            while not decoder.is_finished:
                decoder.check()
                deltas = decoder.feed(await http.read())
                if deltas:
                    self._receive(deltas)
                if decoder.calls_begun_count != begun_count:
                    begun_count = decoder.calls_begun_count
                    self.heard_at = self._loop.time()
                    if self._quiet is not None:
                        self._wait_for_more_calls()
                if decoder.run_id:
                    self._named.set()
            http.mark_finished()

    def _on_read(self, reading: asyncio.Task[None]) -> None:
        """The stream is over: well, with a fault, or as nobody reads it any more."""
        self._named.set()
        error = None if reading.cancelled() else reading.exception()
        if error is not None:
            self._fail(error)
        elif not self._is_listened:
            self.end()

    def _fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
        self._cancel_quiet()
        self._wake.set()
        if not self._is_listened:
            self.end()

    def _receive(self, deltas: list[Delta]) -> None:
        self.heard_at = self._loop.time()
        last = deltas[-1]
        if type(last) is Finished:
            self._cancel_quiet()
            if self._held is not None:
                raise Fault(
                    FaultKind.INVALID_OUTPUT,
                    "The model called no tool, though `tool_choice` demands it. Another model may.",
                    param="tool_choice",
                )
            if self._call_count:
                # The caller was told of calls for whose results the bridge no longer waits.
                deltas[-1] = Finished(FinishReason.TOOL_CALLS, last.usage, is_stated=True)
        if self._held is None:
            self._put(deltas)
        else:
            self._held += deltas

    def _put(self, deltas: Sequence[Delta]) -> None:
        for delta in deltas:
            self._untaken += _size(delta)
            if type(delta) in CONTENT:
                self._has_content = True
        self._deltas += deltas
        if self._untaken > UNTAKEN_MAX:
            self._reading.cancel()
            self._fail(Fault(FaultKind.OVERLOADED, "The answer is not read as fast as it comes."))
        self._wake.set()

    def _tell(self) -> None:
        """The caller gets the calls that have come."""
        held, self._held = self._held or [], None
        self._put(held)
        for call in self.calls.untold():
            if self._call_count and not self._rules.is_parallel:
                break
            call.is_told = True
            number = self._call_count
            self._call_count += 1
            text = call.spell(is_free_text=call.name in self._free_text)
            self._put((ToolCallBegun(number, call.id, call.name), ToolArgumentsDelta(number, text)))
        self._wait_for_more_calls()

    def _wait_for_more_calls(self) -> None:
        self._cancel_quiet()
        wait_s = self._rules.limits.parallel_calls_wait_s if self._rules.is_parallel else 0.0
        self._quiet = self._loop.call_later(wait_s, self._end_part)

    def _cancel_quiet(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None

    def _end_part(self) -> None:
        """No more calls for now: the answer ends with those that there are."""
        self._quiet = None
        self._put((Finished(FinishReason.TOOL_CALLS, is_stated=True),))
        self._is_listened = False
        self.heard_at = self._loop.time()

    @property
    def _watch_s(self) -> float:
        limits = self._rules.limits
        shortest_s = min(limits.timeouts.first_token_s, limits.timeouts.idle_s, limits.part_max_s)
        return min(WATCH_S, shortest_s, limits.tool_result_s)

    def _watch(self) -> None:
        now, limits = self._loop.time(), self._rules.limits
        silent_s = now - self.heard_at
        if not self._is_listened:
            if silent_s >= limits.tool_result_s:
                self.end(TOO_LATE)
                return
        elif not self._decoder.is_finished and (problem := self._find_overdue(now)):
            self._fail(Fault(FaultKind.UPSTREAM_TIMEOUT, problem))
            return
        self._watching = self._loop.call_later(self._watch_s, self._watch)

    def _find_overdue(self, now: float) -> str | None:
        limits = self._rules.limits
        timeouts = limits.timeouts
        if now - self._began_at >= limits.part_max_s:
            return f"Cursor's answer was not whole within {limits.part_max_s:g} s."
        if not self._has_content and now - self._began_at >= timeouts.first_token_s:
            return f"Cursor gave no word of an answer within {timeouts.first_token_s:g} s."
        if self._has_content and now - self.heard_at >= timeouts.idle_s:
            return f"Cursor fell silent in the middle of its answer, for {timeouts.idle_s:g} s."
        return None


def _size(delta: Delta) -> int:
    # Each of CONTENT has a text.
    return DELTA_SIZE + (len(delta.text) if type(delta) in CONTENT else 0)  # type: ignore[union-attr]
