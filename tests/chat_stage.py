"""StreamChat in front of a raw server that a test scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Delta, Finished, FinishReason
from cursor_api.domain.errors import Fault
from cursor_api.transport.client import HttpClient, HttpOptions, Timeouts
from cursor_api.transport.timeouts import TimeoutsByModel
from cursor_api.upstreams.cursor.chat import CursorChat
from cursor_api.upstreams.cursor.options import CursorOptions
from cursor_api.wire.connect import encode_end_stream, encode_envelope
from cursor_api.wire.protobuf import field_string
from tests.fakes import TickingClock
from tests.scripted_server import Handler, ScriptedServer, Turn

IDS = "ab" * 32 + "/" + "cd" * 32
CREDENTIAL = Credential("me", Secret("header.claims.signature"), "3N3fyLW6" + IDS)
REQUEST = ChatRequest("any", (Message(Role.USER, (Text("hi"),)),))
ROUTE = Route("cursor", "gpt-4o")
END = encode_end_stream()
DONE = Finished(FinishReason.STOP)


def text(words: str) -> bytes:
    """A frame of text."""
    return encode_envelope(field_string(1, words))


@asynccontextmanager
async def upstream(
    handler: Handler, options: CursorOptions | None = None, timeouts: TimeoutsByModel | None = None
) -> AsyncIterator[tuple[CursorChat, ScriptedServer]]:
    """The upstream in front of a server that does what `handler` says."""
    async with ScriptedServer(handler) as server, HttpClient(HttpOptions()) as client:
        # The zone that the earlier program states.
        mine = options or CursorOptions(
            base_url=server.url, timezone="Asia/Shanghai", timeouts=timeouts or TimeoutsByModel()
        )
        yield CursorChat(client, mine, TickingClock()), server


async def ask(
    chat: CursorChat, request: ChatRequest = REQUEST, credential: Credential = CREDENTIAL
) -> list[Sequence[Delta]]:
    """All batches of an answer."""
    async with chat.open(request, ROUTE, credential) as batches:
        return [batch async for batch in batches]


async def fault_of(handler: Handler, timeouts: Timeouts | None = None) -> Fault:
    """What asking this server ends with."""
    rows = timeouts or Timeouts()
    by_model = TimeoutsByModel((("*", rows.first_token_s),), (("*", rows.idle_s),))
    async with upstream(handler, timeouts=by_model) as (chat, _):
        with pytest.raises(Fault) as caught:
            await ask(chat)
        return caught.value


async def hello(turn: Turn) -> None:
    """A small whole answer."""
    await turn.head()
    await turn.chunk(text("Hello") + END)
    await turn.end()
