"""The envelopes of a Connect stream: bytes to frames and back.

An envelope is one flag byte, a big-endian uint32 length and that many bytes of payload; the last
envelope of an answer is the end-of-stream, whose payload is JSON (connectrpc.com/docs/protocol).

Rules of this file:
- A decoder holds no more than one unfinished frame, and knows that frame's announced length to be
  within its limit before it holds the first byte of its payload.
- Every failure is a ConnectError. A decoder that failed stays failed; nothing is guessed.
- The plain data frame is the hot path: it is sliced straight from the bytes of the network read.
"""

from __future__ import annotations

import enum
import struct
import zlib
from typing import Final, NoReturn

import msgspec

FLAG_COMPRESSED: Final = 1
FLAG_END_STREAM: Final = 2
HEADER_BYTES: Final = 5
# The length field has 32 bits.
PAYLOAD_BYTES_MAX: Final = 0xFFFF_FFFF

# Out of a frame may come a thousand times as much: out of this, 4 MB, for which zlib takes 16 ms.
# Frames of text have a hundredth of it.
LARGE_FRAME_BYTES: Final = 4 << 10

_FLAGS_KNOWN: Final = FLAG_COMPRESSED | FLAG_END_STREAM
_HEADER: Final = struct.Struct(">BI")
# 16 + 15: a gzip member, any window size.
_GZIP_WINDOW_BITS: Final = 31
# What zlib gives in one go, and gets where there is more. Ordinary frames are below it.
_PIECE_BYTES: Final = 64 << 10
# What connect-node uses; with it zlib writes the header bytes seen in real traces (XFL 0).
_GZIP_LEVEL: Final = 6


class Reason(enum.Enum):
    """Why bytes were refused."""

    TRUNCATED = "truncated"  # the bytes stopped inside a frame or before the end-of-stream
    OVERSIZED = "oversized"  # a frame, announced or inflated, is over its limit
    RESERVED_FLAG = "reserved_flag"  # a flag bit that the protocol gives no meaning
    UNEXPECTED_COMPRESSION = "unexpected_compression"  # compressed, though none was agreed
    UNEXPECTED_END_STREAM = "unexpected_end_stream"  # an end-of-stream where none may come
    BAD_COMPRESSION = "bad_compression"  # the payload is not exactly one gzip member
    AFTER_END = "after_end"  # bytes after the end-of-stream, or after close()
    BAD_END_STREAM = "bad_end_stream"  # the end-of-stream's payload is not the JSON it must be


# A Struct without garbage-collector tracking: made once per token of every answer, it costs a tenth
# of a frozen dataclass and a quarter of a NamedTuple.
class Frame(msgspec.Struct, frozen=True, gc=False):
    """One envelope. `payload` is already inflated; an empty one is valid and says nothing."""

    payload: bytes
    is_end_stream: bool = False


