"""Server-sent events: every line end in every split, limits, and whether the stream was cut."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from cursor_api.wire.sse import Event, SSEDecoder, SSEError, SSEReason, encode_event
from tests.vectors.load import load

KIB = 1 << 10
STREAMS: list[dict[str, Any]] = load("sse")["streams"]


def read(pieces: list[bytes], event_bytes_max: int = 64 * KIB) -> tuple[list[Event], bool]:
    """The events of a stream that came in these pieces, and whether it was cut."""
    decoder = SSEDecoder(event_bytes_max)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events, decoder.is_cut


def refusal(decoder: SSEDecoder, data: bytes) -> SSEError:
    """The error with which the decoder refuses the bytes."""
    with pytest.raises(SSEError) as caught:
        decoder.feed(data)
    return caught.value


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream["name"])
def test_vectors(stream: dict[str, Any], line_end: str) -> None:
    """The standard's examples, with each line end, whole and cut into pieces of each size."""
    data = stream["text"].replace("\n", line_end).encode()
    expected = [Event(name, text) for name, text, _last_id in stream["events"]]
    for size in (len(data), 1, 2, 3, 5, 8, 13):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert read(pieces) == (expected, stream["is_cut"])


def test_every_split_of_mixed_line_ends() -> None:
    """CR, LF and CRLF side by side, cut into two reads at every offset: always the same events."""
    data = b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\rdata: e\n\ndata: f\r\n\r\n"
    expected = [Event("message", text) for text in ("a\nb\nc", "d", "e", "f")]
    for offset in range(len(data) + 1):
        assert read([data[:offset], data[offset:]]) == (expected, False)
        assert read([data[:offset], b"", data[offset:]]) == (expected, False)


def test_a_line_that_ends_with_cr_is_acted_on_at_once() -> None:
    """An event is not held back for an LF that may never come; one that comes is no empty line."""
    decoder = SSEDecoder(KIB)
    assert decoder.feed(b"data: a\r\n\r") == [Event("message", "a")]
    assert not decoder.is_cut
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"data: b\r") == []
    assert decoder.feed(b"\r") == [Event("message", "b")]
    assert decoder.feed(b"\ndata: c\n\n") == [Event("message", "c")]
    assert read([b"data: d", b"\r", b"\n", b"\n"]) == ([Event("message", "d")], False)


def test_only_cr_and_lf_end_a_line() -> None:
    """Other characters that Python's str takes for line ends are text."""
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"
    assert read([f"data: {text}\n\n".encode()]) == ([Event("message", text)], False)
    assert read([encode_event(text)]) == ([Event("message", text)], False)


def test_a_character_cut_between_reads() -> None:
    """UTF-8 is decoded when its line is whole."""
    data = "data: 世界 🙂\n\n".encode()
    for offset in range(len(data)):
        assert read([data[:offset], data[offset:]]) == ([Event("message", "世界 🙂")], False)


def test_a_byte_order_mark_in_pieces() -> None:
    """It is skipped at the very beginning only, however it is cut."""
    data = b"\xef\xbb\xbfdata: a\n\n"
    for offset in range(5):
        assert read([data[:offset], data[offset:]]) == ([Event("message", "a")], False)
    assert read([b"\xef\xbb\xbf\n", data]) == ([], False)
    assert read([b"\n", data]) == ([], False)


def test_what_is_for_reconnecting_is_read_over() -> None:
    """Ids and waits are no part of an event, and make none."""
    data = b"retry: 3000\n\nid: 1\ndata: a\n\nid: 2\n\n"
    assert read([data]) == ([Event("message", "a")], False)


