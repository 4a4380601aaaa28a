"""A recorded answer, cut at every byte and delivered byte by byte, through the whole gateway."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.scenario import Scenario
from cursor_api.wire.connect import encode_end_stream
from tests.acceptance.in_process import Gateway, gateway_before
from tests.openai_stream import read_answer, read_stream
from tests.scripted_server import ScriptedServer, Turn
from tests.unit.simulator.cursor_recording import record_stream, sample_ask

TEXT = "    if x:\n        y = “龘”  # 👩‍💻\n\n"
THOUGHTS = "Tabs?\nNo: spaces."
LINK = "https://example.com/a"

RECORDING = record_stream(
    sample_ask("What is the code?", model="gemini-2.0-flash-thinking-exp", links=(LINK,)),
    Faults(thinking=True),
    scenario=Scenario(text=TEXT, thoughts=THOUGHTS),
)
END = encode_end_stream()

# What the test's question tells its upstream: how many bytes, and what comes after them.
ORDER = re.compile(rb"send (\d+) then (end|close|reset|bytewise)")
# Enough to keep both sides busy, few enough for any limit on open files.
CONCURRENT_COUNT_MAX = 24
# Thousands of requests take a busy machine a while.
CUTS_S_MAX = 180
pytestmark = pytest.mark.timeout(CUTS_S_MAX + 20)


async def play(turn: Turn) -> None:
    """Send the beginning of the recording that the question asks for, then stop as it says."""
    order = ORDER.search(turn.body)
    assert order is not None
    body, ending = RECORDING[: int(order[1])], order[2].decode()
    await turn.head(connect_content_encoding="gzip")
    if ending == "bytewise":
        for at in range(len(body)):
            await turn.chunk(body[at : at + 1])
            await asyncio.sleep(0)
    elif body:
        await turn.chunk(body)
    match ending:
        case "close":
            turn.close()
        case "reset":
            turn.reset()
        case _:
            await turn.end()


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


@dataclass(frozen=True, slots=True)
class Got:
    """What a client made of one answer. `error` is the error's code, "" for a whole answer."""

    text: str
    reasoning: str
    error: str


async def get_stream(gateway: Gateway, order: str) -> Got:
    """Ask for a stream and hold it to its rules: whole, or ended by an error and nothing else."""
    answer = await gateway.chat(order, stream=True)
    if answer.status != 200:
        return refused(answer.status, answer.json())
    assert answer.headers["content-type"].startswith("text/event-stream")
    stream = read_stream(answer.body)
    if stream.error is None:
        assert stream.is_done
        assert stream.finish_reasons == ["stop"]
        return Got(stream.text, stream.reasoning, "")
    assert not stream.is_done
    assert stream.finish_reasons == []
    return Got(stream.text, stream.reasoning, stream.error["code"])


async def get_whole(gateway: Gateway, order: str) -> Got:
    """Ask for an answer in one piece."""
    answer = await gateway.chat(order)
    if answer.status != 200:
        return refused(answer.status, answer.json())
    (choice,) = read_answer(answer.body).choices
    assert choice.finish_reason == "stop"
    message = choice.message.model_dump()
    return Got(message["content"], message["reasoning_content"], "")


def refused(status: int, body: dict[str, dict[str, str]]) -> Got:
    """An answer that is an error and holds nothing of the text."""
    assert status == 502
    assert set(body) == {"error"}
    return Got("", "", body["error"]["code"])


WAYS = {"stream": get_stream, "whole": get_whole}


async def cut_everywhere(gateway: Gateway, way: str, ending: str) -> list[Got]:
    """What the client got of each cut, the shortest first."""
    turnstile = asyncio.Semaphore(CONCURRENT_COUNT_MAX)

    async def cut(at: int) -> Got:
        async with turnstile:
            return await WAYS[way](gateway, f"send {at} then {ending}")

    async with asyncio.timeout(CUTS_S_MAX):
        return await asyncio.gather(*map(cut, range(len(RECORDING))))


def test_the_recording_holds_everything_that_can_be_cut() -> None:
    """Compressed frames, a status, a citation, thoughts, an end."""
    assert RECORDING.count(b"\x1f\x8b\x08") == 2
    assert b"Reading links" in RECORDING
    assert b"<think>" in RECORDING
    assert RECORDING.endswith(END)


@pytest.mark.parametrize("ending", ["end", "close", "reset"])
async def test_a_streamed_answer_that_is_cut_is_never_told_as_whole(
    gateway: Gateway, ending: str
) -> None:
    """Wherever the upstream stops and however, the client gets a prefix and then an error."""
    cuts = await cut_everywhere(gateway, "stream", ending)
    assert {got.error for got in cuts} == {"upstream_incomplete"}
    assert all(TEXT.startswith(got.text) for got in cuts)
    assert all(THOUGHTS.startswith(got.reasoning) for got in cuts)
    # No text before the thoughts are all there.
    assert all(got.reasoning == THOUGHTS for got in cuts if got.text)
    if ending != "reset":  # which may overtake the bytes before it
        # What arrived whole was delivered: more bytes never give less text.
        assert [len(got.text) for got in cuts] == sorted(len(got.text) for got in cuts)
        assert cuts[-len(END)].text == TEXT


@pytest.mark.parametrize("ending", ["end", "close"])
async def test_an_answer_in_one_piece_that_is_cut_is_an_error(
    gateway: Gateway, ending: str
) -> None:
    """Wherever the upstream stops and however, the status is 502 and there is no text."""
    cuts = await cut_everywhere(gateway, "whole", ending)
    assert set(cuts) == {Got("", "", "upstream_incomplete")}


@pytest.mark.parametrize("way", WAYS)
async def test_the_uncut_answer_is_whole(gateway: Gateway, way: str) -> None:
    """The same recording to its last byte is a complete answer."""
    assert await WAYS[way](gateway, f"send {len(RECORDING)} then end") == Got(TEXT, THOUGHTS, "")


@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_the_end_of_the_stream_counts_not_the_end_of_the_connection(
    gateway: Gateway, ending: str
) -> None:
    """An answer whose end-of-stream has come is whole, whatever becomes of its connection."""
    order = f"send {len(RECORDING)} then {ending}"
    got = await get_stream(gateway, order)
    # A reset may overtake the bytes before it; then it is an error, and never half an answer.
    assert got == Got(TEXT, THOUGHTS, "") or (ending == "reset" and got.error)


@pytest.mark.parametrize("way", WAYS)
async def test_byte_by_byte_the_answer_is_the_same(gateway: Gateway, way: str) -> None:
    """A network that delivers one byte at a time changes nothing."""
    order = f"send {len(RECORDING)} then bytewise"
    assert await WAYS[way](gateway, order) == Got(TEXT, THOUGHTS, "")


@pytest.mark.parametrize("way", WAYS)
async def test_byte_by_byte_a_cut_is_still_an_error(gateway: Gateway, way: str) -> None:
    """Cut before its last byte and delivered one byte at a time, it is no answer."""
    got = await WAYS[way](gateway, f"send {len(RECORDING) - 1} then bytewise")
    assert got.error == "upstream_incomplete"
    assert TEXT.startswith(got.text)
