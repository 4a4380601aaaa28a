"""An answer's bytes as deltas, cut anywhere, right and wrong."""

from __future__ import annotations

import gzip

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    StatusDelta,
    TextDelta,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.cursor.answer import TEXT_CHARS_MAX, AnswerDecoder, AnswerLimits
from cursor_api.upstreams.cursor.faults import fault_context
from cursor_api.wire.connect import (
    FLAG_END_STREAM,
    encode_end_stream,
    encode_envelope,
    encode_gzip_envelope,
)
from cursor_api.wire.protobuf import field_bytes, field_string
from tests.vectors.load import answer

CONTEXT = fault_context(Secret("opaque"), lambda: 0.0)
DONE = Finished(FinishReason.STOP)
END = encode_end_stream()
RATE_LIMITED = {
    "code": "resource_exhausted",
    "message": "Error",
    "details": [{"type": "aiserver.v1.ErrorDetails", "value": "CDI"}],
}


def text(words: str) -> bytes:
    """A frame of text."""
    return encode_envelope(field_string(1, words))


def decoder(limits: AnswerLimits | None = None, *, accepts_gzip: bool = True) -> AnswerDecoder:
    """A fresh one."""
    return AnswerDecoder(limits or AnswerLimits(), CONTEXT, accepts_gzip=accepts_gzip)


def feed(
    reads: list[bytes], limits: AnswerLimits | None = None
) -> tuple[list[Delta], Fault | None]:
    """All deltas, and the fault they end in."""
    reader = decoder(limits)
    deltas: list[Delta] = []
    try:
        for data in [*reads, b""]:
            deltas += reader.feed(data)
            if reader.is_finished:
                return deltas, None
    except Fault as fault:
        return deltas, fault
    raise AssertionError("an end without a fault")


def words_of(deltas: list[Delta]) -> str:
    """The text of an answer."""
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def test_frames_of_one_read_are_one_batch() -> None:
    """One delta for each text frame, the end with them, the echo and the empty frame gone."""
    whole = answer()
    assert decoder().feed(whole.data) == [*map(TextDelta, whole.texts), DONE]


def test_a_cut_answer_is_incomplete_wherever_it_is_cut() -> None:
    """At no offset is an answer taken for a whole one, and what came before the cut is there."""
    whole = answer()
    said = "".join(whole.texts)
    for at in range(len(whole.data)):
        deltas, fault = feed([whole.data[:at]])
        assert fault is not None
        assert fault.kind is FaultKind.INCOMPLETE
        assert DONE not in deltas
        assert said.startswith(words_of(deltas))


def test_reads_of_any_size_give_the_same_deltas() -> None:
    """One byte at a time, and in two pieces at every place."""
    whole = answer()
    expected = [*map(TextDelta, whole.texts), DONE]
    assert feed([whole.data[i : i + 1] for i in range(len(whole.data))]) == (expected, None)
    for at in range(1, len(whole.data)):
        assert feed([whole.data[:at], whole.data[at:]]) == (expected, None)


@pytest.mark.parametrize("length", [1, 126, 127, 128, 129, 130, 16_383, 16_384, 100_000])
def test_a_text_of_any_length_is_read(length: int) -> None:
    """The short way and the long way meet without a gap."""
    for words in ("x" * length, "é" * length):
        deltas, fault = feed(
            [text("a") + text(words) + encode_gzip_envelope(text(words)[5:]) + END]
        )
        assert fault is None
        assert deltas == [TextDelta("a"), TextDelta(words), TextDelta(words), DONE]


def test_a_frame_that_only_looks_like_a_short_text_is_read_properly() -> None:
    """Two fields whose first length happens to fit, and a length of two bytes that does."""
    tricky = b"\x0a\x01a" + field_bytes(12, b"")
    assert feed([text("a"), encode_envelope(tricky), END])[0] == [
        TextDelta("a"),
        StatusDelta(""),
        TextDelta("a"),
        DONE,
    ]
    two_byte_length = b"\x0a\x83\x00abc"
    assert len(two_byte_length) - 2 != two_byte_length[1]
    assert feed([text("a"), encode_envelope(two_byte_length), END])[0] == [
        TextDelta("a"),
        TextDelta("abc"),
        DONE,
    ]


def test_thinking_is_told_from_the_answer() -> None:
    """Tags as whole frames, as the traces have them, in one read and in many."""
    frames = [text("<think>\n"), text("hm"), text("\n</think>\n\n"), text("<think>\n"), END]
    expected = [ReasoningDelta("hm"), TextDelta("<think>\n"), DONE]
    assert feed(frames) == (expected, None)
    assert feed([b"".join(frames)]) == (expected, None)


def test_what_was_held_back_comes_before_the_end() -> None:
    """An answer of half a tag is that text, also where an error follows."""
    assert feed([text("<thi") + END])[0] == [TextDelta("<thi"), DONE]
    deltas, fault = feed([text("<thi") + encode_end_stream(RATE_LIMITED)])
    assert deltas == [TextDelta("<thi")]
    assert fault is not None
    assert fault.kind is FaultKind.RATE_LIMITED