@pytest.mark.parametrize(
    ("data", "is_cut"),
    [
        (b"", False),
        (b"\n", False),
        (b": alive\n", False),
        (b": ali", True),
        (b"data: a\n\n", False),
        (b"data: a\r\r", False),
        (b"data: a\n", True),
        (b"data: a", True),
        (b"event: x\n", True),
        (b"data: a\n\nd", True),
        (b"data: a\n\nid: 3\n", True),
        (b"data: a\n\n: alive\n", False),
        (b"\xef\xbb", True),
    ],
)
def test_a_cut_stream_shows(data: bytes, is_cut: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """What is unfinished at the end is discarded, as the standard says, and does not go unseen."""
    events, was_cut = read([data])
    assert was_cut is is_cut
    assert events == ([Event("message", "a")] if data.count(b"a\n\n") + data.count(b"\r\r") else [])


def test_cut_at_every_offset() -> None:
    """A prefix gives a prefix of the events, the one that is cut never among them."""
    data = b"".join(encode_event(text, "delta") for text in ("one", "two\nlines", "世界", ""))
    whole, _ = read([data])
    ends = [at + 2 for at in range(len(data)) if data[at : at + 2] == b"\n\n"]
    for offset in range(len(data) + 1):
        events, is_cut = read([data[:offset]])
        assert events == whole[: sum(end <= offset for end in ends)]
        assert is_cut is (offset not in {0, *ends})


def feed_all(decoder: SSEDecoder, pieces: list[bytes]) -> None:
    """Feed every piece; the events are of no interest."""
    for piece in pieces:
        decoder.feed(piece)


def test_an_event_over_the_limit() -> None:
    """Its lines together count, line ends too, wherever they are cut; the limit is inclusive."""
    event = b"data: 3456789\ndata: 345678\n\n"  # 14 bytes and 13; the empty line is free
    assert read([event], 27) == ([Event("message", "3456789\n345678")], False)
    for size in (len(event), 1, 7):
        decoder = SSEDecoder(26)
        with pytest.raises(SSEError) as caught:
            feed_all(decoder, [event[at : at + size] for at in range(0, len(event), size)])
        assert caught.value.reason is SSEReason.OVERSIZED
        assert decoder.is_cut


def test_an_endless_line_is_refused_before_it_is_held() -> None:
    """A line without an end, a comment too, is held to the limit and no further."""
    for start in (b"data: ", b": ", b"x"):
        decoder = SSEDecoder(KIB)
        decoder.feed(start)
        assert refusal(decoder, b"x" * (1 << 22)).reason is SSEReason.OVERSIZED
        assert bytes(decoder._line) == start


def test_endless_small_lines_are_refused() -> None:
    """Empty data lines and unknown fields count, though they hold no text."""
    for line in (b"data\n", b"data:\n", b"x\n", b"event: e\n"):
        with pytest.raises(SSEError, match="more than 1024 bytes"):
            feed_all(SSEDecoder(KIB), [line] * KIB)


def test_comments_are_free() -> None:
    """Keep-alives may come for ever, between events and within one."""
    decoder = SSEDecoder(64)
    decoder.feed(b"data: a\n")
    for _ in range(1000):
        assert decoder.feed(b": still here\n") == []
    assert decoder.feed(b"\n") == [Event("message", "a")]
    assert decoder.feed(b": \xff no text at all\n") == []


def test_text_that_is_not_utf8() -> None:
    """It fails the stream: repaired words are wrong words."""
    decoder = SSEDecoder(KIB)
    error = refusal(decoder, b"data: a\n\ndata: caf\xe9\n\ndata: b\n\n")
    assert error.reason is SSEReason.BAD_TEXT
    assert error.events == (Event("message", "a"),)
    assert decoder.is_cut


def test_a_failed_decoder_stays_failed() -> None:
    """Good bytes after bad ones change nothing."""
    decoder = SSEDecoder(KIB)
    refusal(decoder, b"data: \xff\n")
    again = refusal(decoder, b"data: a\n\n")
    assert (again.reason, again.events) == (SSEReason.BAD_TEXT, ())
    assert decoder.is_cut


def test_the_state_tells_itself() -> None:
    """A repr that says where the decoder stands, and shows none of the bytes."""
    decoder = SSEDecoder(KIB)
    decoder.feed(b"data: secret\nda")
    assert repr(decoder) == "<SSEDecoder open, holds 15 bytes>"
    error = refusal(decoder, b"x" * KIB)
    assert repr(decoder).startswith("<SSEDecoder failed")
    assert str(error) == "an event has more than 1024 bytes"
    assert repr(error) == "SSEError(oversized, 'an event has more than 1024 bytes')"


def test_an_event_is_a_value() -> None:
    """It cannot be changed, and the garbage collector has no work with it."""
    (event,) = SSEDecoder(KIB).feed(b"data: a\n\n")
    with pytest.raises(AttributeError):
        event.data = ""  # type: ignore[misc] # that it is refused is the point
    assert not gc.is_tracked(event)


@pytest.mark.parametrize(
    ("data", "event", "encoded"),
    [
        ("[DONE]", None, b"data: [DONE]\n\n"),
        (b'{"a":1}', None, b'data: {"a":1}\n\n'),
        ("", None, b"data: \n\n"),
        ("{}", "error", b"event: error\ndata: {}\n\n"),
        ("a\nb", None, b"data: a\ndata: b\n\n"),
        ("a\r\nb\rc\n", "e", b"event: e\ndata: a\ndata: b\ndata: c\ndata: \n\n"),
        (" a", None, b"data:  a\n\n"),
        (": a", None, b"data: : a\n\n"),
        ("世界", "名", "event: 名\ndata: 世界\n\n".encode()),
    ],
)
def test_encoding(data: str | bytes, event: str | None, encoded: bytes) -> None:
    """What is written is what a reader reads back, its line ends as LF."""
    assert encode_event(data, event) == encoded
    text = data if isinstance(data, str) else data.decode()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    assert read([encoded]) == ([Event(event or "message", text)], False)


@pytest.mark.parametrize("event", ["a\nb", "a\r", "\r\ndata: x"])
def test_a_name_cannot_begin_another_field(event: str) -> None:
    """A line end in an event's name is refused."""
    with pytest.raises(ValueError, match="line end"):
        encode_event("x", event)


@pytest.mark.parametrize(
    ("data", "is_only"),
    [
        (b"data: a\n\n", True),
        ("data: 你好\n\n".encode(), True),
        (b"data: \n\n", True),
        (b"data: a\n\ndata: b\n\n", False),
        (b"data: a\ndata: b\n\n", False),
        (b"data: a\n\n\n", False),
        (b"data: a\r\n\r\n", False),
        (b"data: a\rb\n\n", False),
        (b"data:a\n\n", False),
        (b"event: x\ndata: a\n\n", False),
        (b": a\n\n", False),
        (b"data: a\n", False),
        (b"data: \xff\n\n", False),
        (b"\n\n", False),
        (b"", False),
    ],
)
def test_a_read_that_is_one_plain_event_is_known(data: bytes, *, is_only: bool) -> None:
    """It is the event that feeding it gives; anything else, and one amid another, is fed."""
    decoder = SSEDecoder(100)
    assert decoder.find_only(data) is None  # at its start there may be a mark
    assert decoder.feed(b"data: first\n\n") == [Event("message", "first")]
    only = decoder.find_only(data)
    assert (only is not None) is is_only
    if only is not None:
        assert [only] == decoder.feed(data)
        decoder.feed(b"data: begun")
        assert decoder.find_only(data) is None


def test_an_event_over_the_limit_is_not_known() -> None:
    """Feeding it says what is wrong."""
    decoder = SSEDecoder(20)
    decoder.feed(b"data: first\n\n")
    assert decoder.find_only(b"data: " + b"x" * 20 + b"\n\n") is None