class ConnectError(Exception):
    """The bytes are not what the protocol allows.

    `frames` are the data frames that came whole before the fault in the same feed, so that how
    the network cut the bytes does not decide what a reader gets to see. An end-of-stream is never
    among them: what failed was not complete.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.frames: tuple[Frame, ...] = ()

    def __repr__(self) -> str:
        return f"ConnectError({self.reason.value}, {self.message!r})"


def _gunzip(payload: bytes, inflated_bytes_max: int) -> bytes:
    """Inflate exactly one gzip member; what is over the limit is never held.

    A second member is legal in a gzip file, but no Connect sender writes one: each compresses a
    message in one go. Refusing it costs nothing real, keeps the bound on inflating one call, and
    denies a sender thousands of empty members in one frame.
    """
    inflater = zlib.decompressobj(_GZIP_WINDOW_BITS)
    try:
        # One byte over the limit tells "at the limit" from "over it".
        inflated = inflater.decompress(payload, min(_PIECE_BYTES, inflated_bytes_max + 1))
        size_bytes = len(inflated)
        if size_bytes == _PIECE_BYTES:
            # More than an ordinary frame has. What zlib gathers it holds twice, unless it knows
            # the size beforehand; so that is found out first, and nothing kept meanwhile.
            size_bytes = _count(inflater, size_bytes, inflated_bytes_max)
            if size_bytes <= inflated_bytes_max and inflater.eof:
                inflated = zlib.decompress(payload, _GZIP_WINDOW_BITS, size_bytes)
    except zlib.error as error:
        raise ConnectError(Reason.BAD_COMPRESSION, f"a payload is not gzip: {error}") from error
    if size_bytes > inflated_bytes_max:
        raise ConnectError(
            Reason.OVERSIZED, f"a frame inflates to more than {inflated_bytes_max} bytes"
        )
    if not inflater.eof:
        raise ConnectError(Reason.BAD_COMPRESSION, "a gzip payload stops before its end")
    if inflater.unused_data:
        raise ConnectError(
            Reason.BAD_COMPRESSION,
            f"{len(inflater.unused_data)} bytes follow the gzip member in a frame",
        )
    return inflated


def _count(inflater: zlib._Decompress, size_bytes: int, inflated_bytes_max: int) -> int:
    """How much comes out altogether; one more than the limit when it is over it."""
    payload = inflater.unconsumed_tail
    for at in range(0, max(len(payload), 1), _PIECE_BYTES):
        # A piece, as zlib copies what it has not yet taken at every turn.
        rest = payload[at : at + _PIECE_BYTES]
        while size_bytes <= inflated_bytes_max:
            wanted = min(_PIECE_BYTES, inflated_bytes_max + 1 - size_bytes)
            count = len(inflater.decompress(rest, wanted))
            size_bytes += count
            if count < wanted or inflater.eof:
                break
            rest = inflater.unconsumed_tail
    return size_bytes


class EnvelopeDecoder:
    """Turns network reads, cut anywhere, into frames.

    `frame_bytes_max` bounds a payload as it is announced in its header, `inflated_bytes_max` what a
    gzip payload inflates to. `accepts_gzip` is whether the sender said that it may compress.
    `expects_end_stream` is True for answers; requests have no end-of-stream and may not send one.
    """

    __slots__ = (
        "_accepts_gzip",
        "_buffer",
        "_expects_end_stream",
        "_failure",
        "_frame_bytes_max",
        "_inflated_bytes_max",
        "_is_ended",
        "_is_shut",
        "_needed_bytes",
    )

    def __init__(
        self,
        frame_bytes_max: int,
        inflated_bytes_max: int,
        *,
        accepts_gzip: bool = True,
        expects_end_stream: bool = True,
    ) -> None:
        if not 0 <= frame_bytes_max <= PAYLOAD_BYTES_MAX:
            raise ValueError(f"frame_bytes_max is {frame_bytes_max}, not within 32 bits")
        if inflated_bytes_max < 0:
            raise ValueError(f"inflated_bytes_max is {inflated_bytes_max}, below 0")
        self._frame_bytes_max = frame_bytes_max
        self._inflated_bytes_max = inflated_bytes_max
        self._accepts_gzip = accepts_gzip
        self._expects_end_stream = expects_end_stream
        self._buffer = bytearray()
        self._needed_bytes = HEADER_BYTES
        self._is_ended = False
        self._is_shut = False  # ended, failed or closed: one test on the hot path
        # Not the exception itself: its traceback would hold this decoder and the bytes it read.
        self._failure: tuple[Reason, str] | None = None

    def __repr__(self) -> str:
        if self._failure is not None:
            state = f"failed: {self._failure[0].value}"
        elif self._is_ended:
            state = "ended"
        elif self._buffer:
            state = f"open, holds {len(self._buffer)} of {self._needed_bytes} bytes"
        else:
            state = "open"
        return f"<EnvelopeDecoder {state}>"

    @property
    def is_ended(self) -> bool:
        """Whether the end-of-stream came, with nothing wrong before or after it so far."""
        return self._is_ended and self._failure is None

    def completes_large(self, size_bytes: int) -> bool:
        """Whether so many bytes more make a frame whole that is larger than LARGE_FRAME_BYTES."""
        needed_bytes = self._needed_bytes
        return needed_bytes > LARGE_FRAME_BYTES and len(self._buffer) + size_bytes >= needed_bytes

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now, in order; raises ConnectError on the first bad byte."""
        if self._is_shut:
            self._refuse_more(data)
            return []
        buffer = self._buffer
        if buffer:
            buffer += data
            if len(buffer) < self._needed_bytes:
                return []
            data = bytes(buffer)
            buffer.clear()
        frames: list[Frame] = []
        try:
            consumed_bytes = self._decode(data, frames)
        except ConnectError as error:
            self._is_shut = True
            self._failure = error.reason, error.message
            error.frames = tuple(frame for frame in frames if not frame.is_end_stream)
            raise
        if consumed_bytes < len(data):
            buffer += data[consumed_bytes:]
        return frames

    def close(self) -> None:
        """Say that no bytes follow; raises ConnectError unless the stream is whole."""
        if self._failure is not None:
            raise ConnectError(*self._failure)
        if self._buffer:
            message = "the stream stopped inside a frame"
        elif self._expects_end_stream and not self._is_ended:
            message = "the stream stopped before its end-of-stream"
        else:
            self._is_shut = True
            return
        self._fail(Reason.TRUNCATED, message)

    def _refuse_more(self, data: bytes) -> None:
        if self._failure is not None:
            raise ConnectError(*self._failure)
        if data:
            self._fail(Reason.AFTER_END, f"{len(data)} bytes follow the end of the stream")

    def _fail(self, reason: Reason, message: str) -> NoReturn:
        self._is_shut = True
        self._failure = reason, message
        self._buffer.clear()  # half a frame can be megabytes, and a failure outlives its answer
        raise ConnectError(reason, message)

    def _decode(self, data: bytes, frames: list[Frame]) -> int:
        """Append the whole frames in `data`; the count of bytes that they took."""
        size_bytes = len(data)
        frame_bytes_max = self._frame_bytes_max
        # Bound to locals: this loop turns once per token of every answer.
        read_header, append = _HEADER.unpack_from, frames.append
        start = 0
        flags: int
        length: int
        while True:
            payload_at = start + HEADER_BYTES
            if payload_at > size_bytes:
                self._needed_bytes = HEADER_BYTES
                return start
            flags, length = read_header(data, start)
            if flags or length > frame_bytes_max:
                self._check_header(flags, length)
            end = payload_at + length
            if end > size_bytes:
                self._needed_bytes = HEADER_BYTES + length
                return start
            payload = data[payload_at:end]
            start = end
            if not flags:
                append(Frame(payload))
                continue
            # A zero-length payload is not gzip, whatever its flag says.
            if flags & FLAG_COMPRESSED and payload:
                payload = _gunzip(payload, self._inflated_bytes_max)
            append(Frame(payload, bool(flags & FLAG_END_STREAM)))
            if flags & FLAG_END_STREAM:
                self._is_shut = self._is_ended = True
                self._refuse_more(data[start:])
                return start

    def _check_header(self, flags: int, length: int) -> None:
        """Refuse a frame by its header alone, before any of its payload is held."""
        if flags & ~_FLAGS_KNOWN:
            raise ConnectError(Reason.RESERVED_FLAG, f"a frame has reserved flags: 0x{flags:02x}")
        if flags & FLAG_END_STREAM and not self._expects_end_stream:
            raise ConnectError(Reason.UNEXPECTED_END_STREAM, "a request has an end-of-stream frame")
        if flags & FLAG_COMPRESSED and not self._accepts_gzip:
            raise ConnectError(
                Reason.UNEXPECTED_COMPRESSION, "a frame is compressed, but no encoding was named"
            )
        if length > self._frame_bytes_max:
            raise ConnectError(
                Reason.OVERSIZED,
                f"a frame announces {length} bytes; the limit is {self._frame_bytes_max}",
            )


def encode_envelope(payload: bytes, *, flags: int = 0) -> bytes:
    """One envelope around a payload as it is. `flags` is any byte, reserved bits included."""
    return envelope_head(len(payload), flags=flags) + payload


def envelope_head(size_bytes: int, *, flags: int = 0) -> bytes:
    """What stands before a payload of this size."""
    return _HEADER.pack(flags, size_bytes)


def encode_gzip_envelope(payload: bytes, *, flags: int = 0) -> bytes:
    """One envelope around the gzipped payload, FLAG_COMPRESSED added; an empty one stays empty.

    The bytes are connect-node's: level 6, no time, no name.
    """
    if not payload:
        return encode_envelope(b"", flags=flags)
    deflater = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW_BITS)
    return encode_envelope(
        deflater.compress(payload) + deflater.flush(), flags=flags | FLAG_COMPRESSED
    )
