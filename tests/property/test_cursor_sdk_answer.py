"""Damaged streams of a run: deltas and a Fault come out, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import Finished
from cursor_api.domain.errors import Fault
from cursor_api.upstreams.cursor_sdk.answer import RunDecoder
from cursor_api.upstreams.cursor_sdk.faults import fault_context
from tests.examples import examples
from tests.sdk_vectors import SEQUENCES, bytes_of

CONTEXT = fault_context(Secret("crsr_0123456789"), lambda: 0.0)
STREAMS = [bytes_of(name) for name in SEQUENCES]


@examples(300)
@given(
    stream=st.sampled_from(STREAMS),
    damage=st.lists(st.tuples(st.floats(0, 0.999), st.binary(max_size=4)), max_size=3),
    size=st.integers(1, 4000),
)
def test_whatever_comes_the_end_is_an_answer_or_a_fault(
    stream: bytes, damage: list[tuple[float, bytes]], size: int
) -> None:
    """Cut anywhere, bytes put in the place of others; `Finished` is last or not there at all."""
    data = bytearray(stream)
    for place, put in damage:
        at = int(place * len(data))
        data[at : at + 2] = put
    decoder = RunDecoder(CONTEXT)
    deltas = []
    try:
        for at in range(0, len(data), size):
            deltas += decoder.feed(bytes(data[at : at + size]))
            if decoder.is_finished:
                break
        else:
            decoder.feed(b"")
    except Fault:
        assert not decoder.is_finished
    assert [type(one) is Finished for one in deltas].count(True) == decoder.is_finished
    assert not decoder.is_finished or type(deltas[-1]) is Finished
