from __future__ import annotations

import json
import struct

import pytest

from cursor_api.simulator.cursor.answer import MIDDLE_FRAMES_MAX, Answerer
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.cursor.messages import PREAMBLE, ChatAsk, encode_text
from cursor_api.simulator.cursor.refusals import numbered_end_frame
from cursor_api.simulator.faults import Faults, Mishap
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.scenario import Scenario
from cursor_api.simulator.steps import Data, Ending, Head, Pause, Step
from cursor_api.wire.connect import (
    FLAG_COMPRESSED,
    FLAG_END_STREAM,
    ConnectError,
    EnvelopeDecoder,
    Frame,
    Reason,
    parse_end_stream,
)
from cursor_api.wire.protobuf import as_string, iter_fields
from tests.unit.simulator.asking import NOW_S, ask_request, hear_one
from tests.unit.simulator.cursor_recording import record_stream, sample_ask

END = bytes.fromhex("02000000027b7d")
EMPTY = bytes(5)
LIMIT = 1 << 20
TEXT = "The quick brown fox jumps over the lazy dog, twice and then once more, to be sure. " * 3


def answerer(faults: Faults, *, text: str | None = TEXT, accepts_gzip: bool = True) -> Answerer:
    """The one for the first request."""
    return Answerer.for_request(0, faults, Scenario(text=text), accepts_gzip=accepts_gzip)


def steps_of(
    faults: Faults, ask: ChatAsk | None = None, *, accepts_gzip: bool = True
) -> list[Step]:
    """All steps of an answer."""
    ask = ask or sample_ask("hi")
    return list(answerer(faults, accepts_gzip=accepts_gzip).steps(ask, ask.question))


def record(faults: Faults, ask: ChatAsk | None = None) -> bytes:
    """The body of an answer."""
    return record_stream(ask or sample_ask("hi"), faults, scenario=Scenario(text=TEXT))


def envelopes(data: bytes) -> list[tuple[int, bytes]]:
    """(flags, payload as sent) of every envelope."""
    found, at = [], 0
    while at < len(data):
        flags, length = struct.unpack_from(">BI", data, at)
        found.append((flags, data[at + 5 : at + 5 + length]))
        at += 5 + length
    assert at == len(data)
    return found


def decode(data: bytes) -> list[Frame]:
    """All frames of a whole stream, inflated."""
    decoder = EnvelopeDecoder(LIMIT, LIMIT)
    frames = decoder.feed(data)
    decoder.close()
    return frames


def texts(frames: list[Frame]) -> list[str]:
    """The text frames' texts."""
    return [
        as_string(value)
        for frame in frames
        if not frame.is_end_stream
        for number, _, value in iter_fields(frame.payload)
        if number == 1
    ]


def test_a_plain_answer_is_the_traces_sequence() -> None:
    """Compressed echo, empty frame, text frames, end."""
    echo, empty, *pieces, end = envelopes(record(Faults()))
    assert echo[0] == FLAG_COMPRESSED
    assert echo[1][:10] == bytes.fromhex("1f8b0800000000000003")
    assert empty == (0, b"")
    assert end == (FLAG_END_STREAM, b"{}")
    assert {flags for flags, _ in pieces} == {0}
    assert all(3 <= len(payload) <= 2 + 6 for _, payload in pieces)
    frames = decode(record(Faults()))
    assert "".join(texts(frames)) == TEXT
    fields = [(number, value) for number, _, value in iter_fields(frames[0].payload)]
    assert fields[0] == (4, b"")
    assert fields[1][0] == 5
    assert PREAMBLE in as_string(fields[1][1])


@pytest.mark.parametrize(
    "ask", [sample_ask("hi", links=("https://example.com/a", "https://example.com/b"))]
)
def test_links_are_read_first(ask: ChatAsk) -> None:
    """A status, a compressed page for each, the status cleared, then as always."""
    status, one, two, cleared, echo, empty, *_ = envelopes(record(Faults(), ask))
    assert status == (0, bytes.fromhex("62110a0f0a0d") + b"Reading links")
    assert [flags for flags, _ in (one, two, echo)] == [FLAG_COMPRESSED] * 3
    assert cleared == (0, bytes.fromhex("6200"))
    assert empty == (0, b"")
    pages = decode(record(Faults(), ask))[1:3]
    assert all(b"https://example.com/" in page.payload for page in pages)


