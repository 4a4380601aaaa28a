"""An Anthropic-compatible endpoint in front of a raw server that a test scripts.

Every event that is written here is one that Anthropic's own types know.
"""

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
from cursor_api.upstreams.anthropic.chat import AnthropicUpstream
from cursor_api.upstreams.anthropic.options import AnthropicOptions, ThinkingTimeouts
from tests.anthropic_types import check_event
from tests.fakes import TickingClock
from tests.scripted_server import Handler, ScriptedServer

KEY = Secret("an-opaque-key-of-the-endpoint")
CREDENTIAL = Credential("me", KEY, endpoint="somewhere")
REQUEST = ChatRequest("any", (Message(Role.USER, (Text("hi"),)),))
ROUTE = Route("somewhere", "claude-sonnet-4-5")
# Unix time in seconds, as Retry-After dates count from it.
CONTEXT = FaultContext("somewhere", KEY, lambda: 1_700_000_000.0)

Json = dict[str, Any]


def event(kind: str, **fields: Any) -> bytes:
    """An event of a stream."""
    content = {"type": kind, **fields}
    check_event(content)
    return f"event: {kind}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n".encode()


def start(**usage: Any) -> bytes:
    """How every stream begins."""
    message: Json = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 1, **usage},
    }
    return event("message_start", message=message)


def block(index: int, content: Json, *deltas: Json) -> bytes:
    """A block from its beginning to its end."""
    return b"".join(
        [
            event("content_block_start", index=index, content_block=content),
            *[event("content_block_delta", index=index, delta=delta) for delta in deltas],
            event("content_block_stop", index=index),
        ]
    )


def text(*pieces: str, index: int = 0) -> bytes:
    """A block of text."""
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return block(index, {"type": "text", "text": ""}, *deltas)


def thinking(*pieces: str, signature: str, index: int = 0) -> bytes:
    """A block of thinking, signed at its end."""
    deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    content = {"type": "thinking", "thinking": "", "signature": ""}
    return block(index, content, *deltas, {"type": "signature_delta", "signature": signature})


def call(name: str, *pieces: str, index: int = 0, call_id: str = "toolu_1") -> bytes:
    """A block that calls a tool."""
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces)]
    content = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
    return block(index, content, *deltas)


def end(reason: str = "end_turn", *, output_tokens: int = 5, **more: Any) -> bytes:
    """How every whole stream ends. `usage` is what it tells beside the output's."""
    usage = {"output_tokens": output_tokens, **more.pop("usage", {})}
    delta = {"stop_reason": reason, "stop_sequence": None, **more}
    return event("message_delta", delta=delta, usage=usage) + event("message_stop")


HELLO = start() + text("Hello")
END = end()


@asynccontextmanager
async def upstream(
    handler: Handler, timeouts: ThinkingTimeouts | None = None, keys: Sequence[Secret] = (KEY,)
) -> AsyncIterator[tuple[AnthropicUpstream, ScriptedServer]]:
    """The upstream in front of a server that does what `handler` says."""
    async with ScriptedServer(handler) as server, HttpClient(HttpOptions()) as client:
        options = AnthropicOptions(server.url, timeouts=timeouts or ThinkingTimeouts())
        parts = UpstreamParts("somewhere", TickingClock(), StepRunner(), find_api_keys=lambda: keys)
        yield AnthropicUpstream(client, options, parts), server


async def ask(
    chat: AnthropicUpstream, request: ChatRequest = REQUEST, credential: Credential = CREDENTIAL
) -> list[Sequence[Delta]]:
    """All batches of an answer."""
    async with chat.open(request, ROUTE, credential) as batches:
        return [batch async for batch in batches]


async def deltas_of(handler: Handler, request: ChatRequest = REQUEST) -> list[Delta]:
    """All deltas of the answer that this server gives."""
    async with upstream(handler) as (chat, _):
        return [delta for batch in await ask(chat, request) for delta in batch]


async def fault_of(handler: Handler, timeouts: ThinkingTimeouts | None = None) -> Fault:
    """What asking this server ends with."""
    async with upstream(handler, timeouts) as (chat, _):
        with pytest.raises(Fault) as caught:
            await ask(chat)
        return caught.value
