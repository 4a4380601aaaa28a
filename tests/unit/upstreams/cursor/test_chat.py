"""StreamChat over HTTP: what is sent, and how a stream is read."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence

import pytest

from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Delta, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.service.steps import StepRunner
from cursor_api.transport.client import HttpClient, HttpOptions, Timeouts
from cursor_api.transport.timeouts import KNOWN_TIMEOUTS_MAX
from cursor_api.upstreams.cursor.answer import AnswerDecoder
from cursor_api.upstreams.cursor.chat import ChatTools, CursorChat
from cursor_api.upstreams.cursor.models import MODELS
from cursor_api.upstreams.cursor.options import ChecksumTime, CursorOptions
from cursor_api.upstreams.cursor.passthrough import device_checksum
from cursor_api.wire.checksum import Variant, time_part
from cursor_api.wire.connect import encode_end_stream, encode_envelope, encode_gzip_envelope
from cursor_api.wire.protobuf import field_string
from tests.chat_stage import (
    CREDENTIAL,
    DONE,
    END,
    IDS,
    REQUEST,
    ROUTE,
    ask,
    fault_of,
    hello,
    text,
    upstream,
)
from tests.fakes import TickingClock
from tests.scripted_server import CONNECT_STREAM, ScriptedServer, Turn
from tests.vectors.load import answer, load


async def test_the_request_is_the_references() -> None:
    """Line, headers and envelope, and nothing besides; the ids are one uuid for the request."""
    async with upstream(hello) as (chat, server):
        assert await ask(chat) == [[TextDelta("Hello"), DONE]]
        turn, port = server.requests[0], server.port
    assert turn.line == "POST /aiserver.v1.AiService/StreamChat HTTP/1.1"
    headers = dict(turn.headers)
    request_id = headers.pop("x-request-id")
    assert str(uuid.UUID(request_id, version=4)) == request_id
    assert request_id.encode() in turn.body
    assert headers == {
        "host": f"127.0.0.1:{port}",
        "content-type": "application/connect+proto",
        "content-length": str(len(turn.body)),
        "authorization": "Bearer header.claims.signature",
        "connect-protocol-version": "1",
        "connect-accept-encoding": "gzip,br",
        "user-agent": "connect-es/1.4.0",
        "x-amzn-trace-id": f"Root={request_id}",
        "x-cursor-checksum": time_part(1002, Variant.EDITOR) + IDS,
        "x-cursor-client-version": "0.42.5",
        "x-cursor-timezone": "Asia/Shanghai",
        "x-ghost-mode": "true",
    }


async def test_the_body_is_the_captured_vector() -> None:
    """With its ids injected and its instructions as the default, the 168 bytes come out."""
    vector = load("streamchat")["request"]
    ids = (vector["request_id"], vector["conversation_id"], vector["bubble_id"])
    random = b"".join(uuid.UUID(text).bytes for text in ids)
    async with ScriptedServer(hello) as server, HttpClient(HttpOptions()) as client:
        options = CursorOptions(base_url=server.url + "/", instructions=vector["instructions"])
        tools = ChatTools(StepRunner(), random_bytes=lambda _: random)
        await ask(CursorChat(client, options, TickingClock(), tools))
        assert server.requests[0].body.hex() == vector["hex"]


async def test_the_presentation_is_configuration() -> None:
    """Version, zone, privacy, address and the checksum's time."""
    async with ScriptedServer(hello) as server, HttpClient(HttpOptions()) as client:
        options = CursorOptions(
            base_url=server.url + "/relay/",
            client_version="9.9",
            timezone="Europe/Paris",
            is_private=False,
            checksum_time=ChecksumTime.STORED,
        )
        await ask(CursorChat(client, options, TickingClock()))
        turn = server.requests[0]
    assert turn.line == "POST /relay/aiserver.v1.AiService/StreamChat HTTP/1.1"
    assert turn.headers["x-cursor-client-version"] == "9.9"
    assert turn.headers["x-cursor-timezone"] == "Europe/Paris"
    assert turn.headers["x-ghost-mode"] == "false"
    assert turn.headers["x-cursor-checksum"] == CREDENTIAL.binding


async def test_a_token_without_a_device_has_one_that_follows_from_it() -> None:
    """One of the settings, which no token list has; it is the same in every process."""
    credentials = [Credential(name, Secret(f"token-of-{name}")) for name in ("a", "b")]
    async with upstream(hello) as (chat, server):
        for credential in (*credentials, credentials[0]):
            await ask(chat, credential=credential)
        first, second, again = (turn.headers["x-cursor-checksum"] for turn in server.requests)
    assert first == again != second
    assert first[8:] == device_checksum("token-of-a")[8:]


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "api2.cursor.sh"},
        {"client_version": ""},
        {"client_version": "1\r\nx: y"},
        {"timezone": "Zürich"},
    ],
)
def test_a_setting_that_cannot_be_sent_is_refused(wrong: dict[str, str]) -> None:
    """When the configuration is read, not when the first request fails."""
    with pytest.raises(ValueError, match=r"."):
        CursorOptions(**wrong)  # type: ignore[arg-type] # one text setting at a time