def test_a_web_search_finds_a_page() -> None:
    """`use_web` has the same frames."""
    ask = ChatAsk(model="gpt-4o", turns=sample_ask("hi").turns, web_search="full_search")
    assert envelopes(record(Faults(), ask))[0] == (
        0,
        bytes.fromhex("62110a0f0a0d") + b"Reading links",
    )


def test_thinking_has_its_own_frames_and_no_empty_one() -> None:
    """Whole tags, thoughts between, the answer behind; a knob overrules the name."""
    ask = sample_ask("hi", model="claude-3.7-sonnet-thinking")
    said = texts(decode(record(Faults(), ask)))
    assert said[0] == "<think>\n"
    close = said.index("\n</think>\n\n")
    assert "simulator" in "".join(said[1:close])
    assert "".join(said[close + 1 :]) == TEXT
    assert (0, b"") not in envelopes(record(Faults(), ask))
    assert texts(decode(record(Faults(thinking=True))))[0] == "<think>\n"
    assert "".join(texts(decode(record(Faults(thinking=False), ask)))) == TEXT


@pytest.mark.parametrize(("size", "is_compressed"), [(1021, True), (1020, False)])
def test_compression_begins_at_the_threshold(size: int, *, is_compressed: bool) -> None:
    """1,024 bytes of payload, as measured; three of them are the field's header."""
    step = answerer(Faults())._frame(encode_text("x" * size))
    assert len(encode_text("x" * size)) == size + 3
    assert step.data[0] == (FLAG_COMPRESSED if is_compressed else 0)


def test_a_client_without_gzip_gets_none() -> None:
    """Neither the frames nor the header."""
    head, *steps = steps_of(Faults(), accepts_gzip=False)[1:]
    assert isinstance(head, Head)
    assert "connect-content-encoding" not in dict(head.headers)
    body = b"".join(step.data for step in steps if isinstance(step, Data))
    assert {flags for flags, _ in envelopes(body)} == {0, FLAG_END_STREAM}


def test_the_same_seed_is_the_same_answer() -> None:
    """Byte for byte; another seed cuts the pieces differently."""
    ask = sample_ask("hi")
    first, again = (record_stream(ask, Faults(seed=1)) for _ in range(2))
    assert first == again
    assert first != record_stream(ask, Faults(seed=2))
    assert first != record_stream(ask, Faults(seed=1), ordinal=1)


def test_pace_and_delays_are_steps() -> None:
    """Before the headers, before the text, and between frames."""
    faults = Faults(headers_delay_s=1, first_text_delay_s=2, tokens_per_s=50, frames_per_write=4)
    steps = steps_of(faults)
    assert steps[0] == Pause(1)
    assert isinstance(steps[1], Head)
    assert Pause(2) in steps
    paces = [step.pace_s for step in steps if isinstance(step, Data)]
    assert paces[0] == 0
    assert paces[1] == pytest.approx(4 / 50)


def test_errors_before_the_text_are_all_there_is() -> None:
    """One frame, with the words that were asked for."""
    assert record(Faults(error_before_text=1, error_number=11)) == numbered_end_frame(11)
    worded = record(Faults(error_before_text=1, error_number=29, error_title="Suspicious activity"))
    error = parse_end_stream(worded[5:]).error
    assert error is not None
    assert b"Suspicious activity" in error.details[0].value


@pytest.mark.parametrize("after", [0, 1, 5, 10_000])
def test_errors_mid_stream_come_where_they_are_asked_for(after: int) -> None:
    """After so many texts; when there are fewer, before the end. Then nothing follows."""
    frames = decode(record(Faults(error_mid_stream=1, fault_after_count=after)))
    said = texts(frames)
    assert len(said) == after or (after == 10_000 and "".join(said) == TEXT)
    assert parse_end_stream(frames[-1].payload).error is not None


def test_the_middle_is_drawn_from_the_beginning() -> None:
    """Somewhere after the first text and among the first frames."""
    drawn = {
        len(texts(decode(record(Faults(error_mid_stream=1, seed=seed))))) for seed in range(60)
    }
    assert min(drawn) >= 1
    assert max(drawn) < MIDDLE_FRAMES_MAX
    assert len(drawn) > 10


