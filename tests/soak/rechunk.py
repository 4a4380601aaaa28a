"""Answers cut anywhere and damaged anyhow: never a hang, never a crash, never a wrong text.

Two halves. Every decoder of the wire is fed damaged bytes, whole and in pieces, beside a plain
second reading (`tests/fuzz`). Then whole answers, from the bytes of the network to the text that a
caller gets: the sound ones give their text however they are cut, the damaged ones give the text
that a second reading finds in front of the damage, and are complete where that one is.
"""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field

from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import Finished, ReasoningDelta, TextDelta
from cursor_api.domain.errors import Fault
from cursor_api.upstreams.cursor.answer import AnswerDecoder, AnswerLimits
from cursor_api.upstreams.cursor.faults import fault_context
from cursor_api.wire.connect import (
    ConnectError,
    encode_end_stream,
    encode_envelope,
    encode_gzip_envelope,
    parse_end_stream,
)
from cursor_api.wire.protobuf import field_bytes, field_string
from tests.fuzz import fuzz_wire
from tests.fuzz.fuzz_wire import CASE_S_MAX, WORDS, cut_up, mutated
from tests.fuzz.wire_models import COMPLETE, Limits, model_envelopes
from tests.soak.figures import Figure, Size, command, exactly, say

# The promise speaks of 10,000; a full run has the time for more.
DAMAGED_COUNT, DAMAGED_COUNT_MIN = 100_000, 1_000
LIMITS = Limits()
ANSWER_LIMITS = AnswerLimits(1 << 16, 1 << 16, 1 << 24)
CONTEXT = fault_context(Secret("opaque"), lambda: 0.0)
TEXT_FIELD, FIELD_NUMBER_MAX = 1, (1 << 29) - 1
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller was told: the text, and whether as a whole answer."""

    text: str
    is_complete: bool


@dataclass(slots=True)
class Seen:
    """Counts of what was tried and what came of it; `wrong` names cases by their seed."""

    sound_count: int = 0
    damaged_count: int = 0
    survived_count: int = 0
    wrong: list[str] = field(default_factory=list)
    longest_s: float = 0.0


class UnreadableError(Exception):
    """The second reading finds a message malformed, or cannot judge it."""


def run(size: Size) -> list[Figure]:
    """Both halves."""
    count = size.count(DAMAGED_COUNT, at_least=DAMAGED_COUNT_MIN)
    wire_count = max(1, count // 20)
    say(f"rechunk: {wire_count:,} damaged inputs for each decoder")
    failures = fuzz_wire.run(
        list(fuzz_wire.TARGETS), 1, seconds=float("inf"), case_count_max=wire_count
    )
    say(f"rechunk: {count:,} damaged answers")
    seen = Seen()
    for case in range(count):
        _try(case, seen)
    for words in [*(failure.words for failure in failures), *seen.wrong[:5]]:
        say(f"rechunk: {words}")
    return [
        Figure("damaged inputs to the wire's decoders", wire_count * len(fuzz_wire.TARGETS)),
        exactly("of them with a hang, a crash or a wrong reading", len(failures), 0),
        Figure("sound answers, whole and in two cuttings", seen.sound_count),
        Figure("damaged answers, whole and in two cuttings", seen.damaged_count),
        Figure("of them complete all the same", seen.survived_count),
        exactly("hangs, crashes, wrong texts, false ends", len(seen.wrong), 0),
        Figure("longest", seen.longest_s, "s", at_most=CASE_S_MAX, is_timing=True),
    ]


def _try(case: int, seen: Seen) -> None:
    """One answer, sound and damaged."""
    source = random.Random(f"answer/{case}")
    began = time.monotonic()
    try:
        texts = [source.choice(WORDS) for _ in range(source.randint(1, 12))]
        data = _encoded(texts, source)
        seen.sound_count += 1
        due = Told("".join(texts), is_complete=True)
        for pieces in ([data], cut_up(data, source), _single(data)):
            told = _tell(pieces)
            assert told == due, (told, due)
        damaged = mutated(data, source)
        seen.damaged_count += 1
        seen.survived_count += _judge(damaged, source).is_complete
    except Exception:  # noqa: BLE001 - whatever comes out is the finding
        seen.wrong.append(f"case {case}: {traceback.format_exc(limit=-1)}")
    duration_s = time.monotonic() - began
    seen.longest_s = max(seen.longest_s, duration_s)
    if duration_s > CASE_S_MAX:
        seen.wrong.append(f"case {case} took {duration_s:.1f} s")


def _encoded(texts: Iterable[str], source: random.Random) -> bytes:
    """An answer as it comes: the prompt's echo, an empty frame, texts, the end."""
    encodings = [encode_envelope, encode_envelope, encode_gzip_envelope]
    frames = [encode_gzip_envelope(field_bytes(4, b"") + field_string(5, "the prompt, said again"))]
    frames.append(encode_envelope(b""))
    frames += (source.choice(encodings)(field_string(TEXT_FIELD, text)) for text in texts)
    return b"".join(frames) + encode_end_stream(is_compressed=source.random() < 0.3)


