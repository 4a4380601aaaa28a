"""One thing after the other, however the upstream writes it."""

from __future__ import annotations

import pytest

from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    StatusDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.in_turn import InTurn, is_object

A, B = ToolCallBegun(0, "a", "ls"), ToolCallBegun(1, "b", "cat")
A1, A2 = ToolArgumentsDelta(0, '{"x":'), ToolArgumentsDelta(0, "1}")
B1, B2 = ToolArgumentsDelta(1, '{"y":'), ToolArgumentsDelta(1, "2}")
B_WHOLE = ToolArgumentsDelta(1, '{"y":2}')
HM, SO = TextDelta("Hm."), TextDelta("So.")
READING = StatusDelta("Reading")
END = Finished(FinishReason.TOOL_CALLS)


@pytest.mark.parametrize(
    ("given", "at_once", "at_the_end"),
    [
        ([A, A1, A2, B, B1, B2], [A, A1, A2, B, B1, B2], []),
        ([A, B, A1, B1, B2, A2], [A, A1, A2], [B, B_WHOLE]),
        ([A, A1, B, B1, A2, B2], [A, A1, A2], [B, B_WHOLE]),
        ([A, B], [], [A, B]),
        ([A, B, B1, B2, A1, A2], [A, A1, A2], [B, B_WHOLE]),
        ([A, B, A1, A2, B1, B2], [A, A1, A2, B, B1, B2], []),
        # What is said: before arguments, between calls, within one, after others.
        ([HM, A, SO, A1, A2], [HM, SO, A, A1, A2], []),
        ([A, A1, A2, HM, B, B1, B2, SO], [A, A1, A2, HM, B, B1, B2, SO], []),
        ([A, A1, HM, A2, SO], [A, A1, A2, HM, SO], []),
        ([A, A1, HM, A2, B, B1], [A, A1, A2, B, B1], [HM]),
        ([A, A1, B, B1, B2, A2, HM], [A, A1, A2, B, B_WHOLE, HM], []),
        ([A, A1, B, B1, A2, HM, B2], [A, A1, A2, B, B1, B2], [HM]),
        ([A, A1, READING], [A, A1, READING], []),
    ],
)
def test_what_comes_within_a_call_waits(
    given: list[Delta], at_once: list[Delta], at_the_end: list[Delta]
) -> None:
    """And nothing is held back where all is written in turn. Calls keep their order."""
    turns = InTurn()
    assert [one for delta in given for one in turns.add(delta)] == at_once
    assert list(turns.add(END)) == [*at_the_end, END]


@pytest.mark.parametrize("given", [[A1], [A, A1, A2, B, B1, A1]])
def test_arguments_without_a_call_are_refused(given: list[Delta]) -> None:
    """They would end up in another one."""
    turns = InTurn()
    *before, last = given
    for delta in before:
        turns.add(delta)
    with pytest.raises(Fault) as caught:
        turns.add(last)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("arguments", "is_so"),
    [("", False), ('{"a": [1]}', True), ("[1]", False), ('{"a": ', False), ("null", False)],
)
def test_arguments_are_whole_where_they_are_an_object(arguments: str, is_so: bool) -> None:  # noqa: FBT001
    """No call has any other."""
    assert is_object(arguments) is is_so
