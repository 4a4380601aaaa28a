"""An OpenAI-compatible endpoint in front of a raw server that a test scripts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Delta
from cursor_api.domain.errors import Fault
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.refusals import FaultContext
from cursor_api.upstreams.openai.chat import OpenAiUpstream
from cursor_api.upstreams.openai.options import OpenAiOptions, PatientTimeouts
from tests.fakes import TickingClock
from tests.scripted_server import Handler, ScriptedServer, Turn

KEY = Secret("an-opaque-key-of-the-endpoint")
CREDENTIAL = Credential("me", KEY, endpoint="somewhere")
REQUEST = ChatRequest("any", (Message(Role.USER, (Text("hi"),)),))
ROUTE = Route("somewhere", "their-model")
# Unix time in seconds, as Retry-After dates count from it.
CONTEXT = FaultContext("somewhere", KEY, lambda: 1_700_000_000.0)
DONE = b"data: [DONE]\n\n"

Json = dict[str, Any]


def event(content: Json) -> bytes:
    """A server-sent event."""
    return b"data: %b\n\n" % json.dumps(content).encode()


def chunk(delta: Json | None = None, finish_reason: str | None = None, **more: Any) -> bytes:
    """A chunk of a stream, as OpenAI writes it."""
    choice = {"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish_reason}
    return event(
        {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice], **more}
    )


def usage(**more: Any) -> bytes:
    """The last chunk of a stream that tells of its usage."""
    return event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5, **more}})


HELLO = chunk({"role": "assistant", "content": ""}) + chunk({"content": "Hello"})
STOP = chunk(finish_reason="stop")


@asynccontextmanager
async def upstream(
    handler: Handler, timeouts: PatientTimeouts | None = None, keys: Sequence[Secret] = (KEY,)
) -> AsyncIterator[tuple[OpenAiUpstream, ScriptedServer]]:
    """The upstream in front of a server that does what `handler` says."""
    async with ScriptedServer(handler) as server, HttpClient(HttpOptions()) as client:
        options = OpenAiOptions(server.url, timeouts=timeouts or PatientTimeouts())
        parts = UpstreamParts("somewhere", TickingClock(), StepRunner(), find_api_keys=lambda: keys)
        yield OpenAiUpstream(client, options, parts, new_id=lambda: "call_made_up"), server


async def ask(
    chat: OpenAiUpstream, request: ChatRequest = REQUEST, credential: Credential = CREDENTIAL
) -> list[Sequence[Delta]]:
    """All batches of an answer."""
    async with chat.open(request, ROUTE, credential) as batches:
        return [batch async for batch in batches]


async def deltas_of(handler: Handler) -> list[Delta]:
    """All deltas of the answer that this server gives."""
    async with upstream(handler) as (chat, _):
        return [delta for batch in await ask(chat) for delta in batch]


async def fault_of(handler: Handler, timeouts: PatientTimeouts | None = None) -> Fault:
    """What asking this server ends with."""
    async with upstream(handler, timeouts) as (chat, _):
        with pytest.raises(Fault) as caught:
            await ask(chat)
        return caught.value


async def stream(turn: Turn, *pieces: bytes, is_whole: bool = True) -> None:
    """Answer with these pieces of an event stream, each a chunk of HTTP's own."""
    await turn.head(content_type="text/event-stream; charset=utf-8")
    for piece in pieces:
        await turn.chunk(piece)
    if is_whole:
        await turn.end()
    else:
        turn.close()
