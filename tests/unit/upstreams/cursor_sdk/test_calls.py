"""Calls of the bridge's services, and what goes wrong with them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cursor_api import __version__
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.client import HttpClient, Timeouts
from cursor_api.upstreams.cursor_sdk.calls import (
    ANSWER_BYTES_MAX,
    KEEPALIVE_S,
    PING,
    BridgeAddress,
    SdkCalls,
    bridge_http_options,
    decode_message,
)
from cursor_api.wire.envelope import EnvelopeDecoder
from tests.scripted_server import Handler, ScriptedServer, Turn

TOKEN = Secret("token-of-the-bridge")
JSON = "application/json"


class Bridge:
    """One that is there."""

    def __init__(self, url: str) -> None:
        self.address = BridgeAddress(url, TOKEN)

    async def get_address(self) -> BridgeAddress:
        """See calls.Bridge."""
        return self.address


@asynccontextmanager
async def calls_to(handler: Handler) -> AsyncIterator[tuple[SdkCalls, ScriptedServer]]:
    """The services of a scripted bridge."""
    async with ScriptedServer(handler) as server, HttpClient(bridge_http_options(4)) as http:
        yield SdkCalls(http, Bridge(server.url), lambda: 0.0), server


async def pong(turn: Turn) -> None:
    """What Ping answers, with something new in it."""
    await turn.answer(b'{"message": "pong", "new": {}}', content_type=JSON)


def test_the_bridge_is_asked_directly_and_not_on_old_connections() -> None:
    """Whatever proxy there is; the bridge closes idle connections after five seconds."""
    options = bridge_http_options(4)
    assert (options.proxy, options.keepalive_s) == (None, KEEPALIVE_S)
    assert KEEPALIVE_S <= 3


async def test_a_call_is_json_with_the_bridges_token() -> None:
    """One connection serves the next call as well; it is named as ours."""
    async with calls_to(pong) as (calls, server):
        assert await calls.call(PING, {"a": "é"}) == {"message": "pong", "new": {}}
        await calls.call(PING, {})
        turn = server.requests[0]
        assert turn.line == "POST /sdk.v1.SdkBridgeControlService/Ping HTTP/1.1"
        assert turn.headers["authorization"] == f"Bearer {TOKEN.reveal()}"
        assert (turn.headers["content-type"], json.loads(turn.body)) == (JSON, {"a": "é"})
        assert turn.headers["user-agent"] == f"cursor-api/{__version__}"
        assert server.connection_count == 1
        assert TOKEN.reveal() not in repr(calls) + repr(await calls.get_address())


async def test_a_call_can_be_to_the_bridge_that_was() -> None:
    """An agent is known to one bridge only."""
    async with calls_to(pong) as (calls, server):
        elsewhere = BridgeAddress(server.url, Secret("another"))
        await calls.call(PING, {}, address=elsewhere)
        assert server.requests[0].headers["authorization"] == "Bearer another"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 5000])
def test_an_answer_that_is_no_message(body: bytes) -> None:
    """It is the bridge's fault."""
    with pytest.raises(Fault) as caught:
        decode_message(body)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


async def test_an_endless_answer_is_broken_off() -> None:
    """Nothing that the bridge sends fills the memory."""

    async def flood(turn: Turn) -> None:
        await turn.head(content_type=JSON)
        for _ in range(ANSWER_BYTES_MAX // (1 << 20) + 1):
            await turn.chunk(b" " * (1 << 20))
        await turn.gone()

    async with calls_to(flood) as (calls, _):
        with pytest.raises(Fault, match="more than can be read"):
            await calls.call(PING, {})


async def test_text_that_is_not_unicode_is_the_callers() -> None:
    """JSON may hold half a character; it is not sent on."""
    async with calls_to(pong) as (calls, server):
        with pytest.raises(Fault) as caught:
            await calls.call(PING, {"text": "\ud800"})
        assert caught.value.kind is FaultKind.INVALID_REQUEST
        assert server.requests == []


async def test_a_refusal_is_read_with_the_key_masked() -> None:
    """By the table of faults."""
    key = Secret("opaque-key-of-somebody")

    async def refuse(turn: Turn) -> None:
        words = f"[plan_required] {key.reveal()} has no plan"
        content = {"code": "internal", "message": words}
        await turn.answer(json.dumps(content).encode(), 500, content_type=JSON)

    async with calls_to(refuse) as (calls, _):
        with pytest.raises(Fault, match="has no plan") as caught:
            await calls.call(PING, {}, key)
        assert caught.value.kind is FaultKind.CREDENTIAL_FORBIDDEN
        assert key.reveal() not in caught.value.message


async def test_a_stream_is_asked_for_in_one_envelope() -> None:
    """Send is the one method that answers with a stream."""

    async def stream(turn: Turn) -> None:
        await turn.head(content_type="application/connect+json")
        await turn.chunk(b"\0\0\0\0\0")
        await turn.end()

    async with calls_to(stream) as (calls, server):
        message = {"agentId": "a", "message": {"text": "x" * (2 << 20)}}
        address = await calls.get_address()
        async with calls.open_send(message, Timeouts(), address) as answer:
            assert await answer.read() == b"\0\0\0\0\0"
        turn = server.requests[0]
        assert turn.line.split()[1] == "/sdk.v1.SdkAgentService/Send"
        assert turn.headers["content-type"] == "application/connect+json"
        decoder = EnvelopeDecoder(4 << 20, 4 << 20, expects_end_stream=False)
        (frame,) = decoder.feed(turn.body)
        assert json.loads(frame.payload) == message
