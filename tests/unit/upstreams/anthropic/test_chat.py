"""Messages over HTTP: what is sent, and how answers are read."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import pytest

from cursor_api.dialects.anthropic_messages.request import NAME
from cursor_api.domain.catalog import Model
from cursor_api.domain.chat import ChatRequest, Native, Origin
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import (
    Finished,
    FinishReason,
    NativeBatch,
    TextDelta,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.features import Feature
from cursor_api.transport.keys import NO_KEY
from cursor_api.upstreams.anthropic.chat import DOCUMENTS, PAGES_MAX
from cursor_api.upstreams.anthropic.kind import AnthropicKind
from cursor_api.upstreams.anthropic.options import ThinkingTimeouts
from tests.anthropic_stage import (
    CREDENTIAL,
    END,
    HELLO,
    KEY,
    REQUEST,
    ROUTE,
    ask,
    deltas_of,
    event,
    fault_of,
    start,
    text,
    thinking,
    upstream,
)
from tests.anthropic_types import read_request
from tests.scripted_server import Turn

WHOLE = {
    "type": "message",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 7, "output_tokens": 5},
}
FINISHED = Finished(FinishReason.STOP, Usage(7, 5, UsageSource.UPSTREAM), is_stated=True)


async def stream(turn: Turn, *pieces: bytes) -> None:
    """Answer with these pieces of an event stream, each a chunk of HTTP's own."""
    await turn.head(content_type="text/event-stream; charset=utf-8")
    for piece in pieces:
        await turn.chunk(piece)
    await turn.end()


async def hello(turn: Turn) -> None:
    """A small whole answer."""
    await stream(turn, HELLO + END)


async def test_the_request_has_what_it_needs_and_nothing_of_the_callers() -> None:
    """Line, headers and body; the answer in one batch for one read."""
    async with upstream(hello) as (chat, server):
        assert await ask(chat) == [[TextDelta("Hello"), FINISHED]]
        turn, port = server.requests[0], server.port
        assert repr(chat) == f"AnthropicUpstream({server.url}/v1)"
    assert turn.line == "POST /v1/messages HTTP/1.1"
    headers = dict(turn.headers)
    assert headers.pop("user-agent").startswith("cursor-api/")
    assert headers == {
        "host": f"127.0.0.1:{port}",
        "content-type": "application/json",
        "content-length": str(len(turn.body)),
        "accept": "text/event-stream, application/json",
        "accept-encoding": "identity",
        "anthropic-version": "2023-06-01",
        "x-api-key": KEY.reveal(),
    }
    sent = read_request(turn.body)
    assert (sent["model"], sent["stream"]) == (ROUTE.model, True)


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_request_in_the_same_dialect_is_asked_as_the_caller_asks(is_stream: bool) -> None:  # noqa: FBT001 - a case
    """In one piece or streamed; one of another dialect is always streamed."""
    body = b'{"model":"ours","max_tokens":5,"vendor":[1.50],"messages":[]}'

    async def answer(turn: Turn) -> None:
        if json.loads(turn.body)["stream"]:
            await hello(turn)
            return
        await turn.answer(json.dumps(WHOLE).encode(), content_type="application/json")

    headers = (("anthropic-beta", "a-1,b-2"), ("anthropic-version", "2026-10-21"))
    native = Native(NAME, body, headers=headers)
    request = ChatRequest("ours", REQUEST.messages, is_stream=is_stream, origin=Origin(native))
    # One piece has more time than a first word, as it is the last one too.
    short = ThinkingTimeouts((("*", 0.2),), (("*", 5.0),))
    async with upstream(answer, short) as (chat, server):
        (batch,) = await ask(chat, request)
        turn = server.requests[0]
    assert isinstance(batch, NativeBatch)
    assert list(batch) == [TextDelta("Hello"), FINISHED]
    assert batch.body == (HELLO + END if is_stream else json.dumps(WHOLE).encode())
    assert b'"vendor":[1.50]' in turn.body
    assert json.loads(turn.body)["stream"] is is_stream
    assert headers == tuple((name, turn.headers[name]) for name, _ in headers)


async def test_a_server_that_asks_for_no_key_is_sent_none() -> None:
    """Neither with a chat nor for the list of models."""

    async def both(turn: Turn) -> None:
        if turn.line.startswith("GET"):
            await turn.answer(b'{"data":[{"id":"a"}]}', content_type="application/json")
        else:
            await hello(turn)

    async with upstream(both, keys=[NO_KEY]) as (chat, server):
        await ask(chat, credential=Credential("me", Secret("-")))
        await chat.list_models()
        assert not any("x-api-key" in turn.headers for turn in server.requests)


async def test_what_cannot_be_sent_is_told_before_it_is_tried() -> None:
    """A key with other characters than headers have; a lone surrogate in the messages."""
    request = ChatRequest("any", (Message(Role.USER, (Text("\ud800"),)),))
    async with upstream(hello) as (chat, server):
        with pytest.raises(Fault) as caught:
            await ask(chat, credential=Credential("me", Secret("a\r\nx: y")))
        assert caught.value.kind is FaultKind.CREDENTIAL_REJECTED
        with pytest.raises(Fault) as caught:
            await ask(chat, request)
        assert (caught.value.kind, caught.value.param) == (FaultKind.INVALID_REQUEST, "messages")
        assert server.requests == []