def test_one_piece_has_a_middle_too() -> None:
    """It is the place before the end."""
    faults = Faults(error_mid_stream=1)
    frames = decode(record_stream(sample_ask("hi"), faults, scenario=Scenario(text="x")))
    assert texts(frames) == ["x"]
    assert parse_end_stream(frames[-1].payload).error is not None


@pytest.mark.parametrize(
    ("mishap", "ending"),
    [
        (Mishap.RESET_MID_STREAM, Ending.RESET),
        (Mishap.HALF_CLOSE_MID_STREAM, Ending.HALF_CLOSE),
        (Mishap.BODY_ENDS_MID_STREAM, Ending.COMPLETE),
    ],
)
def test_the_answer_stops_in_the_middle(mishap: Mishap, ending: Ending) -> None:
    """Between frames or inside one, or at a given byte; never with an end frame."""
    for seed in range(20):
        faults = Faults(seed=seed, **{mishap.value: 1.0})  # type: ignore[arg-type]  # enum's names
        steps = steps_of(faults)
        body = b"".join(step.data for step in steps if isinstance(step, Data))
        assert steps[-1] is ending
        with pytest.raises(ConnectError) as raised:
            decode(body)
        assert raised.value.reason is Reason.TRUNCATED
    whole = record(Faults())
    for at in (0, 3, 700, len(whole) - 1):
        faults = Faults(cut_at_bytes=at, **{mishap.value: 1.0})  # type: ignore[arg-type]  # the same
        steps = steps_of(faults)
        body = b"".join(step.data for step in steps if isinstance(step, Data))
        assert (body, steps[-1]) == (whole[:at], ending)


BROKEN: dict[Mishap, Reason | None] = {
    Mishap.RESERVED_FLAG: Reason.RESERVED_FLAG,
    Mishap.OVERSIZED_LENGTH: Reason.OVERSIZED,
    Mishap.GZIP_BOMB: Reason.OVERSIZED,
    Mishap.BAD_GZIP: Reason.BAD_COMPRESSION,
    Mishap.MISSING_END: Reason.TRUNCATED,
    Mishap.DUPLICATE_END: Reason.AFTER_END,
    Mishap.CONTRADICTED_END: Reason.AFTER_END,
    Mishap.TRAILING_BYTES: Reason.AFTER_END,
    Mishap.COMPRESSED_END: None,
    Mishap.NO_TEXT: None,
}


@pytest.mark.parametrize("mishap", BROKEN)
def test_framing_faults_are_what_they_say(mishap: Mishap) -> None:
    """The decoder refuses each for its own reason; the legal ones pass."""
    faults = Faults(gzip_bomb_bytes=4 * LIMIT, **{mishap.value: 1.0})  # type: ignore[arg-type]  # the same
    body = record(faults)
    reason = BROKEN[mishap]
    if reason is None:
        frames = decode(body)
        assert frames[-1] == Frame(b"{}", is_end_stream=True)
        return
    with pytest.raises(ConnectError) as raised:
        decode(body)
    assert raised.value.reason is reason


def test_a_compressed_end_is_flag_3_and_no_text_is_none() -> None:
    """The two that are legal, to the byte."""
    assert envelopes(record(Faults(compressed_end=1)))[-1][0] == 3
    assert record(Faults(no_text=1)).endswith(EMPTY + END)


def test_a_reset_can_follow_a_whole_answer() -> None:
    """All bytes of it are sent, and the connection is not ended as it should be."""
    assert record(Faults(reset_after_end=1)) == record(Faults())
    assert steps_of(Faults(reset_after_end=1))[-1] is Ending.RESET


def test_an_oversized_frame_can_be_sent_whole() -> None:
    """It is as long as it says, and made in pieces; the answer goes on behind it."""
    faults = Faults(
        oversized_length=1, oversized_bytes=200_000, is_oversized_sent=True, fault_after_count=2
    )
    frames = envelopes(record(faults))
    assert [len(payload) for _flags, payload in frames if len(payload) > 1000] == [200_000]
    assert max(len(step.data) for step in steps_of(faults) if isinstance(step, Data)) <= 65536
    assert frames[-1] == (2, b"{}")


def test_a_malformed_message_sits_in_a_good_frame() -> None:
    """The envelope is fine, the protobuf in it is cut."""
    frames = decode(record(Faults(malformed_message=1, fault_after_count=0)))
    with pytest.raises(ValueError, match="bytes"):
        list(iter_fields(frames[2].payload))


