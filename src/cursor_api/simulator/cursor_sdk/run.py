"""One run of the simulated bridge: it goes on whether or not somebody reads its frames."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cursor_api.simulator.cursor_sdk.frames import Json, RunFrames
from cursor_api.simulator.cursor_sdk.model import (
    make_ask,
    opening,
    read_orders,
    read_question,
    read_result,
)
from cursor_api.simulator.cursor_sdk.options import BridgeFaults
from cursor_api.simulator.model.asks import Call, Reply, Result, Role, Turn
from cursor_api.simulator.model.replies import reply_to
from cursor_api.simulator.scenario import Scenario, split_pieces
from cursor_api.transport.connections import Connections
from cursor_api.wire.connect import encode_end_stream

CALL_PATH = "/sdk.v1.SdkCustomToolCallbackService/CallCustomTool"
HTTP_OK = 200
# Parallel calls come one by one.
CALL_GAP_S = 0.02
CALL_ROUNDS_MAX = 8
CHUNK_BYTES = 1 << 16


@dataclass(slots=True)
class Agent:
    """An agent as it was created, and what it was sent."""

    id: str
    options: Mapping[str, Any] = field(repr=False)
    sends: list[Mapping[str, Any]] = field(default_factory=list)
    run: Run | None = None
    is_closed: bool = False

    @property
    def model(self) -> str:
        """Its model's id."""
        found: str = self.options["model"]["id"]
        return found

    @property
    def tools(self) -> dict[str, Json]:
        """The adapter's tools as it gave them; none where they are switched off."""
        if "mcp" not in (self.options.get("tools") or {"names": ["mcp"]})["names"]:
            return {}
        return dict((self.options.get("local") or {}).get("customTools") or {})


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What a run plays against."""

    connections: Connections
    callback_url: str
    callback_token: str = field(repr=False)
    scenario: Scenario
    faults: BridgeFaults
    chance: random.Random


class ToolsMissing(Exception):  # noqa: N818 - no error of ours
    """A tool was called, and nobody serves tools."""


class Run:
    """Plays a scripted answer; `frames` gives it to who reads."""

    def __init__(self, agent: Agent, message: Mapping[str, Any], backdrop: Backdrop) -> None:
        self.id = f"run-{uuid.uuid4()}"
        self.status = "RUNNING"
        self._agent = agent
        self._text: str = message.get("text", "")
        self._image_count = len(message.get("images", ()))
        self._with = backdrop
        self._write = RunFrames(agent.id, self.id, agent.model)
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._said = ""
        self._count = 0
        self._task = asyncio.get_running_loop().create_task(self._play())

    @property
    def is_running(self) -> bool:
        """Whether it still spends."""
        return self.status == "RUNNING"

    async def stop(self) -> None:
        """End it without a word, as when the bridge dies."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def cancel(self) -> None:
        """End it as CancelRun does: the stream still has a result."""
        if self.is_running:
            await self.stop()
            self._end("CANCELLED")

    async def read(self) -> AsyncIterator[bytes | None]:
        """Frames as they come; None where there was none for as long as a keep-alive."""
        while True:
            try:
                async with asyncio.timeout(self._with.faults.keepalive_s):
                    frame = await self._frames.get()
            except TimeoutError:
                yield None
                continue
            if frame is None:
                return
            yield frame

    def _put(self, *frames: bytes) -> None:
        for frame in frames:
            self._frames.put_nowait(frame)

    async def _play(self) -> None:
        faults = self._with.faults
        self._put(self._write.status("RUNNING"))
        if faults.is_silent:
            await asyncio.Event().wait()
        if faults.run_error and not faults.text_count:
            self._fail(faults.run_error)
            return
        if faults.has_unknown_items:
            self._put(*self._write.unknown(), self._write.builtin_call("call_builtin"))
        await self._reply()
        if self.is_running:
            self._end("FINISHED")

    async def _reply(self) -> None:
        """Steps of the model: calls side by side, as often as it has some, and then words."""
        question = read_question(self._text)
        tools = {} if self._with.faults.is_demand_ignored else self._agent.tools
        turns = [opening(question, self._image_count)]
        for number in range(CALL_ROUNDS_MAX):
            ask = make_ask(self._agent.model, question, tools, turns)
            reply = reply_to(ask, self._with.scenario, self._with.chance)
            self._think(reply.thoughts)
            calls = self._change(reply.calls, is_first=number == 0)
            if not calls:
                await self._answer(reply)
                return
            results = await self._use_tools(calls)
            turns += [
                # What the model planned is done, whatever the faults made of it.
                Turn(Role.ASSISTANT, calls=(*reply.calls, *calls)),
                Turn(Role.USER, results=tuple(results)),
            ]

    def _change(self, calls: Sequence[Call], *, is_first: bool) -> Sequence[Call]:
        """The model's calls, as the text's orders and the faults will have them."""
        faults = self._with.faults
        if not is_first:
            return calls
        calls = (read_orders(self._text) if self._agent.tools else ()) or calls
        if faults.has_unknown_tool:
            return [Call("nobody_gave_this", {"why": "to see"}, "unknown")]
        if faults.argument_bytes:
            filler = "x" * faults.argument_bytes
            return [one._replace(arguments={**one.arguments, "filler": filler}) for one in calls]
        return calls

    async def _use_tools(self, calls: Sequence[Call]) -> list[Result]:
        await self._say("Calling. ")
        tasks: list[asyncio.Task[Result]] = []
        if self._with.faults.is_call_repeated:
            # The backend lost the first one, whose callback nobody ends.
            tasks.append(asyncio.create_task(self._call(calls[0])))
            await asyncio.sleep(CALL_GAP_S)
        try:
            for call in calls:
                tasks.append(asyncio.create_task(self._call(call)))
                await asyncio.sleep(CALL_GAP_S)
            results = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        self._said = ""
        return results[-len(calls) :]

    async def _call(self, call: Call) -> Result:
        call_id = f"call_{uuid.uuid4().hex[:12]}"
        self._put(self._write.tool_call(call_id, call.name, call.arguments))
        body = {"toolName": call.name, "args": call.arguments, "toolCallId": call_id}
        status, answer = await self._ask_adapter({**body, "agentId": self._agent.id})
        if status == HTTP_OK:
            result: Json = answer.get("result", {})
            outcome: Json = {"status": "success", "value": {**result, "isError": False}}
        else:
            result = {"message": answer.get("message", f"HTTP {status}")}
            outcome = {"status": "error", "error": result["message"]}
        self._put(self._write.tool_call(call_id, call.name, call.arguments, outcome))
        return read_result(call, result)

    async def _ask_adapter(self, body: Json) -> tuple[int, Json]:
        if not self._with.callback_url:
            raise ToolsMissing("no tool callback is set")
        connections = self._with.connections
        target = connections.find_target(self._with.callback_url.rstrip("/") + CALL_PATH)
        fields = (
            f"Authorization: Bearer {self._with.callback_token}\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nConnect-Protocol-Version: 1\r\n"
            # As the genuine bridge sends it.
            "Transfer-Encoding: chunked\r\n\r\n"
        )
        line = await connections.dial(target)
        try:
            await line.ask(target.post + fields.encode("ascii"), _chunks(msgspec.json.encode(body)))
            answer = line.take()
            while not line.has_ended():
                await line.wait()
                answer += line.take()
        finally:
            line.close()
        if line.error is not None:
            raise line.error
        return line.status, msgspec.json.decode(answer)

    def _think(self, thoughts: str) -> None:
        for piece in split_pieces(thoughts, "", self._with.chance):
            self._put(self._write.thinking(piece))
        if thoughts:
            self._put(self._write.thought(12))

    async def _answer(self, reply: Reply) -> None:
        chance, faults = self._with.chance, self._with.faults
        pieces = list(split_pieces(reply.text, self._agent.model, chance))
        if faults.is_repeated:
            pieces = [*pieces[:2], *pieces[:2], *pieces]
        for piece in pieces:
            await self._say(piece)
            if not self.is_running:
                return

    async def _say(self, piece: str) -> None:
        faults = self._with.faults
        self._put(self._write.text(piece))
        self._said += piece
        self._count += 1
        # A turn for those who read, and the model's own pace.
        await asyncio.sleep(1 / faults.tokens_per_s if faults.tokens_per_s else 0)
        if self._count == faults.text_count:
            self._interrupt()

    def _interrupt(self) -> None:
        faults = self._with.faults
        if faults.run_error:
            self._fail(faults.run_error)
        elif faults.is_cancelled:
            self._end("CANCELLED")
        elif faults.is_reset or faults.is_cut:
            self.status = "RESET" if faults.is_reset else "CUT"
            if faults.is_cut:
                self._put(encode_end_stream())
            self._frames.put_nowait(None)

    def _fail(self, message: str) -> None:
        self._put(self._write.status("ERROR", message))
        self._finish("ERROR", None, message)

    def _end(self, status: str) -> None:
        usage = None
        if status == "FINISHED":
            usage = self._usage()
            self._put(self._write.usage(usage))
        self._put(self._write.status(status))
        self._finish(status, usage, "")

    def _finish(self, status: str, usage: dict[str, int] | None, error: str) -> None:
        self.status = status
        said = self._said if status == "FINISHED" else ""
        self._put(self._write.result(status, said, usage, error), self._write.done())
        self._put(encode_end_stream())
        self._frames.put_nowait(None)

    def _usage(self) -> dict[str, int]:
        """About four characters are a token; what the agent has seen before was cached."""
        seen = sum(len(send["message"].get("text", "")) for send in self._agent.sends[:-1])
        asked, said = (len(self._text) + seen) // 4 + 1, len(self._said) // 4 + 1
        counts = {"inputTokens": asked, "outputTokens": said, "cacheReadTokens": seen // 4}
        return {**counts, "cacheWriteTokens": 0, "totalTokens": asked + said}


def _chunks(body: bytes) -> list[bytes]:
    """A body in HTTP chunks."""
    pieces = [body[at : at + CHUNK_BYTES] for at in range(0, len(body), CHUNK_BYTES)]
    return [*(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n"]
