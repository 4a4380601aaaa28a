"""Envelopes: any chunking, each limit before the bytes it limits, no stream but a whole one."""

from __future__ import annotations

import gc
import gzip
import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from cursor_api.wire.envelope import (
    FLAG_COMPRESSED,
    FLAG_END_STREAM,
    HEADER_BYTES,
    LARGE_FRAME_BYTES,
    ConnectError,
    EnvelopeDecoder,
    Frame,
    Reason,
    encode_envelope,
    encode_gzip_envelope,
)
from tests.vectors.load import answer, load

MIB = 1 << 20
END = bytes.fromhex("02000000027b7d")
END_FRAME = Frame(b"{}", is_end_stream=True)
HELLO = bytes.fromhex("00000000070a0548656c6c6f")
HELLO_FRAME = Frame(b"\x0a\x05Hello")


def decoder(frame_bytes_max: int = MIB, inflated_bytes_max: int = MIB) -> EnvelopeDecoder:
    """A decoder of answers."""
    return EnvelopeDecoder(frame_bytes_max, inflated_bytes_max)


def refusal(of: EnvelopeDecoder, data: bytes) -> ConnectError:
    """The error with which the decoder refuses the bytes."""
    with pytest.raises(ConnectError) as caught:
        of.feed(data)
    return caught.value


@pytest.mark.parametrize("vector", load("streamchat")["frames"], ids=lambda v: v["name"])
def test_vectors(vector: dict[str, str | int]) -> None:
    """Frames seen in real traces are read and written byte for byte."""
    data = bytes.fromhex(str(vector["hex"]))
    payload = bytes.fromhex(str(vector["payload_hex"]))
    flags = int(vector["flags"])
    assert decoder().feed(data) == [Frame(payload, is_end_stream=bool(flags & FLAG_END_STREAM))]
    assert encode_envelope(payload, flags=flags) == data


def test_a_whole_answer() -> None:
    """Whole, byte by byte and in network-sized pieces, an answer is the same row of frames."""
    golden = answer()
    expected = [Frame(payload) for payload in golden.payloads[:-1]] + [END_FRAME]
    for size in (len(golden.data), 1, 2, 3, 5, 7, 64, 1400):
        reader = decoder()
        pieces = [golden.data[at : at + size] for at in range(0, len(golden.data), size)]
        assert [frame for piece in pieces for frame in reader.feed(piece)] == expected
        assert reader.is_ended
        reader.close()


def test_cut_at_every_offset() -> None:
    """An answer cut anywhere is a prefix of its frames, never ended, and close() says TRUNCATED."""
    golden = answer()
    whole = decoder().feed(golden.data)
    for offset in range(len(golden.data)):
        reader = decoder()
        frames = reader.feed(golden.data[:offset])
        assert frames == whole[: len(frames)]
        assert not reader.is_ended
        with pytest.raises(ConnectError) as caught:
            reader.close()
        assert caught.value.reason is Reason.TRUNCATED
        assert not reader.is_ended


def test_frames_are_given_as_soon_as_they_are_whole() -> None:
    """The last byte of a frame gives it; nothing waits for the next one."""
    reader = decoder()
    for byte in HELLO[:-1]:
        assert reader.feed(bytes([byte])) == []
    assert reader.feed(HELLO[-1:]) == [HELLO_FRAME]
    assert reader.feed(b"") == []


def test_one_read_with_a_tail() -> None:
    """Whole frames and the beginning of the next in one read."""
    reader = decoder()
    assert reader.feed(HELLO * 3 + HELLO[:7]) == [HELLO_FRAME] * 3
    assert reader.feed(HELLO[7:] + END) == [HELLO_FRAME, END_FRAME]


def test_zero_length_frames() -> None:
    """Empty payloads are valid, also where the flag says compressed: nothing is inflated."""
    reader = decoder()
    assert reader.feed(encode_envelope(b"") + encode_envelope(b"", flags=FLAG_COMPRESSED)) == [
        Frame(b""),
        Frame(b""),
    ]
    assert reader.feed(encode_envelope(b"", flags=3)) == [Frame(b"", is_end_stream=True)]
    reader.close()