@pytest.mark.parametrize("is_compressed", [False, True])
def test_an_error_at_the_end_is_a_fault(is_compressed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Before the first text or behind it, plain or gzipped, and never text."""
    end = encode_end_stream(RATE_LIMITED, {"Retry-After": ["9"]}, is_compressed=is_compressed)
    for before in ([], [text("some")]):
        deltas, fault = feed([*before, end])
        assert words_of(deltas) == ("some" if before else "")
        assert fault is not None
        assert (fault.kind, fault.retry_after_s) == (FaultKind.RATE_LIMITED, 9)


def test_what_came_whole_before_a_fault_is_given_first() -> None:
    """In one read with the fault or not: the same deltas, then the fault, then for ever."""
    for broken in (b"\x08\0\0\0\0", encode_envelope(b"\x0a\x09x"), encode_end_stream(RATE_LIMITED)):
        reader = decoder()
        assert reader.feed(text("a") + text("b") + broken) == [TextDelta("a"), TextDelta("b")]
        for _ in range(2):
            with pytest.raises(Fault):
                reader.check()
            with pytest.raises(Fault):
                reader.feed(END)
        assert not reader.is_finished


@pytest.mark.parametrize(
    "data",
    [
        b"\x04\0\0\0\0",
        b"\xff\xff\xff\xff\xff",
        encode_envelope(b"\x0a"),
        encode_envelope(b"\x0a\x01\xff"),
        encode_envelope(b"\x0a\x02ab\x0a\x01\xff"),
        encode_envelope(b"not gzip", flags=1),
        encode_envelope(gzip.compress(b"x" * 50)[:-3], flags=1),
        encode_envelope(b"", flags=FLAG_END_STREAM),
        encode_envelope(b"[]", flags=FLAG_END_STREAM),
        encode_envelope(b'{"error": 1}', flags=FLAG_END_STREAM),
        encode_envelope(b"<html>", flags=FLAG_END_STREAM),
        END + b"x",
        END + END,
        END + text("more"),
    ],
)
def test_bytes_that_the_wire_does_not_allow_are_a_protocol_error(data: bytes) -> None:
    """At the beginning of an answer and in its middle."""
    for before in ([], [text("some")]):
        _, fault = feed([*before, data])
        assert fault is not None
        assert fault.kind is FaultKind.PROTOCOL_ERROR
        assert fault.__cause__ is not None


def test_compression_that_was_not_agreed_is_refused() -> None:
    """Where the answer's headers name another encoding, a compressed frame cannot be read."""
    with pytest.raises(Fault) as caught:
        decoder(accepts_gzip=False).feed(encode_gzip_envelope(field_string(1, "x")))
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("limits", "reads", "kind"),
    [
        (AnswerLimits(frame_bytes_max=10), [text("x" * 20)], FaultKind.PROTOCOL_ERROR),
        (
            AnswerLimits(inflated_bytes_max=10_000),
            [encode_gzip_envelope(b"\0" * 1_000_000)],
            FaultKind.PROTOCOL_ERROR,
        ),
        # Empty frames say nothing, and are read all the same.
        (AnswerLimits(answer_bytes_max=50), [encode_envelope(b"")] * 11, FaultKind.UPSTREAM_ERROR),
        (AnswerLimits(), [text("x" * (TEXT_CHARS_MAX + 1))], FaultKind.PROTOCOL_ERROR),
        (AnswerLimits(answer_bytes_max=50), [text("x" * 9)] * 9, FaultKind.UPSTREAM_ERROR),
        (
            AnswerLimits(answer_bytes_max=5000),
            [encode_gzip_envelope(field_string(1, "x" * 4000))] * 2,
            FaultKind.UPSTREAM_ERROR,
        ),
    ],
)
def test_every_size_has_a_limit(limits: AnswerLimits, reads: list[bytes], kind: FaultKind) -> None:
    """A frame, a bomb, a runaway answer, compressed or not."""
    _, fault = feed(reads, limits)
    assert fault is not None
    assert fault.kind is kind


@pytest.mark.parametrize("name", ["frame_bytes_max", "inflated_bytes_max", "answer_bytes_max"])
@pytest.mark.parametrize("wrong", [0, -1, 1 << 32])
def test_a_limit_that_cannot_be_is_refused(name: str, wrong: int) -> None:
    """By name, when the configuration is read."""
    with pytest.raises(ValueError, match=name):
        AnswerLimits(**{name: wrong})


def test_an_empty_answer_is_told_as_what_it_is() -> None:
    """Whether a whole answer without a word is acceptable is for others to say."""
    assert feed([END]) == ([DONE], None)


def test_the_repr_tells_the_state_and_no_secret() -> None:
    """Tests and logs may show it."""
    reader = decoder()
    reader.feed(text("x"))
    assert repr(reader) == (
        "<AnswerDecoder <EnvelopeDecoder open>, <ThinkingSplitter answering, holds ''>,"
        " failure=None, is_finished=False>"
    )