def test_a_stall_is_followed_by_the_rest() -> None:
    """Whoever waits gets it all."""
    steps = steps_of(Faults(stall_mid_stream=1, stall_s=9))
    assert Pause(9) in steps
    assert record(Faults(stall_mid_stream=1, stall_s=9)) == record(Faults())


def test_an_answer_may_be_of_any_length() -> None:
    """And is not made before it is taken."""
    faults = Faults(answer_bytes=10**9)
    steps = answerer(faults).steps(sample_ask("hi"), "hi")
    assert sum(isinstance(next(steps), Data) for _ in range(1000)) == 998
    assert sum(map(len, texts(decode(record(Faults(answer_bytes=5000)))))) == 5000


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (Faults(silence=1, silence_s=7), [Pause(7), Ending.RESET]),
        (Faults(reset_before_headers=1, headers_delay_s=2), [Pause(2), Ending.RESET]),
    ],
)
def test_before_the_headers_there_is_nothing(faults: Faults, expected: list[Step]) -> None:
    """Silence, or a reset."""
    steps = answerer(faults).early_steps()
    assert steps is not None
    assert list(steps) == expected


def test_plain_answers_replace_the_stream() -> None:
    """An HTTP error, or a page with status 200; a healthy request has no early answer."""
    for faults, status in ((Faults(http_error=1), 502), (Faults(wrong_content_type=1), 200)):
        steps = answerer(faults).early_steps()
        assert steps is not None
        head = list(steps)[1]
        assert isinstance(head, Head)
        assert head.status == status
        assert dict(head.headers)["content-type"] != "application/connect+proto"
    assert answerer(Faults(missing_end=1)).early_steps() is None


def test_a_refusal_is_a_stream_with_nothing_else() -> None:
    """HTTP 200, the end frame, a clean end."""
    pause, head, data, ending = answerer(Faults()).refusal_steps(numbered_end_frame(38))
    assert isinstance(head, Head)
    assert (pause, head.status, data) == (Pause(0), 200, Data(numbered_end_frame(38)))
    assert ending is Ending.COMPLETE


def test_splitting_does_not_change_the_body() -> None:
    """Any way of writing gives the same bytes."""
    whole = record(Faults())
    for faults in (
        Faults(split_bytes_max=1),
        Faults(split_at=(1, 5, 6, 700)),
        Faults(frames_per_write=50),
    ):
        steps = steps_of(faults)
        body = b"".join(step.data for step in steps if isinstance(step, Data))
        assert decode(body)[-1] == decode(whole)[-1]
        assert "".join(texts(decode(body))) == TEXT


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "unauthenticated"), (403, "permission_denied"), (429, "resource_exhausted")],
)
def test_json_errors_are_connects(status: int, code: str) -> None:
    """Code and message, and Retry-After where it is given."""
    early = answerer(Faults(http_error=1, http_status=status, retry_after_s=2)).early_steps()
    assert early is not None
    _, head, body, _ = early
    assert isinstance(head, Head)
    assert isinstance(body, Data)
    assert ("retry-after", "2") in head.headers
    assert ("content-type", "application/json") in head.headers
    said = json.loads(body.data)
    assert said["code"] == code
    assert str(status) in said["message"]


def test_a_recording_is_a_whole_stream() -> None:
    """It decodes to its end with nothing left."""
    decoder = EnvelopeDecoder(1 << 20, 1 << 20)
    frames = decoder.feed(record_stream(sample_ask("hi"), scenario=Scenario(text="Hello")))
    decoder.close()
    assert frames[-1].is_end_stream
    assert frames[1].payload == b""


async def test_a_recording_is_what_a_simulator_sends() -> None:
    """Byte for byte, for each request in its turn."""
    faults = Faults(seed=7, missing_end=0.5, error_mid_stream=0.5)
    asks = [sample_ask(text) for text in ("hi", "a long one", "code", "emoji")]
    options = SimulatorOptions(faults=faults, now_s=lambda: NOW_S)
    async with CursorSimulator(options) as simulator:
        for ordinal, ask in enumerate(asks):
            heard = await hear_one(simulator.port, ask_request(ask))
            assert heard.body == record_stream(ask, faults, ordinal=ordinal)
