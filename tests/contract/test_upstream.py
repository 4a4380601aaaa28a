"""What ports.Upstream promises, kept by every implementation of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import pytest
from msgspec.structs import replace

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Delta, Finished, FinishReason, TextDelta, Usage, UsageSource
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.upstreams.anthropic.chat import AnthropicUpstream
from cursor_api.upstreams.anthropic.options import AnthropicOptions
from cursor_api.upstreams.cursor.chat import CursorChat
from cursor_api.upstreams.cursor.options import CursorOptions
from cursor_api.upstreams.openai.chat import OpenAiUpstream
from cursor_api.upstreams.openai.options import OpenAiOptions
from cursor_api.wire.connect import encode_end_stream, encode_envelope
from cursor_api.wire.protobuf import field_string
from tests import anthropic_stage
from tests.fakes import ScriptedUpstream, Step, TickingClock
from tests.openai_stage import chunk, event
from tests.scripted_server import CONNECT_STREAM, Handler, ScriptedServer, Turn
from tests.waiting import until

DONE = Finished(FinishReason.STOP)
CODES = {FaultKind.RATE_LIMITED: "resource_exhausted", FaultKind.UPSTREAM_OVERLOADED: "unavailable"}
TYPES = {
    FaultKind.RATE_LIMITED: "rate_limit_error",
    FaultKind.UPSTREAM_OVERLOADED: "overloaded_error",
}

# What each credential, by its alias, is answered with.
Script = dict[str, list[Step]]


@dataclass(frozen=True, slots=True)
class Stage:
    """An upstream that plays a script, and how many of its answers have been closed.

    `done` is how it ends a whole one.
    """

    upstream: Upstream
    closed_count: Callable[[], int]
    done: Finished = DONE


StageMaker = Callable[[Script], AbstractAsyncContextManager[Stage]]


class Gate(asyncio.Event):
    """Knows whether somebody has come to it."""

    is_reached = False

    async def wait(self) -> Literal[True]:
        """Until it is set."""
        self.is_reached = True
        return await super().wait()


@asynccontextmanager
async def stage_scripted(script: Script) -> AsyncIterator[Stage]:
    """The stand-in that tests of the relay use."""
    upstream = ScriptedUpstream(script)
    yield Stage(upstream, lambda: len(upstream.closed))


Encoder = Callable[[Sequence[Delta] | Fault], bytes]


def player(script: Script, media_type: str, encode: Encoder) -> Handler:
    """A server that answers each key with its script."""

    async def play(turn: Turn) -> None:
        headers = turn.headers
        alias = headers.get("x-api-key") or headers["authorization"].removeprefix("Bearer ")
        await turn.head(content_type=media_type)
        for step in script[alias]:
            if isinstance(step, asyncio.Event):
                gone = asyncio.create_task(turn.gone())
                waited = asyncio.create_task(step.wait())
                await asyncio.wait({gone, waited}, return_when=asyncio.FIRST_COMPLETED)
                gone.cancel()
                waited.cancel()
                if turn.is_over:
                    return
            else:
                await turn.chunk(encode(step))
                await asyncio.sleep(0.01)
        await turn.end()

    return play


@asynccontextmanager
async def stage_cursor_chat(script: Script) -> AsyncIterator[Stage]:
    """StreamChat in front of a raw server."""
    play = player(script, CONNECT_STREAM, encode)
    async with ScriptedServer(play) as server, HttpClient(HttpOptions()) as client:
        options = CursorOptions(base_url=server.url)
        asked = len(server.requests)
        upstream = CursorChat(client, options, TickingClock())
        yield Stage(upstream, lambda: len(server.requests) - asked - client.open_count)


def encode(step: Sequence[Delta] | Fault) -> bytes:
    """A batch or a fault as StreamChat has it."""
    if isinstance(step, Fault):
        return encode_end_stream({"code": CODES[step.kind], "message": step.message})
    return b"".join(
        encode_envelope(field_string(1, delta.text))
        if isinstance(delta, TextDelta)
        else encode_end_stream()
        for delta in step
    )


@asynccontextmanager
async def stage_openai(script: Script) -> AsyncIterator[Stage]:
    """Chat completions in front of a raw server."""
    play = player(script, "text/event-stream", encode_events)

    async def serve(turn: Turn) -> None:
        if turn.line.startswith("GET"):
            await turn.answer(b'{"data": [{"id": "gpt-4o"}]}', content_type="application/json")
        else:
            await play(turn)

    async with ScriptedServer(serve) as server, HttpClient(HttpOptions()) as client:
        parts = UpstreamParts(
            "it", TickingClock(), StepRunner(), find_api_keys=lambda: (Secret("key"),)
        )
        upstream = OpenAiUpstream(client, OpenAiOptions(server.url), parts)
        done = replace(DONE, is_stated=True)
        yield Stage(upstream, lambda: len(server.requests) - client.open_count, done)


def encode_events(step: Sequence[Delta] | Fault) -> bytes:
    """A batch or a fault as events of chat completions."""
    if isinstance(step, Fault):
        return event({"error": {"message": step.message, "type": TYPES[step.kind]}})
    return b"".join(
        chunk({"content": delta.text})
        if isinstance(delta, TextDelta)
        else chunk(finish_reason="stop") + b"data: [DONE]\n\n"
        for delta in step
    )


@asynccontextmanager
async def stage_anthropic(script: Script) -> AsyncIterator[Stage]:
    """Messages in front of a raw server."""
    play = player(script, "text/event-stream", encode_messages)

    async def serve(turn: Turn) -> None:
        if turn.line.startswith("GET"):
            await turn.answer(b'{"data": [{"id": "claude"}]}', content_type="application/json")
        else:
            await play(turn)

    async with ScriptedServer(serve) as server, HttpClient(HttpOptions()) as client:
        parts = UpstreamParts(
            "it", TickingClock(), StepRunner(), find_api_keys=lambda: (Secret("key"),)
        )
        upstream = AnthropicUpstream(client, AnthropicOptions(server.url), parts)
        done = replace(DONE, usage=Usage(0, 5, UsageSource.UPSTREAM), is_stated=True)
        yield Stage(upstream, lambda: len(server.requests) - client.open_count, done)


def encode_messages(step: Sequence[Delta] | Fault) -> bytes:
    """A batch or a fault as events of messages."""
    if isinstance(step, Fault):
        error = {"type": TYPES[step.kind], "message": step.message}
        return anthropic_stage.event("error", error=error)
    return b"".join(
        anthropic_stage.text(delta.text) if isinstance(delta, TextDelta) else anthropic_stage.END
        for delta in step
    )


STAGES = {
    "scripted": stage_scripted,
    "cursor_chat": stage_cursor_chat,
    "openai": stage_openai,
    "anthropic": stage_anthropic,
}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> StageMaker:
    """Each implementation."""
    return STAGES[request.param]


def opened(
    upstream: Upstream, alias: str = "a"
) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Delta]]]:
    """A question asked with the credential of this alias."""
    request = ChatRequest("gpt-4o", (Message(Role.USER, (Text("q"),)),))
    credential = Credential(alias, Secret(alias), "checksum")
    return upstream.open(request, Route("it", "gpt-4o"), credential)


async def test_it_names_its_models(stage: StageMaker) -> None:
    """At least one, asked or known."""
    async with stage({}) as it:
        assert await it.upstream.list_models()


async def test_a_whole_answer_ends_with_finished_and_then_ends(stage: StageMaker) -> None:
    """No batch is empty, the last delta is the end, and asking on finds nothing."""
    script: Script = {"a": [[TextDelta("x"), TextDelta("y")], [TextDelta("z"), DONE]]}
    async with stage(script) as it:
        async with opened(it.upstream) as batches:
            got = [batch async for batch in batches]
            with pytest.raises(StopAsyncIteration):
                await anext(batches)
        assert all(got)
        assert [delta for batch in got for delta in batch] == [
            TextDelta("x"),
            TextDelta("y"),
            TextDelta("z"),
            it.done,
        ]
        assert it.closed_count() == 1


async def test_a_refusal_is_a_fault_before_the_first_delta(stage: StageMaker) -> None:
    """Raised on entering or by the first look, and the answer is closed."""
    async with stage({"a": [Fault(FaultKind.RATE_LIMITED, "no")]}) as it:
        with pytest.raises(Fault) as caught:
            await first_of(it.upstream)
        assert caught.value.kind is FaultKind.RATE_LIMITED
        assert it.closed_count() == 1


async def first_of(upstream: Upstream) -> Sequence[Delta]:
    """The first batch of an answer."""
    async with opened(upstream) as batches:
        return await anext(batches)


async def test_a_fault_in_the_middle_comes_behind_what_was_said(stage: StageMaker) -> None:
    """The text is given, then the fault is raised, and nothing else is."""
    said: list[Delta] = []

    async def listen(upstream: Upstream) -> None:
        async with opened(upstream) as batches:
            async for batch in batches:
                said.extend(batch)

    async with stage({"a": [[TextDelta("x")], Fault(FaultKind.UPSTREAM_OVERLOADED, "")]}) as it:
        with pytest.raises(Fault) as caught:
            await listen(it.upstream)
        assert caught.value.kind is FaultKind.UPSTREAM_OVERLOADED
        assert said == [TextDelta("x")]


async def test_leaving_early_closes_at_once(stage: StageMaker) -> None:
    """Not even a stalled upstream is waited for."""
    async with stage({"a": [[TextDelta("x")], asyncio.Event()]}) as it:
        async with asyncio.timeout(10):
            assert await first_of(it.upstream) == [TextDelta("x")]
        assert it.closed_count() == 1


async def test_being_cancelled_in_a_wait_closes_too(stage: StageMaker) -> None:
    """A caller that goes away is no Fault, and leaves nothing open."""
    gate = Gate()
    async with stage({"a": [gate]}) as it:
        task = asyncio.create_task(first_of(it.upstream))
        await until(lambda: gate.is_reached)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert it.closed_count() == 1


async def test_answers_at_the_same_time_do_not_mix(stage: StageMaker) -> None:
    """Each reader gets the answer to its own question."""
    aliases = [f"caller-{number}" for number in range(20)]
    script: Script = {alias: [[TextDelta(alias)], [TextDelta("."), DONE]] for alias in aliases}

    async def text_for(upstream: Upstream, alias: str) -> str:
        async with opened(upstream, alias) as batches:
            deltas = [delta async for batch in batches for delta in batch]
        return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))

    async with stage(script) as it:
        texts = await asyncio.gather(*(text_for(it.upstream, alias) for alias in aliases))
        assert texts == [f"{alias}." for alias in aliases]
