"""Envelopes in every chunking, cut, trailed and mutated; and against `connectrpc`'s own reader."""

from __future__ import annotations

import contextlib
import json

import pytest
from connectrpc._compression import resolve_compressions
from connectrpc._envelope import EnvelopeReader
from connectrpc._protocol import ConnectWireError
from connectrpc._protocol_connect import ConnectEnvelopeReader, ConnectEnvelopeWriter
from connectrpc.code import Code
from connectrpc.errors import ConnectError as TheirError
from connectrpc.request import Headers
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.wire.connect import (
    ConnectError,
    Frame,
    encode_end_stream,
    encode_envelope,
    encode_gzip_envelope,
    parse_end_stream,
    parse_error_json,
)
from tests.examples import examples
from tests.fuzz.wire_models import (
    COMPLETE,
    Limits,
    Reading,
    model_envelopes,
    pieces_of,
    read_envelopes,
)

MANY = examples(300)
LIMITS = Limits()
SMALL = Limits(frame_bytes_max=60, inflated_bytes_max=90)

payloads = st.binary(max_size=40) | st.integers(0, 200).map(lambda size: b"a" * size)
envelopes = st.tuples(payloads, st.booleans()).map(
    lambda pair: encode_gzip_envelope(pair[0]) if pair[1] else encode_envelope(pair[0])
)
ends = st.booleans().map(lambda is_compressed: encode_end_stream(is_compressed=is_compressed))
streams = st.tuples(st.lists(envelopes, max_size=8), ends).map(
    lambda pair: b"".join(pair[0]) + pair[1]
)
cuts = st.lists(st.integers(0, 400), max_size=8)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A stream with a few bytes changed, taken out, put in or doubled."""
    data = bytearray(draw(streams))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.integers(0, 6))
        match draw(st.sampled_from(["change", "insert", "delete", "double"])):
            case "change":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "insert":
                data[at:at] = draw(st.binary(max_size=6))
            case "delete":
                del data[at : at + size]
            case _:
                data[at:at] = data[at : at + size]
    return bytes(data)


limits = st.builds(
    Limits,
    st.integers(0, 250),
    st.integers(0, 250),
    st.booleans(),
    st.booleans(),
)


@MANY
@given(st.lists(st.tuples(payloads, st.booleans()), max_size=10), ends, cuts)
def test_whatever_is_written_is_read(
    written: list[tuple[bytes, bool]], end: bytes, at: list[int]
) -> None:
    """Frames plain and compressed come back in order, however the bytes are cut."""
    data = b"".join(
        encode_gzip_envelope(payload) if is_compressed else encode_envelope(payload)
        for payload, is_compressed in written
    )
    expected = (*(Frame(payload) for payload, _ in written), Frame(b"{}", is_end_stream=True))
    assert read_envelopes(pieces_of(data + end, at), LIMITS) == Reading(expected, COMPLETE)


@MANY
@given(streams | mutated() | st.binary(max_size=60), limits, cuts)
def test_any_bytes_in_any_pieces(data: bytes, of: Limits, at: list[int]) -> None:
    """Whole, in pieces and byte by byte: the frames and the reason of the plain second reading."""
    expected = model_envelopes(data, of)
    assert read_envelopes([data], of) == expected
    assert read_envelopes(pieces_of(data, at), of) == expected
    assert read_envelopes([data[i : i + 1] for i in range(len(data))], of) == expected


@MANY
@given(streams, st.data())
def test_a_cut_stream_is_never_complete(data: bytes, draw: st.DataObject) -> None:
    """Any prefix of a stream is truncated, with a prefix of its frames."""
    cut = draw.draw(st.integers(0, len(data) - 1))
    whole = read_envelopes([data], LIMITS)
    reading = read_envelopes([data[:cut]], LIMITS)
    assert reading.verdict == "truncated"
    assert reading.things == whole.things[: len(reading.things)]


@MANY
@given(streams, st.binary(min_size=1, max_size=20), cuts)
def test_a_stream_with_a_tail_is_never_complete(data: bytes, tail: bytes, at: list[int]) -> None:
    """Whatever follows the end-of-stream, in the same read or later, fails it."""
    assert read_envelopes(pieces_of(data + tail, at), LIMITS).verdict == "after_end"


class BytesCodec:
    """A codec for `connectrpc` whose messages are bytes."""

    def name(self) -> str:
        """What it is called."""
        return "bytes"

    def encode(self, message: bytes) -> bytes:
        """The message itself."""
        return message

    def decode(self, data: bytes | bytearray, message: type[bytes]) -> bytes:
        """The data as bytes."""
        return message(data)


class TheirReader(EnvelopeReader[bytes]):
    """`connectrpc`'s reader as its client uses it, but for the JSON of the end-of-stream."""

    _flags_mask = 0b11

    def handle_end_message(self, prefix_byte: int, _message: bytes | bytearray) -> bool:
        """Whether the frame was the end-of-stream."""
        return bool(prefix_byte & 2)


