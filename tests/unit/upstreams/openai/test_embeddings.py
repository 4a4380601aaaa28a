"""Vectors of an OpenAI-compatible endpoint: what is sent, and what is an answer."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.openai_embeddings.request import parse_request
from cursor_api.domain.deltas import Finished, FinishReason, NativeBatch, Usage, UsageSource
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.openai.embeddings import pack_vectors
from cursor_api.wire.limits import RequestLimits
from tests.openai_stage import KEY, ask, upstream
from tests.scripted_server import Turn
from tests.steps import finish

BODY = b'{"model":"ours","input":["a","b"],"encoding_format":"base64","vendor":{"x":[1.50]}}'
REQUEST = finish(parse_request(BODY, RequestLimits())).chat
VECTORS = b'{"object": "list", "data": [{"embedding": "AAAA"}], "usage": {"prompt_tokens": 7}}'


async def test_a_body_goes_there_and_one_comes_back() -> None:
    """Only the model is another; what the endpoint counted is counted."""

    async def vectors(turn: Turn) -> None:
        await turn.answer(VECTORS, content_type="application/json")

    async with upstream(vectors) as (chat, server):
        (batch,) = await ask(chat, REQUEST)
        turn = server.requests[0]
    assert turn.line == "POST /v1/embeddings HTTP/1.1"
    assert turn.headers["authorization"] == f"Bearer {KEY.reveal()}"
    assert json.loads(turn.body) == json.loads(BODY) | {"model": "their-model"}
    assert b"1.50" in turn.body
    assert isinstance(batch, NativeBatch)
    assert batch.body == VECTORS
    counted = Usage(7, 0, UsageSource.UPSTREAM)
    assert list(batch) == [Finished(FinishReason.STOP, counted, is_stated=True)]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", FaultKind.PROTOCOL_ERROR),
        (200, b"<html>", FaultKind.PROTOCOL_ERROR),
        (200, b'{"data": [' + b" " * 70_000, FaultKind.PROTOCOL_ERROR),
        # A model that chats, and what an aggregator says of one that is gone.
        (200, b'{"data": []}', FaultKind.INVALID_REQUEST),
        (200, b'{"id": "1", "choices": [{}]}', FaultKind.INVALID_REQUEST),
        (200, b'{"error": {"message": "No model", "code": 404}}', FaultKind.MODEL_NOT_FOUND),
        (200, b'{"error": {"message": "Slow down", "code": 429}}', FaultKind.RATE_LIMITED),
        (200, VECTORS[:-1], FaultKind.PROTOCOL_ERROR),
        (401, b"{}", FaultKind.CREDENTIAL_REJECTED),
        (429, b"{}", FaultKind.RATE_LIMITED),
        (400, b'{"error": {"message": "too many"}}', FaultKind.INVALID_REQUEST),
        # It has no such call, and answers chats.
        (404, b"", FaultKind.INVALID_REQUEST),
        (404, b'{"error": {"message": "Unknown request URL"}}', FaultKind.INVALID_REQUEST),
        (405, b"<html>", FaultKind.INVALID_REQUEST),
        (501, b'{"error": {"type": "not_supported_error"}}', FaultKind.INVALID_REQUEST),
    ],
)
async def test_what_is_no_answer_is_its_fault(status: int, body: bytes, kind: FaultKind) -> None:
    """As with chat; half an answer is none."""

    async def refuse(turn: Turn) -> None:
        await turn.answer(body, status, content_type="application/json")

    async with upstream(refuse) as (chat, _):
        with pytest.raises(Fault) as caught:
            await ask(chat, REQUEST)
    assert caught.value.kind is kind


async def test_a_body_that_is_cut_is_never_told_as_whole() -> None:
    """The connection ends behind what would be a whole answer of fewer bytes than were told."""

    async def cut(turn: Turn) -> None:
        size = str(len(VECTORS) + 9)
        await turn.answer(VECTORS, content_type="application/json", content_length=size)
        turn.close()

    async with upstream(cut) as (chat, _):
        with pytest.raises(Fault) as caught:
            await ask(chat, REQUEST)
    assert caught.value.kind is FaultKind.INCOMPLETE


def test_numbers_are_packed_where_that_was_asked_for() -> None:
    """Clients read them as base64, whatever they are; everything else stays as it came."""
    numbers = b'{"x": 1.50, "data": [{"embedding": [1, -2.5], "index": 0}, {"embedding": "AAAA"}]}'
    packed = json.loads(finish(pack_vectors(numbers)))
    assert packed == {
        "x": 1.5,
        "data": [{"embedding": "AACAPwAAIMA=", "index": 0}, {"embedding": "AAAA"}],
    }
    for body in (VECTORS, b'{"data": [{"embedding": [1e99]}, {"embedding": ["1"]}, {}, 3]}'):
        assert finish(pack_vectors(body)) == body
    many = json.dumps({"data": [{"embedding": [0.0]}] * 100}).encode()
    assert len(json.loads(finish(pack_vectors(many)))["data"]) == 100


@pytest.mark.parametrize("asked", ["base64", "float", None, 3])
async def test_an_answer_is_packed_only_where_it_was_asked_for(asked: object) -> None:
    """Whatever the server makes of it."""
    body = {"model": "ours", "input": '"base64"', "encoding_format": asked}
    request = finish(parse_request(json.dumps(body).encode(), RequestLimits())).chat

    async def vectors(turn: Turn) -> None:
        await turn.answer(b'{"data": [{"embedding": [1.0]}]}', content_type="application/json")

    async with upstream(vectors) as (chat, _):
        (batch,) = await ask(chat, request)
    assert isinstance(batch, NativeBatch)
    (one,) = json.loads(batch.body)["data"]
    assert one["embedding"] == ("AACAPw==" if asked == "base64" else [1.0])
