"""A recorded answer, cut at every byte, as Anthropic's clients get it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest

from tests.acceptance.in_process import KEY, MODEL, Gateway, gateway_before
from tests.acceptance.test_byte_cuts import (
    CONCURRENT_COUNT_MAX,
    CUTS_S_MAX,
    END,
    RECORDING,
    TEXT,
    THOUGHTS,
    play,
)
from tests.anthropic_stream import ReadMessage, read_message_stream
from tests.scripted_server import ScriptedServer

pytestmark = pytest.mark.timeout(CUTS_S_MAX + 20)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """A gateway whose upstream plays the recording."""
    # One attempt for each place, and every place is tried, however many failed before.
    once = {"GATEWAY_ATTEMPTS_MAX": "1", "GATEWAY_BREAKER_FAILURES": "0"}
    async with (
        ScriptedServer(play) as upstream,
        gateway_before(upstream.url, environment=once) as gateway,
    ):
        yield gateway


async def get(gateway: Gateway, order: str) -> ReadMessage:
    """Ask for a stream; what fails before its first text has a status of its own."""
    body = {
        "model": MODEL,
        "stream": True,
        "thinking": {"type": "adaptive"},
        "messages": [{"role": "user", "content": order}],
    }
    answer = await gateway.ask("POST", "/v1/messages", body=json.dumps(body).encode())
    if answer.status == 200:
        return read_message_stream(answer.body)
    assert answer.status == 502
    return ReadMessage(error=answer.json()["error"])


async def test_an_answer_that_is_cut_is_never_told_as_whole(gateway: Gateway) -> None:
    """Wherever the upstream stops, the client gets a prefix and then an error."""
    turnstile = asyncio.Semaphore(CONCURRENT_COUNT_MAX)

    async def cut(at: int) -> ReadMessage:
        async with turnstile:
            return await get(gateway, f"send {at} then close")

    async with asyncio.timeout(CUTS_S_MAX):
        cuts = await asyncio.gather(*map(cut, range(len(RECORDING))))
    assert {one.error["type"] for one in cuts if one.error} == {"api_error"}
    assert all(one.error and one.end is None and not one.is_stopped for one in cuts)
    assert all(TEXT.startswith(one.text) and THOUGHTS.startswith(one.thinking) for one in cuts)
    assert cuts[-len(END)].text == TEXT


async def test_the_uncut_answer_is_whole(gateway: Gateway) -> None:
    """The same recording to its last byte, also a byte at a time."""
    for ending in ("end", "bytewise"):
        read = await get(gateway, f"send {len(RECORDING)} then {ending}")
        assert (read.text, read.thinking, read.is_stopped) == (TEXT, THOUGHTS, True)


async def test_the_sdk_raises_what_breaks_a_stream(gateway: Gateway) -> None:
    """With the gateway's words, and not as a message that is whole."""
    url = f"http://127.0.0.1:{gateway.port}"
    at = len(RECORDING) - len(END)
    question: Any = {"role": "user", "content": f"send {at} then close"}
    async with anthropic.AsyncAnthropic(base_url=url, api_key=KEY) as client:
        stream = client.messages.stream(model=MODEL, max_tokens=1000, messages=[question])
        async with stream as events:
            with pytest.raises(anthropic.APIStatusError, match="broke off"):
                [event async for event in events]