@pytest.mark.parametrize("length", [MIB + 1, 0xFFFF_FFFF])
@pytest.mark.parametrize("flags", [0, 1, 2, 3])
def test_an_announced_length_over_the_limit_fails_at_the_header(flags: int, length: int) -> None:
    """The fifth byte of the header is enough; no byte of the payload is waited for or held."""
    reader = decoder()
    header = bytes([flags]) + length.to_bytes(4, "big")
    assert reader.feed(header[:4]) == []
    assert refusal(reader, header[4:]).reason is Reason.OVERSIZED
    assert not reader._buffer


def test_the_frame_limit_is_inclusive() -> None:
    """A payload of exactly the limit passes, with a flag too; one byte more does not."""
    member = encode_gzip_envelope(b"abc")
    assert decoder(len(member) - 5).feed(member) == [Frame(b"abc")]
    assert refusal(decoder(len(member) - 6), member).reason is Reason.OVERSIZED
    assert decoder(10).feed(encode_envelope(b"x" * 10)) == [Frame(b"x" * 10)]
    assert refusal(decoder(10), encode_envelope(b"x" * 11)).reason is Reason.OVERSIZED


def test_the_inflated_limit_is_inclusive() -> None:
    """What a payload inflates to may be exactly the limit, and not one byte more."""
    payload = b"x" * 1000
    data = encode_gzip_envelope(payload)
    assert decoder(MIB, 1000).feed(data) == [Frame(payload)]
    assert refusal(decoder(MIB, 999), data).reason is Reason.OVERSIZED
    assert decoder(MIB, 0).feed(HELLO) == [HELLO_FRAME]  # a plain payload is not inflated


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 131_072, 300_000])
@pytest.mark.parametrize("make", [bytes, random.Random(1).randbytes], ids=["dense", "sparse"])
def test_a_large_payload_is_inflated_whole(size: int, make: Callable[[int], bytes]) -> None:
    """Whatever it compresses to; its limit is inclusive, and its end has to be there and clean."""
    payload = make(size)
    data = encode_gzip_envelope(payload)
    assert decoder(MIB, size).feed(data) == [Frame(payload)]
    assert refusal(decoder(MIB, size - 1), data).reason is Reason.OVERSIZED
    cut = encode_envelope(data[HEADER_BYTES:-9], flags=FLAG_COMPRESSED)
    assert refusal(decoder(), cut).reason is Reason.BAD_COMPRESSION
    tail = encode_envelope(data[HEADER_BYTES:] + bytes(100_000), flags=FLAG_COMPRESSED)
    assert "100000 bytes follow" in refusal(decoder(), tail).message
    damaged = bytearray(data)
    damaged[-6] ^= 1
    assert refusal(decoder(), bytes(damaged)).reason is Reason.BAD_COMPRESSION