@pytest.mark.parametrize(
    "credential",
    [
        Credential("a", Secret("evil\r\nx-y: z"), CREDENTIAL.binding),
        Credential("a", Secret("ev\0il"), CREDENTIAL.binding),
        Credential("a", Secret(""), CREDENTIAL.binding),
        Credential("a", Secret("two words"), CREDENTIAL.binding),
        Credential("a", Secret("ok"), "evil\r\n"),
        Credential("a", Secret("schlüssel"), CREDENTIAL.binding),
    ],
)
async def test_a_credential_that_cannot_be_sent_blames_the_credential(
    credential: Credential,
) -> None:
    """No connection is made, and the message holds nothing of it."""
    async with upstream(hello) as (chat, server):
        with pytest.raises(Fault) as caught:
            await ask(chat, credential=credential)
        assert server.connection_count == 0
    assert caught.value.kind is FaultKind.CREDENTIAL_REJECTED
    assert caught.value.message == "The credential 'a' holds characters that cannot be sent."


async def test_text_without_utf8_is_the_callers_mistake() -> None:
    """A lone surrogate is refused by name of the field."""
    async with upstream(hello) as (chat, _):
        with pytest.raises(Fault) as caught:
            await ask(chat, ChatRequest("m", (Message(Role.USER, (Text("\ud800"),)),)))
    assert (caught.value.kind, caught.value.param) == (FaultKind.INVALID_REQUEST, "messages")


async def test_the_models_are_the_fixed_list() -> None:
    """Shown whether or not a connection exists."""
    chat = CursorChat(HttpClient(HttpOptions()), CursorOptions(), TickingClock())
    assert (await chat.list_models()) == MODELS
    assert repr(chat) == ("CursorChat(https://api2.cursor.sh/aiserver.v1.AiService/StreamChat)")


def test_a_models_time_outs_are_looked_up_once_and_kept_up_to_a_bound() -> None:
    """However many names callers think of; the chat keeps them, not its options."""
    options = CursorOptions()
    chat = CursorChat(HttpClient(HttpOptions()), options, TickingClock())
    assert chat._calls._timeouts_for("gpt-4o") is chat._calls._timeouts_for("gpt-4o")
    assert chat._calls._timeouts_for("o1") == options.timeouts.for_model("o1")
    for number in range(2 * KNOWN_TIMEOUTS_MAX):
        chat._calls._timeouts_for(f"model-{number}")
    assert chat._calls._timeouts_for.cache_info().currsize == KNOWN_TIMEOUTS_MAX


async def test_every_read_is_a_batch() -> None:
    """What came together leaves together, entering waits for no frame, leaving for no HTTP end."""
    more = asyncio.Event()

    async def pieces(turn: Turn) -> None:
        await turn.head()
        await more.wait()
        await turn.chunk(encode_gzip_envelope(b"\x2a\x01x") + encode_envelope(b""))
        await asyncio.sleep(0.05)
        await turn.chunk(text("a") + text("b") + text("c")[:4])
        await asyncio.sleep(0.05)
        await turn.chunk(text("c")[4:])
        await asyncio.sleep(0.05)
        await turn.chunk(END)
        await asyncio.sleep(0.05)
        await turn.end()

    async with upstream(pieces) as (chat, server):
        async with chat.open(REQUEST, ROUTE, CREDENTIAL) as batches:
            more.set()
            assert [batch async for batch in batches] == [
                [TextDelta("a"), TextDelta("b")],
                [TextDelta("c")],
                [DONE],
            ]
            with pytest.raises(StopAsyncIteration):
                await anext(batches)
        await asyncio.sleep(0.1)
        await ask(chat)
        assert server.connection_count == 1


@pytest.mark.parametrize("step", [1, 7, 1400])
async def test_an_answer_in_pieces_of_any_size_is_the_same(step: int) -> None:
    """HTTP chunks, and so network reads, of one byte, of a few, and of a packet."""
    whole = answer()

    async def pieces(turn: Turn) -> None:
        await turn.head(connect_content_encoding="gzip")
        for at in range(0, len(whole.data), step):
            await turn.chunk(whole.data[at : at + step])
            if step == 1:
                await asyncio.sleep(0)
        await turn.end()

    async with upstream(pieces) as (chat, _):
        deltas = [delta for batch in await ask(chat) for delta in batch]
    assert deltas == [*map(TextDelta, whole.texts), DONE]


