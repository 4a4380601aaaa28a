"""Answers of OpenAI-compatible endpoints under every cutting, and under mutation."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.deltas import Delta, Finished, ReasoningDelta, TextDelta, ToolArgumentsDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.events import (
    AnswerDecoder,
    StreamDecoder,
    WholeDecoder,
)
from cursor_api.upstreams.openai.answer import Reading
from tests.cutting import cut
from tests.openai_stage import CONTEXT, DONE, STOP, chunk, event, usage

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
PIECE = st.tuples(st.sampled_from(["content", "reasoning_content", "arguments"]), TEXT)
PLACES = st.lists(st.integers(0, 1 << 16), max_size=30)
# Any JSON in the place of any field that is read.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    *("choices", "delta", "message", "content", "reasoning", "tool_calls", "function", "name"),
    *("arguments", "id", "index", "finish_reason", "usage", "error", "code", "type", "object"),
)
ODD = st.recursive(
    JSON,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


KINDS: dict[type, str] = {
    TextDelta: "content",
    ReasoningDelta: "reasoning_content",
    ToolArgumentsDelta: "arguments",
}


def run(
    reads: list[bytes], decoder: AnswerDecoder | None = None
) -> tuple[list[Delta], Fault | None]:
    """All deltas, and the fault they end in; anything else that is raised is a failure."""
    decoder = decoder or StreamDecoder(new_reading())
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


def new_reading() -> Reading:
    """What takes in an answer."""
    return Reading(CONTEXT, lambda: "call_made_up")


def stream_of(pieces: list[tuple[str, str]]) -> bytes:
    """A whole stream that says this."""
    call: dict[str, Any] = {"index": 0, "id": "a", "function": {"name": "f"}}
    said = [chunk({"tool_calls": [call]})]
    for kind, text in pieces:
        function = {"index": 0, "function": {"arguments": text}}
        said.append(chunk({"tool_calls": [function]} if kind == "arguments" else {kind: text}))
    return b": hello\n\n".join([*said, STOP, usage(), DONE])


def texts_of(deltas: list[Delta]) -> dict[str, str]:
    """What was said, by its kind."""
    found = dict.fromkeys(KINDS.values(), "")
    for delta in deltas:
        if isinstance(delta, TextDelta | ReasoningDelta | ToolArgumentsDelta):
            found[KINDS[type(delta)]] += delta.text
    return found


@given(pieces=st.lists(PIECE, max_size=20), places=PLACES)
def test_any_answer_in_any_pieces_is_the_same(
    pieces: list[tuple[str, str]], places: list[int]
) -> None:
    """Nothing is lost, joined wrongly or said twice; no arguments are an empty object."""
    deltas, fault = run(cut(stream_of(pieces), places))
    assert fault is None
    assert isinstance(deltas[-1], Finished)
    said = {
        name: "".join(text for kind, text in pieces if kind == name)
        for name in ("content", "reasoning_content", "arguments")
    }
    assert texts_of(deltas) == {**said, "arguments": said["arguments"] or "{}"}


@given(pieces=st.lists(PIECE, max_size=5), at=st.integers(0, 1 << 16), places=PLACES)
def test_an_answer_that_stops_early_is_whole_or_incomplete(
    pieces: list[tuple[str, str]], at: int, places: list[int]
) -> None:
    """Whole with its reason only, and what came is the beginning of what would have come."""
    data = stream_of(pieces)
    data = data[: at % (len(data) - len(DONE))]
    deltas, fault = run(cut(data, places))
    assert (fault is None) is (STOP in data)
    assert fault is None or fault.kind is FaultKind.INCOMPLETE
    whole = texts_of(run([stream_of(pieces)])[0])
    assert all(whole[name].startswith(text) for name, text in texts_of(deltas).items())


@given(pieces=st.lists(PIECE, max_size=5), seed=st.integers(0, 1 << 32), places=PLACES)
def test_damaged_bytes_end_in_an_answer_or_a_fault(
    pieces: list[tuple[str, str]], seed: int, places: list[int]
) -> None:
    """And in nothing else, however they are cut."""
    source = random.Random(seed)
    data = bytearray(stream_of(pieces))
    for _ in range(source.randrange(1, 8)):
        data[source.randrange(len(data))] = source.randrange(256)
    whole, fault = run([bytes(data)])
    in_pieces, same = run(cut(bytes(data), places))
    assert (texts_of(whole), fault and fault.kind) == (texts_of(in_pieces), same and same.kind)
    run([bytes(data)], WholeDecoder(new_reading()))


@given(contents=st.lists(ODD, max_size=5))
def test_any_json_ends_in_an_answer_or_a_fault(contents: list[Any]) -> None:
    """Whatever stands in the place of whatever field, streamed, whole, or as an error."""
    events = [event({"choices": content}) for content in contents]
    events += [event({"choices": [{"delta": content}]}) for content in contents]
    events += [b"data: " + json.dumps(content).encode() + b"\n\n" for content in contents]
    for one in events:
        run([one, STOP, DONE])
    for content in contents:
        for body in (content, {"error": content}, {"choices": [content]}):
            run([json.dumps(body).encode()], WholeDecoder(new_reading()))