def _single(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def _tell(pieces: Iterable[bytes]) -> Told:
    """What the gateway's decoder makes of it; raises what is no Fault."""
    decoder = AnswerDecoder(ANSWER_LIMITS, CONTEXT)
    texts: list[str] = []
    try:
        for piece in (*filter(None, pieces), b""):
            for delta in decoder.feed(piece):
                if isinstance(delta, TextDelta | ReasoningDelta):
                    texts.append(delta.text)
                elif isinstance(delta, Finished):
                    return Told("".join(texts), is_complete=True)
    except Fault:
        return Told("".join(texts), is_complete=False)
    raise AssertionError("neither an end nor a fault")


def _judge(data: bytes, source: random.Random) -> Told:
    """Compare what the decoder tells of damaged bytes with a second reading; gives the first."""
    tellings = [_tell([data]), _tell(cut_up(data, source)), _tell(_single(data))]
    reading = model_envelopes(data, LIMITS)
    # Behind an end there is nothing to read for one who stops there: the answer may be whole.
    has_tail = reading.verdict == "after_end"
    if not has_tail:
        assert tellings[0] == tellings[1] == tellings[2], tellings
    try:
        due = _model(reading.things, reading.verdict)
    except UnreadableError:
        return tellings[0]
    assert {told.text for told in tellings} == {due.text}, (tellings, due)
    assert has_tail or tellings[0].is_complete is due.is_complete, (tellings, due)
    return tellings[0]


def _model(frames: Iterable[object], verdict: str) -> Told:
    """The text of the frames in front of any damage, and whether the answer is complete."""
    texts: list[str] = []
    for frame in frames:
        payload = getattr(frame, "payload", b"")
        if getattr(frame, "is_end_stream", False):
            try:
                is_good = parse_end_stream(payload).error is None
            except ConnectError:
                is_good = False
            return Told("".join(texts), is_complete=is_good and verdict == COMPLETE)
        try:
            texts.append(_model_text(payload))
        except ValueError:
            return Told("".join(texts), is_complete=False)
    return Told("".join(texts), is_complete=False)


def _model_text(payload: bytes) -> str:
    """Field 1 of a message; ValueError for a malformed one, UnreadableError for what else it says.

    The other fields' own contents are judged elsewhere (tests/property/test_cursor_messages.py).
    """
    text, at = "", 0
    while at < len(payload):
        tag, at = _varint(payload, at)
        number, kind = tag >> 3, tag & 7
        if not 0 < number <= FIELD_NUMBER_MAX:
            raise ValueError(number)
        if kind == VARINT:
            _, at = _varint(payload, at)
            continue
        length = {FIXED64: 8, FIXED32: 4}.get(kind)
        if kind == BYTES:
            length, at = _varint(payload, at)
        if length is None or at + length > len(payload):
            raise ValueError(kind)
        value = payload[at : at + length]
        at += length
        if kind == BYTES and number == TEXT_FIELD:
            text = value.decode()
        elif kind == BYTES and number not in {4, 5}:
            raise UnreadableError
    return text


def _varint(payload: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(payload):
            break
        byte = payload[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, at
    raise ValueError("varint")


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