async def test_a_stream_cut_between_any_two_bytes_is_the_same_answer() -> None:
    """Each byte in a chunk of HTTP's own, multi-byte characters and all."""
    body = start() + text("Grüße 你好🙂") + END

    async def slowly(turn: Turn) -> None:
        await stream(turn, *(body[a:b] for a, b in pairwise(range(len(body) + 1))))

    assert await deltas_of(slowly) == [TextDelta("Grüße 你好🙂"), FINISHED]


async def test_the_connection_is_kept_after_a_whole_answer() -> None:
    """One connection serves request after request."""
    async with upstream(hello) as (chat, server):
        for _ in range(3):
            await ask(chat)
            await asyncio.sleep(0.05)
        assert server.connection_count == 1


async def test_a_refusal_is_read_by_its_table() -> None:
    """Its wait included, its secrets not."""

    async def refuse(turn: Turn) -> None:
        error = {"type": "rate_limit_error", "message": f"slow down, {KEY.reveal()}"}
        body = json.dumps({"type": "error", "error": error}).encode()
        await turn.answer(body, 429, content_type="application/json", retry_after="7")

    fault = await fault_of(refuse)
    assert (fault.kind, fault.retry_after_s) == (FaultKind.RATE_LIMITED, 7)
    assert fault.message == "somewhere limits the rate of the gateway's key: slow down, an-o…oint"


async def test_an_error_behind_a_word_is_told_after_it() -> None:
    """The server says it and then nothing more."""
    error = event("error", error={"type": "overloaded_error", "message": "Overloaded"})

    async def fail(turn: Turn) -> None:
        await turn.head(content_type="text/event-stream")
        await turn.chunk(HELLO + error)
        await turn.gone()

    async with upstream(fail) as (chat, _), chat.open(REQUEST, ROUTE, CREDENTIAL) as batches:
        assert await anext(batches) == [TextDelta("Hello")]
        with pytest.raises(Fault) as caught:
            await asyncio.wait_for(anext(batches), 10)
    assert caught.value.kind is FaultKind.UPSTREAM_OVERLOADED


async def test_silence_has_a_limit_and_a_ping_is_no_word() -> None:
    """Nothing said yet, or nothing more; a thought is a word."""

    async def silent(turn: Turn) -> None:
        await turn.head(content_type="text/event-stream")
        await turn.chunk(start() + event("ping"))
        await turn.gone()

    async def thoughtful(turn: Turn) -> None:
        await turn.head(content_type="text/event-stream")
        await turn.chunk(start() + thinking("Hm", signature="s"))
        await turn.gone()

    short, long = (("claude-*", 0.2), ("*", 60.0)), (("*", 60.0),)
    for handler, timeouts in (
        (silent, ThinkingTimeouts(short, long)),
        (thoughtful, ThinkingTimeouts(long, short)),
    ):
        assert (await fault_of(handler, timeouts)).kind is FaultKind.UPSTREAM_TIMEOUT


async def test_the_list_of_models_is_read_page_by_page() -> None:
    """With the first key that is accepted, with the dates that the list tells."""

    async def models(turn: Turn) -> None:
        if turn.headers["x-api-key"] != "good":
            await turn.answer(b"", 401)
            return
        last = "after_id=a%2Bb" in turn.line
        listed = [{"id": "c", "type": "model"}] if last else [{"id": "a"}, {"id": "a+b"}]
        listed[0]["created_at"] = "2025-02-19T00:00:00Z"
        body = {"data": listed, "has_more": not last, "last_id": listed[-1]["id"]}
        await turn.answer(json.dumps(body).encode(), content_type="application/json")

    async with upstream(models, keys=[Secret("bad"), Secret("good")]) as (chat, server):
        assert await chat.list_models() == [
            Model("a", "somewhere", 1_739_923_200),
            Model("a+b", "somewhere", 0),
            Model("c", "somewhere", 1_739_923_200),
        ]
        assert [turn.line.split()[1] for turn in server.requests[1:]] == [
            "/v1/models?limit=1000",
            "/v1/models?limit=1000&after_id=a%2Bb",
        ]


async def test_a_list_without_an_end_is_a_fault() -> None:
    """For whoever keeps the one of before."""

    async def endless(turn: Turn) -> None:
        body = b'{"data": [{"id": "a"}], "has_more": true, "last_id": "a"}'
        await turn.answer(body, content_type="application/json")

    async with upstream(endless) as (chat, server):
        with pytest.raises(Fault) as caught:
            await chat.list_models()
        assert len(server.requests) == PAGES_MAX
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


async def test_the_newest_models_take_no_temperature() -> None:
    """It is left out of what they are sent, so the caller is told that it changes nothing."""
    async with upstream(hello) as (claude, _):
        assert Feature.TEMPERATURE in claude.find_lacks("claude-opus-4-7") <= AnthropicKind.features
        assert claude.find_lacks("claude-sonnet-4-5-20250929") == frozenset()
        # Others behind this API may read no files.
        assert claude.find_lacks("kimi-k2") == DOCUMENTS <= AnthropicKind.features
