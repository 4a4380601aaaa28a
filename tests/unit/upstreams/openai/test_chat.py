"""Chat completions over HTTP: what is sent, and how answers are read."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import pytest

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest, Native, Origin
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import (
    Finished,
    FinishReason,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.keys import NO_KEY
from cursor_api.transport.model_lists import LIST_BYTES_MAX
from cursor_api.upstreams.openai.chat import new_call_id
from cursor_api.upstreams.openai.options import PatientTimeouts
from tests.openai_stage import (
    CREDENTIAL,
    DONE,
    HELLO,
    KEY,
    REQUEST,
    ROUTE,
    STOP,
    ask,
    chunk,
    deltas_of,
    fault_of,
    stream,
    upstream,
    usage,
)
from tests.scripted_server import Turn

END = Finished(FinishReason.STOP, is_stated=True)


async def hello(turn: Turn) -> None:
    """A small whole answer."""
    await stream(turn, HELLO + STOP + DONE)


async def test_the_request_has_what_it_needs_and_nothing_of_the_callers() -> None:
    """Line, headers and body; the answer in one batch for one read."""
    async with upstream(hello) as (chat, server):
        assert await ask(chat) == [[TextDelta("Hello"), END]]
        turn, port = server.requests[0], server.port
        assert repr(chat) == f"OpenAiUpstream({server.url}/v1)"
    assert turn.line == "POST /v1/chat/completions HTTP/1.1"
    headers = dict(turn.headers)
    assert headers.pop("user-agent").startswith("cursor-api/")
    assert headers == {
        "host": f"127.0.0.1:{port}",
        "content-type": "application/json",
        "content-length": str(len(turn.body)),
        "accept": "text/event-stream, application/json",
        "accept-encoding": "identity",
        "authorization": f"Bearer {KEY.reveal()}",
    }
    assert json.loads(turn.body) == {
        "model": "their-model",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "hi"}],
    }


async def test_a_request_in_the_same_dialect_goes_on_as_it_came() -> None:
    """Unknown fields and all; only the gateway's decisions are written over it."""
    body = b'{"model":"ours","messages":[{"role":"user","content":"hi"}],"vendor":{"x":[1.50]}}'
    origin = Origin(Native("openai_chat", body))
    async with upstream(hello) as (chat, server):
        for is_stream in (True, False):
            await ask(
                chat, ChatRequest("ours", REQUEST.messages, is_stream=is_stream, origin=origin)
            )
        sent, whole = [turn.body for turn in server.requests]
    assert json.loads(sent)["model"] == "their-model"
    assert b'"vendor":{"x":[1.50]}' in sent
    assert json.loads(sent)["stream_options"] == {"include_usage": True}
    assert json.loads(whole) == json.loads(body) | {"model": "their-model"}


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
        assert len(server.requests) == 2
        assert not any("authorization" in turn.headers for turn in server.requests)


@pytest.mark.parametrize("secret", ["", "a b", "a\r\nx: y", "schlüssel"])
async def test_a_key_that_cannot_be_sent_is_the_keys_fault(secret: str) -> None:
    """Nothing is sent; another key may serve."""
    async with upstream(hello) as (chat, server):
        with pytest.raises(Fault) as caught:
            await ask(chat, credential=Credential("me", Secret(secret)))
        assert server.requests == []
    assert caught.value.kind is FaultKind.CREDENTIAL_REJECTED
    assert not secret or secret not in caught.value.message


async def test_characters_that_are_none_are_the_callers_fault() -> None:
    """A lone surrogate cannot be written."""
    request = ChatRequest("any", (Message(Role.USER, (Text("\ud800"),)),))
    async with upstream(hello) as (chat, _):
        with pytest.raises(Fault) as caught:
            await ask(chat, request)
    assert caught.value.kind is FaultKind.INVALID_REQUEST
    assert caught.value.param == "messages"


