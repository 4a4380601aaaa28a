"""Where the gateway itself ends an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    StatusDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference.truncation import TruncatedAnswer, Truncation

END = Finished(FinishReason.STOP)


def play(truncation: Truncation, *batches: Sequence[Delta]) -> list[Delta]:
    """All that is sent of an answer."""
    found: list[Delta] = []
    for batch in batches:
        if truncation.is_finished:
            break
        found += truncation.take(batch)
    return found


def text_of(deltas: Sequence[Delta]) -> str:
    """What was said."""
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


@pytest.mark.parametrize(
    ("said", "stop", "sent", "stopped_by"),
    [
        ("one STOP two", ("STOP",), "one ", "STOP"),
        ("one ST two", ("STOP",), "one ST two", None),
        ("ababac", ("abac",), "ab", "abac"),
        ("one\n\ntwo", ("\n\n", "w"), "one", "\n\n"),
        ("STOP", ("STOP",), "", "STOP"),
        ("one ST", ("STOP",), "one ST", None),
        ("a你好b", ("好",), "a你", "好"),
        ("xyz", ("z", "yz"), "x", "yz"),
        ("anything", ("",), "anything", None),
    ],
)
def test_a_stop_text_is_found_however_it_is_cut(
    said: str, stop: tuple[str, ...], sent: str, stopped_by: str | None
) -> None:
    """In one piece, one character at a time, and cut in two at every place."""
    cuts = [[said], list(said), *([said[:at], said[at:]] for at in range(1, len(said)))]
    for pieces in cuts:
        found = play(Truncation(None, stop), *([TextDelta(piece)] for piece in pieces), [END])
        assert text_of(found) == sent
        end = found[-1]
        assert isinstance(end, Finished)
        assert (end.reason, end.stop_text) == (FinishReason.STOP, stopped_by)
        assert end.is_stated is (stopped_by is not None)


def test_no_more_is_held_back_than_may_begin_a_stop_text() -> None:
    """Readers see the rest at once."""
    truncation = Truncation(None, ("STOP",))
    assert truncation.take([TextDelta("one S")]) == [TextDelta("one ")]
    assert truncation.take([TextDelta("T")]) == []
    assert truncation.take([TextDelta("x")]) == [TextDelta("STx")]


def test_what_was_held_back_comes_before_what_follows() -> None:
    """A call ends the text."""
    call = ToolCallBegun(0, "id", "look")
    found = play(Truncation(None, ("STOP",)), [TextDelta("ST"), call], [END])
    assert found == [TextDelta("ST"), call, END]


@pytest.mark.parametrize("is_cut", [False, True])
def test_the_limit_ends_an_answer_where_its_tokens_are_used_up(*, is_cut: bool) -> None:
    """Four bytes are a token; a character is never cut in two."""
    pieces = list("你好吗, how are you") if is_cut else ["你好吗, how are you"]
    found = play(Truncation(2), *([TextDelta(piece)] for piece in pieces), [END])
    assert text_of(found) == "你好"
    assert found[-1] == Finished(FinishReason.LENGTH, is_stated=True)


def test_thoughts_and_calls_use_up_tokens_too() -> None:
    """An answer may be cut before its first word; half a name would be another tool's."""
    assert play(Truncation(1), [ReasoningDelta("thinking")]) == [
        ReasoningDelta("thin"),
        Finished(FinishReason.LENGTH, is_stated=True),
    ]
    begun = ToolCallBegun(0, "id", "four")
    cut = play(Truncation(2), [begun, ToolArgumentsDelta(0, '{"a": 1}')])
    assert cut[1:] == [ToolArgumentsDelta(0, '{"a"'), Finished(FinishReason.LENGTH, is_stated=True)]
    assert play(Truncation(1), [ToolCallBegun(0, "id", "look_up")]) == [
        Finished(FinishReason.LENGTH, is_stated=True)
    ]


def test_an_answer_within_its_limit_is_passed_on_as_it_is() -> None:
    """Up to the last byte, with the end that the upstream gave."""
    said: list[Delta] = [StatusDelta("reading"), TextDelta("12345678"), END]
    assert play(Truncation(2, ("no",)), said) == said


async def test_a_truncated_answer_ends_and_closes_the_upstreams() -> None:
    """What the upstream goes on to say is not read."""
    read: list[str] = []

    @asynccontextmanager
    async def upstream() -> AsyncIterator[DeltaBatches]:
        async def batches() -> AsyncIterator[Sequence[Delta]]:
            for piece in ("one S", "TOP", "never"):
                read.append(piece)
                yield [TextDelta(piece)]

        yield batches()
        read.append("closed")

    async with TruncatedAnswer(upstream(), Truncation(None, ("STOP",))) as answer:
        found = [batch async for batch in answer]
    assert found == [
        [TextDelta("one ")],
        [Finished(FinishReason.STOP, is_stated=True, stop_text="STOP")],
    ]
    assert read == ["one S", "TOP", "closed"]


@pytest.mark.parametrize("stop", [["x"] * 65, ["x" * 1_025]])
def test_stop_texts_that_take_long_to_look_for_are_refused(stop: list[str]) -> None:
    """Each is looked for in each piece, which would hold everybody up."""
    with pytest.raises(Fault) as caught:
        Truncation(None, stop)
    assert (caught.value.kind, caught.value.param) == (FaultKind.INVALID_REQUEST, "stop")
