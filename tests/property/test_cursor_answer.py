"""StreamChat answers under every cutting, and under mutation: never a hang, never a wrong text."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st

from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import Delta, Finished, FinishReason
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.upstreams.cursor.answer import AnswerDecoder, AnswerLimits
from cursor_api.upstreams.cursor.faults import fault_context
from cursor_api.wire.connect import encode_end_stream, encode_envelope, encode_gzip_envelope
from cursor_api.wire.protobuf import field_bytes, field_string
from tests.cutting import cut, joined
from tests.vectors.load import answer

CONTEXT = fault_context(Secret("opaque"), lambda: 0.0)
LIMITS = AnswerLimits(1 << 16, 1 << 16, 1 << 18)
DONE = Finished(FinishReason.STOP)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


def run(reads: list[bytes]) -> tuple[list[Delta], Fault | None]:
    """All deltas, and the fault they end in; anything else that is raised is a failure."""
    decoder = AnswerDecoder(LIMITS, CONTEXT)
    deltas: list[Delta] = []
    try:
        for data in [*filter(None, reads), b""]:
            deltas += decoder.feed(data)
            if decoder.is_finished:
                break
    except Fault as fault:
        return deltas, fault
    return deltas, None


@given(
    texts=st.lists(TEXT, max_size=20),
    encode=st.sampled_from([encode_envelope, encode_gzip_envelope]),
    places=st.lists(st.integers(0, 1 << 16), max_size=30),
)
@example(texts=["<think>\n", "a", "\n</think>\n\n", "b"], encode=encode_envelope, places=[])
def test_any_answer_in_any_pieces_is_the_same(
    texts: list[str], encode: Callable[[bytes], bytes], places: list[int]
) -> None:
    """Frames of any text, compressed or not, cut anywhere."""
    echo = encode_gzip_envelope(field_bytes(4, b"") + field_string(5, "secret prompt"))
    frames = [echo, encode_envelope(b""), *(encode(field_string(1, text)) for text in texts)]
    data = b"".join(frames) + encode_end_stream()
    deltas, fault = run(cut(data, places))
    assert fault is None
    assert deltas[-1] == DONE
    assert joined(deltas) == joined(run([data])[0])
    if not "".join(texts).startswith("<think>\n"):
        assert joined(deltas) == ("", "".join(texts))


@given(at=st.integers(0, 1 << 16), places=st.lists(st.integers(0, 1 << 16), max_size=5))
def test_any_answer_that_stops_early_is_incomplete(at: int, places: list[int]) -> None:
    """Wherever it stops, and however what came of it was cut."""
    whole = answer().data
    deltas, fault = run(cut(whole[: at % len(whole)], places))
    assert fault is not None
    assert fault.kind is FaultKind.INCOMPLETE
    assert DONE not in deltas


@given(
    at=st.integers(0, 1 << 16),
    byte=st.integers(0, 255),
    removed=st.integers(0, 3),
    tail=st.binary(max_size=8),
    places=st.lists(st.integers(0, 1 << 16), max_size=5),
)
def test_a_mutated_answer_ends_in_deltas_or_a_fault(
    at: int, byte: int, removed: int, tail: bytes, places: list[int]
) -> None:
    """A byte changed, some removed, some added: an end, or a Fault that blames the endpoint."""
    whole = answer().data
    at %= len(whole)
    data = whole[:at] + bytes([byte]) + whole[at + removed :] + tail
    deltas, fault = run(cut(data, places))
    assert (fault is None) == (DONE in deltas)
    if fault is not None:
        assert fault.scope is Scope.ENDPOINT


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_noise_is_a_fault(reads: list[bytes]) -> None:
    """Any bytes at all: nothing but Fault is raised, and an end needs a proper end-of-stream."""
    deltas, fault = run(reads)
    assert (fault is None) == (DONE in deltas)
    if fault is None:
        assert b"\x02" in b"".join(reads) or b"\x03" in b"".join(reads)


def test_ten_thousand_mutated_answers_end() -> None:
    """Several places damaged at once, from a fixed seed: no hang, no crash, no end by accident."""
    dice = random.Random(20241223)
    whole = answer().data
    for _ in range(10_000):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data))
            data[at : at + dice.randint(0, 40)] = dice.randbytes(dice.randint(0, 3))
        deltas, fault = run([bytes(data)])
        assert (fault is None) == (DONE in deltas)
        assert fault is None or fault.scope is Scope.ENDPOINT


@given(st.binary(max_size=300), st.sampled_from(["value", "debug", "message"]))
def test_noise_in_an_error_is_survived(noise: bytes, place: str) -> None:
    """Whatever stands in an error's details, it is still an error, with a line for people."""
    told = noise.decode("latin-1")
    error = {
        "code": "resource_exhausted",
        "message": told if place == "message" else "Error",
        "details": [
            {
                "type": "aiserver.v1.ErrorDetails",
                "value": base64.b64encode(noise).decode() if place == "value" else "",
                "debug": {"error": told, "details": {"title": told}} if place == "debug" else None,
            }
        ],
    }
    _, fault = run([encode_end_stream(error)])
    assert fault is not None
    assert fault.message.isprintable()
    assert len(fault.message) < 600