def test_a_gzip_bomb_ends_in_an_error_with_memory_bounded() -> None:
    """A quarter of a gibibyte of zeros costs nothing near the limit of four mebibytes."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(MIB)
    # After a full flush the same bytes come out for the same bytes.
    first, block = (deflater.compress(zeros) + deflater.flush(zlib.Z_FULL_FLUSH) for _ in "12")
    bomb = first + block * 254 + deflater.compress(zeros) + deflater.flush()
    data = encode_envelope(bomb, flags=FLAG_COMPRESSED)
    reader = decoder(2 * MIB, 4 * MIB)
    tracemalloc.start()
    try:
        error = refusal(reader, data)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert error.reason is Reason.OVERSIZED
    assert peak_bytes < 2 * MIB


@pytest.mark.parametrize(
    "payload",
    [
        b"not gzip at all",
        gzip.compress(b"abc")[:-1],
        gzip.compress(b"abc")[:12],
        gzip.compress(b"abc")[:-8] + bytes(8),  # a wrong checksum
        gzip.compress(b"abc") + b"tail",
        gzip.compress(b"abc") + b"\0",
        gzip.compress(b"abc") + gzip.compress(b"def"),
        zlib.compress(b"abc"),
        b"\x1f\x8b",
    ],
)
@pytest.mark.parametrize("flags", [FLAG_COMPRESSED, FLAG_COMPRESSED | FLAG_END_STREAM])
def test_a_compressed_payload_is_exactly_one_gzip_member(payload: bytes, flags: int) -> None:
    """Truncated, damaged, trailed by anything or followed by a second member: refused."""
    reader = decoder()
    error = refusal(reader, encode_envelope(payload, flags=flags))
    assert error.reason is Reason.BAD_COMPRESSION
    assert not reader.is_ended


def test_a_compressed_end_of_stream() -> None:
    """The end-of-stream may be compressed like any frame (flag 3)."""
    reader = decoder()
    data = encode_gzip_envelope(b"{}", flags=FLAG_END_STREAM)
    assert data[0] == 3
    assert reader.feed(data) == [END_FRAME]
    reader.close()


@pytest.mark.parametrize("flags", [4, 8, 0x10, 0x20, 0x40, 0x80, 0xFF, 0x83])
def test_reserved_flags_are_refused_at_the_header(flags: int) -> None:
    """A bit without a meaning fails the stream before its payload comes."""
    error = refusal(decoder(), bytes([flags, 0, 0, 0, 9]))
    assert error.reason is Reason.RESERVED_FLAG
    assert f"0x{flags:02x}" in error.message


def test_compression_that_nobody_agreed_on() -> None:
    """Without a named encoding a compressed frame is refused at its header, empty or not."""
    for length in (0, 9):
        reader = EnvelopeDecoder(MIB, MIB, accepts_gzip=False)
        assert refusal(reader, bytes([1, 0, 0, 0, length])).reason is Reason.UNEXPECTED_COMPRESSION
    assert EnvelopeDecoder(MIB, MIB, accepts_gzip=False).feed(HELLO + END)


def test_bytes_after_the_end() -> None:
    """Nothing may follow the end-of-stream: not a frame, not a second end, not one byte."""
    for tail in (HELLO, END, b"\0"):
        together = decoder()
        error = refusal(together, HELLO + END + tail)
        assert error.reason is Reason.AFTER_END
        assert not together.is_ended
        later = decoder()
        later.feed(HELLO + END)
        assert later.feed(b"") == []
        assert refusal(later, tail).reason is Reason.AFTER_END
        assert not later.is_ended


def test_frames_before_a_fault_travel_with_it() -> None:
    """What came whole in the same read is not lost, and an end-of-stream is not among it."""
    bad = bytes([0x80, 0, 0, 0, 0])
    assert refusal(decoder(), HELLO + HELLO + bad).frames == (HELLO_FRAME, HELLO_FRAME)
    assert refusal(decoder(), HELLO + END + bad).frames == (HELLO_FRAME,)
    assert refusal(decoder(), bad).frames == ()


def test_a_failed_decoder_stays_failed() -> None:
    """Good bytes after a bad one change nothing, and close() repeats the reason."""
    reader = decoder()
    refusal(reader, bytes([0x80, 0, 0, 0, 0]))
    again = refusal(reader, HELLO)
    assert (again.reason, again.frames) == (Reason.RESERVED_FLAG, ())
    assert refusal(reader, b"").reason is Reason.RESERVED_FLAG
    with pytest.raises(ConnectError, match="reserved"):
        reader.close()


@pytest.mark.parametrize("read", [b"", HELLO, END[:-1], b"\0"])
def test_a_stream_without_its_end(read: bytes) -> None:
    """No end-of-stream, no answer: whole frames, a part of one, or nothing at all."""
    reader = decoder()
    reader.feed(read)
    for _ in range(2):
        with pytest.raises(ConnectError) as caught:
            reader.close()
        assert caught.value.reason is Reason.TRUNCATED
    assert refusal(reader, END).reason is Reason.TRUNCATED


def test_requests_have_no_end() -> None:
    """A request is whole without an end-of-stream, may not send one, and may not be cut."""
    reader = EnvelopeDecoder(MIB, MIB, expects_end_stream=False)
    assert reader.feed(HELLO) == [HELLO_FRAME]
    assert refusal(reader, END[:5]).reason is Reason.UNEXPECTED_END_STREAM
    whole = EnvelopeDecoder(MIB, MIB, expects_end_stream=False)
    whole.feed(HELLO)
    whole.close()
    assert not whole.is_ended
    assert refusal(whole, HELLO).reason is Reason.AFTER_END
    cut = EnvelopeDecoder(MIB, MIB, expects_end_stream=False)
    cut.feed(HELLO[:-1])
    with pytest.raises(ConnectError, match="inside a frame"):
        cut.close()


def test_gzip_envelopes_are_those_of_connect_node() -> None:
    """Level 6, no time, no name; an empty payload is left alone."""
    header = bytes.fromhex(load("streamchat")["gzip_header"]["hex"])
    payload = b"the prompt " * 200
    data = encode_gzip_envelope(payload)
    assert data[0] == FLAG_COMPRESSED
    assert int.from_bytes(data[1:5], "big") == len(data) - 5
    assert data[5:15] == header
    assert data[15:] == gzip.compress(payload, 6, mtime=0)[10:]
    assert encode_gzip_envelope(b"") == bytes(5)


def test_a_simulator_may_write_what_a_decoder_refuses() -> None:
    """The encoder puts any flag byte in front; only a number that is no byte is an error."""
    assert encode_envelope(b"x", flags=0xFF) == b"\xff\0\0\0\1x"
    with pytest.raises(struct.error):
        encode_envelope(b"x", flags=256)


def test_a_frame_is_a_value() -> None:
    """It cannot be changed, and the garbage collector has no work with it."""
    frame = decoder().feed(HELLO)[0]
    with pytest.raises(AttributeError):
        frame.payload = b""  # type: ignore[misc] # that it is refused is the point
    assert not gc.is_tracked(frame)


def test_limits_must_make_sense() -> None:
    """A limit that no header can break, or below zero, is a mistake of the caller's."""
    assert EnvelopeDecoder(0xFFFF_FFFF, 0).feed(HELLO) == [HELLO_FRAME]
    for frame_bytes_max, inflated_bytes_max in ((-1, 1), (1 << 32, 1), (1, -1)):
        with pytest.raises(ValueError, match="_bytes_max is"):
            EnvelopeDecoder(frame_bytes_max, inflated_bytes_max)


