"""Plain second readings of the wire, for decoders to agree with: slow, whole input, no state.

A model answers with everything that an observer could see. A decoder that is fed the same bytes in
any pieces must answer the same.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from cursor_api.wire.connect import ConnectError, EnvelopeDecoder, Frame
from cursor_api.wire.sse import Event, SSEDecoder, SSEError

COMPLETE = "complete"
CUT = "cut"


@dataclass(frozen=True)
class Limits:
    """What an envelope decoder is told."""

    frame_bytes_max: int = 1 << 16
    inflated_bytes_max: int = 1 << 16
    accepts_gzip: bool = True
    expects_end_stream: bool = True


@dataclass(frozen=True)
class Reading:
    """What came of a stream: the things read, and COMPLETE, CUT or the reason of a refusal."""

    things: tuple[object, ...]
    verdict: str


def pieces_of(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The data cut at these offsets, whatever their order; empty pieces are kept."""
    at = [0, *sorted(cut for cut in cuts if cut <= len(data)), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(at)]


def read_envelopes(pieces: Iterable[bytes], limits: Limits) -> Reading:
    """What EnvelopeDecoder makes of the pieces. An end-of-stream counts once all went well."""
    decoder = EnvelopeDecoder(
        limits.frame_bytes_max,
        limits.inflated_bytes_max,
        accepts_gzip=limits.accepts_gzip,
        expects_end_stream=limits.expects_end_stream,
    )
    frames: list[Frame] = []
    try:
        for piece in pieces:
            frames += decoder.feed(piece)
        decoder.close()
    except ConnectError as error:
        assert not decoder.is_ended
        frames = [frame for frame in (*frames, *error.frames) if not frame.is_end_stream]
        return Reading(tuple(frames), error.reason.value)
    assert decoder.is_ended is limits.expects_end_stream
    return Reading(tuple(frames), COMPLETE)


def model_envelopes(data: bytes, limits: Limits) -> Reading:
    """The same by a second, plain reading."""
    frames: list[Frame] = []
    while data:
        if frames and frames[-1].is_end_stream:
            return Reading(tuple(frames[:-1]), "after_end")
        frame = model_frame(data, limits)
        if isinstance(frame, str):
            return Reading(tuple(frames), frame)
        frames.append(frame)
        data = data[5 + int.from_bytes(data[1:5], "big") :]
    is_ended = bool(frames) and frames[-1].is_end_stream
    is_whole = is_ended or not limits.expects_end_stream
    return Reading(tuple(frames), COMPLETE if is_whole else "truncated")


def model_frame(data: bytes, limits: Limits) -> Frame | str:
    """The frame at the beginning of the data, or why there is none."""
    if len(data) < 5:
        return "truncated"
    flags, length = data[0], int.from_bytes(data[1:5], "big")
    payload = data[5 : 5 + length]
    fault = model_header_fault(flags, length, limits)
    if fault is None and len(payload) < length:
        fault = "truncated"
    if fault is None and flags & 1 and payload:
        payload, is_good = model_gunzip(payload)
        # What is damaged behind the limit is not looked at.
        if len(payload) > limits.inflated_bytes_max:
            fault = "oversized"
        elif not is_good:
            fault = "bad_compression"
    return fault or Frame(payload, is_end_stream=flags >= 2)


def model_header_fault(flags: int, length: int, limits: Limits) -> str | None:
    """Why a header alone is refused, if it is."""
    if flags > 3:
        return "reserved_flag"
    if flags >= 2 and not limits.expects_end_stream:
        return "unexpected_end_stream"
    if flags in {1, 3} and not limits.accepts_gzip:
        return "unexpected_compression"
    return "oversized" if length > limits.frame_bytes_max else None


def model_gunzip(payload: bytes) -> tuple[bytes, bool]:
    """What the payload inflates to before any damage, and whether it is exactly one gzip member.

    One byte at a time, since an exception takes with it what its call had inflated.
    """
    inflater = zlib.decompressobj(31)
    inflated = b""
    try:
        while not inflater.eof:
            byte = inflater.decompress(payload, 1)
            if not byte and inflater.unconsumed_tail == payload:
                return inflated, False
            inflated += byte
            payload = inflater.unconsumed_tail
    except zlib.error:
        return inflated, False
    return inflated, not inflater.unused_data


def read_events(pieces: Iterable[bytes], event_bytes_max: int = 1 << 16) -> Reading:
    """What SSEDecoder makes of the pieces."""
    decoder = SSEDecoder(event_bytes_max)
    events: list[Event] = []
    try:
        for piece in pieces:
            events += decoder.feed(piece)
    except SSEError as error:
        assert decoder.is_cut
        return Reading((*events, *error.events), error.reason.value)
    return Reading(tuple(events), CUT if decoder.is_cut else COMPLETE)


def model_events(data: bytes) -> Reading:
    """The same by a second, plain reading, for streams within the limits."""
    *lines, rest = re.split(rb"\r\n|\n|\r", data)
    events: list[Event] = []
    block: list[bytes] = []
    for index, whole in enumerate(lines):
        line = whole.removeprefix(b"\xef\xbb\xbf") if index == 0 else whole
        if line:
            block += [] if line.startswith(b":") else [line]
            if not line.startswith(b":") and not is_text(line):
                return Reading(tuple(events), "bad_text")
            continue
        fields = [re.fullmatch("([^:]*)(?:: ?(.*))?", part.decode(), re.DOTALL) for part in block]
        pairs = [(found[1], found[2] or "") for found in fields if found]
        data_lines = [value for name, value in pairs if name == "data"]
        names = [value for name, value in pairs if name == "event"]
        if data_lines:
            name = (["", *names])[-1] or "message"
            events.append(Event(name, "\n".join(data_lines)))
        block = []
    return Reading(tuple(events), CUT if block or rest else COMPLETE)


def is_text(line: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