async def test_a_stream_cut_between_any_two_bytes_is_the_same_answer() -> None:
    """Each byte in a chunk of HTTP's own, multi-byte characters and all."""
    call = {"index": 0, "id": "a", "function": {"name": "look", "arguments": '{"ü":1}'}}
    body = chunk({"content": "Grüße 你好🙂"}) + chunk({"tool_calls": [call]}, "tool_calls")
    body += usage() + DONE

    async def slowly(turn: Turn) -> None:
        await stream(turn, *(body[a:b] for a, b in pairwise(range(len(body) + 1))))

    assert await deltas_of(slowly) == [
        TextDelta("Grüße 你好🙂"),
        ToolCallBegun(0, "a", "look"),
        ToolArgumentsDelta(0, '{"ü":1}'),
        Finished(FinishReason.TOOL_CALLS, Usage(7, 5, UsageSource.UPSTREAM), is_stated=True),
    ]


async def test_the_connection_is_kept_after_a_whole_answer() -> None:
    """One connection serves request after request."""
    async with upstream(hello) as (chat, server):
        for _ in range(3):
            await ask(chat)
            await asyncio.sleep(0.05)
        assert server.connection_count == 1


async def test_an_answer_in_one_piece_is_taken() -> None:
    """From a server that knows no streams."""

    async def whole(turn: Turn) -> None:
        choice = {"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
        body = json.dumps({"choices": [choice]}).encode()
        await turn.answer(body, content_type="application/json; charset=utf-8")

    assert await deltas_of(whole) == [TextDelta("Hello"), END]


async def test_a_server_that_states_no_type_is_read_as_a_stream() -> None:
    """Any other type says that the address is wrong."""

    async def untyped(turn: Turn) -> None:
        await turn.head(content_type="")
        await turn.chunk(HELLO + STOP + DONE)
        await turn.end()

    async def page(turn: Turn) -> None:
        await turn.answer(b"<html>", content_type="text/html")

    assert await deltas_of(untyped) == [TextDelta("Hello"), END]
    fault = await fault_of(page)
    assert fault.kind is FaultKind.PROTOCOL_ERROR
    assert "text/html" in fault.message
    assert "base_url" in fault.message


async def test_a_refusal_is_read_by_its_table() -> None:
    """Its wait included, its secrets not."""

    async def refuse(turn: Turn) -> None:
        body = {"error": {"message": f"slow down, {KEY.reveal()}", "code": "rate_limit_exceeded"}}
        await turn.answer(
            json.dumps(body).encode(), 429, content_type="application/json", retry_after="7"
        )

    fault = await fault_of(refuse)
    assert (fault.kind, fault.retry_after_s) == (FaultKind.RATE_LIMITED, 7)
    assert fault.message == "somewhere limits the rate of the gateway's key: slow down, an-o…oint"


async def test_a_redirect_is_never_followed() -> None:
    """The key goes to the configured address and nowhere else."""

    async def elsewhere(turn: Turn) -> None:
        await turn.answer(b"", 307, location="http://127.0.0.1:1/v1/chat/completions")

    assert (await fault_of(elsewhere)).kind is FaultKind.UPSTREAM_ERROR


async def test_a_stream_that_breaks_off_is_told_as_such() -> None:
    """After what came of it, in the order in which it came."""

    async def cut(turn: Turn) -> None:
        await stream(turn, HELLO, is_whole=False)

    async with upstream(cut) as (chat, _), chat.open(REQUEST, ROUTE, CREDENTIAL) as batches:
        assert await anext(batches) == [TextDelta("Hello")]
        with pytest.raises(Fault) as caught:
            await anext(batches)
    assert caught.value.kind is FaultKind.INCOMPLETE


async def test_a_fault_behind_a_word_does_not_wait_for_the_network() -> None:
    """The server says it and then nothing more."""

    async def fail(turn: Turn) -> None:
        await turn.head(content_type="text/event-stream")
        await turn.chunk(HELLO + b'data: {"error": {"code": 503}}\n\n')
        await turn.gone()

    async with upstream(fail) as (chat, _), chat.open(REQUEST, ROUTE, CREDENTIAL) as batches:
        assert await anext(batches) == [TextDelta("Hello")]
        with pytest.raises(Fault) as caught:
            await asyncio.wait_for(anext(batches), 10)
    assert caught.value.kind is FaultKind.UPSTREAM_OVERLOADED


async def test_how_a_server_hangs_up_after_its_reason_does_not_matter() -> None:
    """The answer is whole; without its reason the same would be a fault."""

    async def hang_up(turn: Turn) -> None:
        await stream(turn, HELLO, STOP, is_whole=False)

    async def hang(turn: Turn) -> None:
        await turn.head(content_type="text/event-stream")
        await turn.chunk(HELLO + STOP)
        await turn.gone()

    assert await deltas_of(hang_up) == [TextDelta("Hello"), END]
    async with upstream(hang, PatientTimeouts(idle_s=(("*", 0.2),))) as (chat, _):
        assert await ask(chat) == [[TextDelta("Hello")], [END]]


@pytest.mark.parametrize("said", [b"", HELLO], ids=["before a word", "after one"])
async def test_silence_has_a_limit_by_model(said: bytes) -> None:
    """Comments and a role are no words: they do not end the wait for the first."""

    async def silent(turn: Turn) -> None:
        await turn.head(content_type="text/event-stream")
        await turn.chunk(b": wait\n\n" + chunk({"role": "assistant"}) + said)
        await turn.gone()

    short = (("their-*", 0.2), ("*", 60.0))
    long = (("*", 60.0),)
    timeouts = PatientTimeouts(short, long) if not said else PatientTimeouts(long, short)
    fault = await fault_of(silent, timeouts)
    assert fault.kind is FaultKind.UPSTREAM_TIMEOUT


async def test_leaving_early_closes_the_request() -> None:
    """A caller who leaves costs no more tokens."""
    gone = asyncio.Event()

    async def endless(turn: Turn) -> None:
        await turn.head(content_type="text/event-stream")
        await turn.chunk(HELLO)
        await turn.gone()
        gone.set()

    async with upstream(endless) as (chat, _):
        async with chat.open(REQUEST, Route("somewhere", "m"), CREDENTIAL) as batches:
            await anext(batches)
        await asyncio.wait_for(gone.wait(), 10)


def test_an_id_that_is_made_up_is_nobody_elses() -> None:
    """In the form that clients know."""
    assert new_call_id().startswith("call_")
    assert new_call_id() != new_call_id()


async def test_the_list_of_models_is_asked_with_the_first_key_that_is_accepted() -> None:
    """A key that was revoked does not take the list away."""

    async def models(turn: Turn) -> None:
        if turn.headers["authorization"] == "Bearer good":
            await turn.answer(b'{"data":[{"id":"a"},{"id":"b"}]}', content_type="application/json")
        else:
            await turn.answer(b"", 401)

    async with upstream(models, keys=[Secret("bad"), Secret("good"), Secret("x")]) as (
        chat,
        server,
    ):
        assert await chat.list_models() == [Model(name, "somewhere", 0) for name in "ab"]
        assert [turn.line for turn in server.requests] == ["GET /v1/models HTTP/1.1"] * 2


@pytest.mark.parametrize(
    ("status", "body", "kind", "count"),
    [
        (401, b"", FaultKind.CREDENTIAL_REJECTED, 2),
        (404, b"", FaultKind.PROTOCOL_ERROR, 1),
        (500, b"", FaultKind.UPSTREAM_ERROR, 1),
        (200, b"<html>", FaultKind.PROTOCOL_ERROR, 1),
        (200, b" " * (LIST_BYTES_MAX + 1), FaultKind.PROTOCOL_ERROR, 1),
    ],
    ids=["keys", "not there", "broken", "no list", "too long"],
)
async def test_a_list_that_cannot_be_had_is_a_fault(
    status: int, body: bytes, kind: FaultKind, count: int
) -> None:
    """For whoever keeps the one of before; the other keys are asked where it is the key's fault."""

    async def refuse(turn: Turn) -> None:
        await turn.answer(body, status, content_type="application/json")

    async with upstream(refuse, keys=[KEY, Secret("other")]) as (chat, server):
        with pytest.raises(Fault) as caught:
            await chat.list_models()
        assert len(server.requests) == count
    assert caught.value.kind is kind


async def test_without_a_key_no_list_is_asked_for() -> None:
    """It would only be refused."""
    async with upstream(hello, keys=[]) as (chat, server):
        with pytest.raises(Fault) as caught:
            await chat.list_models()
        assert server.requests == []
    assert caught.value.kind is FaultKind.NO_CREDENTIALS