def test_the_state_tells_itself() -> None:
    """A repr that says where the decoder stands, and shows none of the bytes."""
    reader = decoder()
    assert repr(reader) == "<EnvelopeDecoder open>"
    reader.feed(HELLO[:-1])
    assert repr(reader) == "<EnvelopeDecoder open, holds 11 of 12 bytes>"
    reader.feed(HELLO[-1:] + END)
    assert repr(reader) == "<EnvelopeDecoder ended>"
    error = refusal(reader, b"x")
    assert repr(reader) == "<EnvelopeDecoder failed: after_end>"
    assert str(error) == "1 bytes follow the end of the stream"
    assert repr(error) == "ConnectError(after_end, '1 bytes follow the end of the stream')"


def test_what_is_held_is_one_unfinished_frame() -> None:
    """Ten thousand frames in odd pieces leave no more behind than the frame that is under way."""
    source = random.Random(5)
    data = HELLO * 10_000
    reader = decoder()
    at = frame_count = 0
    while at < len(data):
        step = source.randint(1, 40)
        frame_count += len(reader.feed(data[at : at + step]))
        at += step
        assert len(reader._buffer) < len(HELLO)
    assert frame_count == 10_000


def test_a_large_frame_is_told_of_before_it_is_made_whole() -> None:
    """Whoever feeds may want to do that elsewhere; small frames and beginnings are not told of."""
    reader = decoder()
    small = encode_envelope(bytes(LARGE_FRAME_BYTES - HEADER_BYTES))
    large = encode_gzip_envelope(random.Random(0).randbytes(2 * LARGE_FRAME_BYTES))
    for envelope, is_large in ((small, False), (large, True), (small, False)):
        assert not reader.completes_large(len(envelope))
        reader.feed(envelope[:100])
        assert not reader.completes_large(len(envelope) - 101)
        reader.feed(envelope[100:-1])
        assert reader.completes_large(1) is is_large
        assert reader.completes_large(1000) is is_large
        assert len(reader.feed(envelope[-1:])) == 1
