"""Answers of Anthropic-compatible endpoints under every cutting, and under mutation."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.deltas import Delta, Finished, ReasoningDelta, TextDelta, ToolArgumentsDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.events import AnswerDecoder, StreamDecoder, WholeDecoder
from cursor_api.upstreams.anthropic.answer import MessageReading
from tests.anthropic_stage import CONTEXT, END, call, start, text, thinking
from tests.cutting import cut

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)
TEXTS = st.lists(TEXT, max_size=4)
PLACES = st.lists(st.integers(0, 1 << 16), max_size=20)
NAMES = (
    *("type", "index", "delta", "content_block", "message", "usage", "error", "content", "input"),
    *("text", "thinking", "signature", "partial_json", "citation", "stop_reason", "stop_details"),
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | st.sampled_from(NAMES),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)
EVENTS = (
    *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
    *("message_delta", "message_stop", "error"),
)


def run(
    reads: list[bytes], decoder: AnswerDecoder | None = None
) -> tuple[list[Delta], Fault | None]:
    """All deltas, and the fault they end in; anything else that is raised is a failure."""
    decoder = decoder or StreamDecoder(MessageReading(CONTEXT))
    deltas: list[Delta] = []
    try:
        for data in [*filter(None, reads), b""]:
            decoder.check()
            deltas += decoder.feed(data)
            if decoder.is_finished:
                break
    except Fault as fault:
        return deltas, fault
    return deltas, None


def said(deltas: list[Delta]) -> list[str]:
    """Everything in words."""
    kinds = TextDelta | ReasoningDelta | ToolArgumentsDelta
    return [delta.text for delta in deltas if isinstance(delta, kinds)]


@given(thoughts=TEXTS, texts=TEXTS, arguments=TEXTS, places=PLACES, at=st.integers(0, 1 << 16))
def test_any_answer_in_any_pieces_is_the_same(
    thoughts: list[str], texts: list[str], arguments: list[str], places: list[int], at: int
) -> None:
    """Nothing is lost or said twice; stopped early, it is a beginning and never whole."""
    blocks = [thinking(*thoughts, signature="s"), text(*texts, index=1)]
    data = b"".join([start(), *blocks, call("f", *arguments, index=2), END])
    deltas, fault = run(cut(data, places))
    assert fault is None
    assert isinstance(deltas[-1], Finished)
    assert said(deltas) == [*thoughts, *texts, *(arguments or ["{}"])]
    early, fault = run(cut(data[: at % (len(data) - 1)], places))
    assert fault is not None
    assert fault.kind is FaultKind.INCOMPLETE
    assert early == deltas[: len(early)]


@given(texts=TEXTS, seed=st.integers(0, 1 << 32), places=PLACES)
def test_damaged_bytes_end_in_an_answer_or_a_fault(
    texts: list[str], seed: int, places: list[int]
) -> None:
    """And in nothing else, however they are cut."""
    source = random.Random(seed)
    data = bytearray(start() + text(*texts) + END)
    for _ in range(source.randrange(1, 8)):
        data[source.randrange(len(data))] = source.randrange(256)
    whole, fault = run([bytes(data)])
    in_pieces, same = run(cut(bytes(data), places))
    assert (said(whole), fault and fault.kind) == (said(in_pieces), same and same.kind)


@given(kind=st.sampled_from(EVENTS), content=st.dictionaries(st.sampled_from(NAMES), ODD))
def test_any_json_ends_in_an_answer_or_a_fault(kind: str, content: dict[str, Any]) -> None:
    """Whatever stands in the place of whatever field, streamed or whole."""
    for one in (content, content | {"type": kind}):
        body = json.dumps(one).encode()
        run([start(), b"event: %b\ndata: %b\n\n" % (kind.encode(), body), END])
        run([body], WholeDecoder(MessageReading(CONTEXT)))