GZIP = resolve_compressions(None)["gzip"]


def their_reading(pieces: list[bytes], bytes_max: int) -> tuple[list[bytes], bool]:
    """The payloads that `connectrpc` reads, and whether it takes the stream for whole."""
    reader = TheirReader(bytes, BytesCodec(), GZIP, bytes_max)
    found: list[bytes] = []
    try:
        for piece in pieces:
            for payload in reader.feed(piece):
                found.append(payload)  # noqa: PERF402 - what came before an exception must be kept
        reader._check_ended()
    except TheirError:
        return found, False
    return found, reader._ended


@MANY
@given(streams | mutated(), cuts, st.integers(0, 250))
def test_connectrpc_reads_the_same(data: bytes, at: list[int], bytes_max: int) -> None:
    """The same payloads and the same verdict as a reader that is not ours.

    One difference is meant: it accepts several gzip members in one payload, we do not. It also
    hands out the frames of a stream that turns out to be bad in the same read, as we do.
    """
    of = Limits(bytes_max, bytes_max)
    pieces = pieces_of(data, at)
    ours = read_envelopes(pieces, of)
    theirs, is_whole = their_reading(pieces, bytes_max)
    payloads_read = [
        frame.payload
        for frame in ours.things
        if isinstance(frame, Frame) and not frame.is_end_stream
    ]
    if ours.verdict == "bad_compression" and theirs[: len(payloads_read)] == payloads_read:
        return
    assert (payloads_read, ours.verdict == COMPLETE) == (theirs, is_whole)


@MANY
@given(payloads, st.booleans())
def test_connectrpc_writes_what_we_read(payload: bytes, is_compressed: bool) -> None:  # noqa: FBT001 - drawn
    """Its envelopes are ours byte for byte when plain, and read back when compressed."""
    writer = ConnectEnvelopeWriter(BytesCodec(), GZIP if is_compressed else None)
    data = writer.write(payload)
    end = writer.end(Headers(), None)
    if not is_compressed:
        assert data == encode_envelope(payload)
        assert end == encode_end_stream()
    expected = Reading((Frame(payload), Frame(b"{}", is_end_stream=True)), COMPLETE)
    assert read_envelopes([data, end], LIMITS) == expected


messages = st.text(st.characters(codec="utf-8"), max_size=20)


@MANY
@given(st.sampled_from(Code), messages, st.booleans())
def test_errors_both_ways(code: Code, message: str, is_compressed: bool) -> None:  # noqa: FBT001 - drawn
    """What it says of a failed call is what we read, and what we say is what it raises."""
    compression = GZIP if is_compressed else None
    data = ConnectEnvelopeWriter(BytesCodec(), compression).end(
        Headers({"trailer": "1"}), ConnectWireError(code, message, ())
    )
    (frame,) = read_envelopes([data], LIMITS).things
    assert isinstance(frame, Frame)
    end = parse_end_stream(frame.payload)
    assert end.error is not None
    assert (end.error.code, end.error.message) == (code.value, message)
    assert end.metadata == {"trailer": ("1",)}

    reader = ConnectEnvelopeReader(bytes, BytesCodec(), GZIP, None)
    written = encode_end_stream({"code": code.value, "message": message})
    with pytest.raises(TheirError) as caught:
        list(reader.feed(written))
    assert (caught.value.code, caught.value.message) == (code, message)


json_keys = st.sampled_from(
    ["error", "metadata", "code", "message", "details", "type", "value", "debug", "other"]
)
json_values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_keys, inner, max_size=4),
    max_leaves=12,
)


@MANY
@given(st.dictionaries(json_keys, json_values, max_size=4))
def test_any_json_is_an_end_or_a_refusal(content: dict[str, object]) -> None:
    """A call is good exactly when its end is an object without an error in it."""
    payload = json.dumps(content).encode()
    error = content.get("error")
    if error is None or isinstance(error, dict):
        assert (parse_end_stream(payload).error is None) is (error is None)
    else:
        with pytest.raises(ConnectError):
            parse_end_stream(payload)
    failure = parse_error_json(payload)
    assert (failure is not None) is isinstance(content.get("code"), str)


@MANY
@given(st.binary(max_size=40), st.integers(0, 40))
def test_any_bytes_are_an_end_or_a_refusal(noise: bytes, at: int) -> None:
    """Noise, alone or within an error's JSON, never raises anything but its own error."""
    golden = b'{"error":{"code":"internal","details":[{"type":"t","value":"AQ"}]}}'
    for payload in (noise, golden[:at] + noise + golden[at:]):
        parse_error_json(payload)
        with contextlib.suppress(ConnectError):
            parse_end_stream(payload)
