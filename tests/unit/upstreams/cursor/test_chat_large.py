"""Large requests and large frames: what takes its time does not take everybody's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator

import pytest

from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.deltas import TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.service.steps import StepRunner
from cursor_api.transport.client import Body, HttpClient, HttpOptions
from cursor_api.transport.line import Line
from cursor_api.upstreams.cursor.answer import AnswerLimits
from cursor_api.upstreams.cursor.chat import PIECE_BYTES, ChatTools, CursorChat
from cursor_api.upstreams.cursor.options import CursorOptions
from cursor_api.wire.connect import encode_gzip_envelope
from cursor_api.wire.envelope import LARGE_FRAME_BYTES
from cursor_api.wire.protobuf import field_string
from cursor_api.wire.work_units import STEP_UNITS
from tests.chat_stage import DONE, END, ask, hello, text, upstream
from tests.fakes import TickingClock
from tests.scripted_server import ScriptedServer, Turn

MIB = 1 << 20
LONG = ChatRequest("m", (Message(Role.USER, (Text("q"),)),) * (4 * STEP_UNITS))


def echo(size: int) -> bytes:
    """What the upstream says of a prompt: field 5, which nobody reads."""
    return encode_gzip_envelope(field_string(5, "a" * size))


def workers() -> set[threading.Thread]:
    """Threads that help an event loop, its own and those for large frames."""
    prefixes = ("asyncio_", "large-frames")
    return {one for one in threading.enumerate() if one.name.startswith(prefixes)}


async def test_a_large_request_waits_for_its_turn() -> None:
    """Other large work ends first; a small request goes ahead meanwhile."""
    turns = StepRunner()
    is_free = asyncio.Event()

    def hold() -> Generator[None, None, None]:
        while not is_free.is_set():
            yield

    async with ScriptedServer(hello) as server, HttpClient(HttpOptions()) as client:
        chat = CursorChat(
            client, CursorOptions(base_url=server.url), TickingClock(), ChatTools(turns)
        )
        holding = asyncio.create_task(turns.run(hold()))
        asking = asyncio.create_task(ask(chat, LONG))
        await ask(chat)
        assert len(server.requests) == 1
        assert not asking.done()
        is_free.set()
        await asyncio.gather(holding, asking)
        assert len(server.requests) == 2


async def test_a_long_text_leaves_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """And arrives as it would in one; none of them is large, and few are small."""
    sent: list[Body] = []

    asking = Line.ask

    async def kept(line: Line, head: bytes, body: Body) -> None:
        sent.append(body)
        await asking(line, head, body)

    monkeypatch.setattr(Line, "ask", kept)
    texts = ["a" * 200_000, "\U0001f600" * 50_000] * 6
    turns = [Message(role, (Text("q"),)) for role in (Role.USER, Role.ASSISTANT)] * 300
    whole = Message(Role.USER, (Text("".join(texts)),))
    pieces = Message(Role.USER, tuple(map(Text, texts)))
    async with ScriptedServer(hello) as server, HttpClient(HttpOptions()) as client:
        options = CursorOptions(base_url=server.url)
        chat = CursorChat(
            client, options, TickingClock(), ChatTools(StepRunner(), random_bytes=bytes)
        )
        for message in (whole, pieces):
            await ask(chat, ChatRequest("m", (*turns, message)))
        bodies = [turn.body for turn in server.requests]
    assert bodies[0] == bodies[1]
    assert len(bodies[0]) > 2_400_000
    assert isinstance(sent[1], list)
    assert len(sent[1]) < 20
    assert max(map(len, sent[1])) <= PIECE_BYTES


async def test_a_large_frame_is_inflated_beside_the_loop() -> None:
    """The echo of a long prompt; what follows it is read as ever."""
    frame = echo(10 * MIB)
    assert len(frame) > LARGE_FRAME_BYTES

    async def play(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(frame[:1000])
        await turn.chunk(frame[1000:] + text("Hello") + END)
        await turn.end()

    before = workers()
    options = AnswerLimits(12 * MIB, 12 * MIB)
    async with ScriptedServer(play) as server, HttpClient(HttpOptions()) as client:
        mine = CursorOptions(base_url=server.url, limits=options)
        chat = CursorChat(client, mine, TickingClock())
        batches = await ask(chat)
        assert len(workers() - before) == 1
    assert [delta for batch in batches for delta in batch] == [TextDelta("Hello"), DONE]


async def test_small_frames_are_read_where_they_come() -> None:
    """A thread for each would cost more than the frame."""

    async def play(turn: Turn) -> None:
        await turn.head()
        for byte in echo(1000) + text("Hello") + END:
            await turn.chunk(bytes([byte]))
        await turn.end()

    before = workers()
    async with upstream(play) as (chat, _):
        await ask(chat)
        assert not workers() - before


async def test_a_bomb_in_an_answer_is_a_fault_all_the_same() -> None:
    """What happens beside the loop is raised where it is waited for."""
    frame = echo(13 * MIB)

    async def play(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(frame[:1000])
        await turn.chunk(frame[1000:])
        await turn.end()

    async with upstream(play) as (chat, _):
        with pytest.raises(Fault) as caught:
            await ask(chat)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR
    assert "inflates to more than" in caught.value.message