@pytest.mark.parametrize("how", ["end", "close", "reset"])
async def test_an_answer_cut_at_any_byte_is_never_whole(how: str) -> None:
    """Cut by an orderly HTTP end, by a closed and by a reset connection."""
    whole = answer().data
    cuts = iter(range(len(whole)))

    async def cut(turn: Turn) -> None:
        await turn.head()
        at = next(cuts)
        if at:
            await turn.chunk(whole[:at])
        if how == "end":
            await turn.end()
        else:
            getattr(turn, how)()

    async with upstream(cut) as (chat, server):
        for _ in range(len(whole)):
            with pytest.raises(Fault) as caught:
                await ask(chat)
            # A connection cut before the first body byte may look like one that never answered.
            assert caught.value.kind in {FaultKind.INCOMPLETE, FaultKind.UNREACHABLE}
        assert len(server.requests) == len(whole)


async def test_a_connection_closed_right_behind_the_end_is_a_whole_answer() -> None:
    """The end-of-stream says that it is whole; how HTTP goes on does not matter."""

    async def abrupt(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(text("Hello") + END)
        turn.close()

    async with upstream(abrupt) as (chat, _):
        assert await ask(chat) == [[TextDelta("Hello"), DONE]]


async def test_an_error_is_told_although_the_connection_stays_open() -> None:
    """What stands behind text of the same read is not held back until more bytes come."""

    async def refuse(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(text("some") + encode_end_stream({"code": "unavailable"}))
        await turn.gone()

    async with asyncio.timeout(10):
        assert (await fault_of(refuse)).kind is FaultKind.UPSTREAM_OVERLOADED


async def test_a_stall_in_the_middle_is_a_time_out() -> None:
    """What came is given, and the silence ends in a fault."""

    async def stall(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(text("Hello"))
        await turn.gone()

    fault = await fault_of(stall, Timeouts(idle_s=0.1))
    assert fault.kind is FaultKind.UPSTREAM_TIMEOUT


async def test_parameters_of_the_content_type_do_not_matter() -> None:
    """Nor does the case of its letters."""

    async def good(turn: Turn) -> None:
        await turn.answer(text("x") + END, content_type=CONNECT_STREAM.title() + "; charset=utf-8")

    async with upstream(good) as (chat, _):
        assert await ask(chat) == [[TextDelta("x"), DONE]]


@pytest.mark.parametrize("encoding", ["identity", "br"])
async def test_an_encoding_that_is_not_read_is_a_protocol_error(encoding: str) -> None:
    """Brotli is named in the request because the editor names it; it was never seen in answers."""

    async def compressed(turn: Turn) -> None:
        body = encode_gzip_envelope(field_string(1, "Hello")) + END
        await turn.answer(body, connect_content_encoding=encoding)

    assert (await fault_of(compressed)).kind is FaultKind.PROTOCOL_ERROR


async def test_leaving_early_frees_the_upstream_at_once() -> None:
    """Also when the reader is cancelled in the middle of a wait."""

    async def endless(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(text("Hello"))
        await turn.gone()

    async with upstream(endless) as (chat, server):
        async with chat.open(REQUEST, ROUTE, CREDENTIAL) as batches:
            assert await anext(batches) == [TextDelta("Hello")]
        async with asyncio.timeout(10):
            await server.closed_by_peer.wait()

        server.closed_by_peer.clear()
        task = asyncio.create_task(ask(chat))
        while len(server.requests) < 2:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(10):
            await server.closed_by_peer.wait()


async def test_large_frames_are_read_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes several times its size, and a hundred answers may begin with one together."""
    running, most = 0, 0
    feed = AnswerDecoder.feed

    def counted(decoder: AnswerDecoder, data: bytes) -> list[Delta]:
        nonlocal running, most
        is_large = decoder.completes_large(len(data))
        running += is_large
        most = max(most, running)
        try:
            if is_large:
                time.sleep(0.02)
            return feed(decoder, data)
        finally:
            running -= is_large

    monkeypatch.setattr(AnswerDecoder, "feed", counted)
    echo = encode_envelope(field_string(15, "x" * 50_000))

    async def answer_all(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(echo + text("Hello") + END)
        await turn.end()

    async with upstream(answer_all) as (chat, _):
        answers = await asyncio.gather(*(ask(chat) for _ in range(8)))
    assert [words_of(one) for one in answers] == ["Hello"] * 8
    assert most == 1


def words_of(batches: Sequence[Sequence[Delta]]) -> str:
    """The text of an answer."""
    return "".join(one.text for batch in batches for one in batch if isinstance(one, TextDelta))
