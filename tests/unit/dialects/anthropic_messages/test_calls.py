"""Calls one after the other, however the upstream writes them."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.anthropic_messages.calls import (
    CallDelta,
    Calls,
    Order,
    Said,
    encode_input,
    is_object,
)
from cursor_api.domain.deltas import ReasoningDelta, TextDelta, ToolArgumentsDelta, ToolCallBegun
from cursor_api.domain.errors import Fault, FaultKind

A, B = ToolCallBegun(0, "a", "ls"), ToolCallBegun(1, "b", "cat")
A1, A2 = ToolArgumentsDelta(0, '{"x":'), ToolArgumentsDelta(0, "1}")
B1, B2 = ToolArgumentsDelta(1, '{"y":'), ToolArgumentsDelta(1, "2}")
B_WHOLE = ToolArgumentsDelta(1, '{"y":2}')


@pytest.mark.parametrize(
    ("given", "at_once", "at_the_end"),
    [
        ([A, A1, A2, B, B1, B2], [A, A1, A2, B, B1, B2], []),
        ([A, B, A1, B1, B2, A2], [A, A1, A2], [B, B_WHOLE]),
        ([A, A1, B, B1, A2, B2], [A, A1, A2], [B, B_WHOLE]),
        ([A, B], [], [A, B]),
        ([A, B, B1, B2, A1, A2], [A, A1, A2], [B, B_WHOLE]),
        ([A, B, A1, A2, B1, B2], [A, A1, A2, B, B1, B2], []),
    ],
)
def test_a_call_within_another_waits(
    given: list[CallDelta], at_once: list[CallDelta], at_the_end: list[CallDelta]
) -> None:
    """And nothing is held back where they are written in turn. They keep their order."""
    calls = Calls()
    assert [one for delta in given for one in calls.add(delta)] == at_once
    assert calls.flush() == at_the_end
    assert calls.flush() == []


T, H = TextDelta("t"), ReasoningDelta("h")


@pytest.mark.parametrize(
    ("given", "at_once", "at_the_end"),
    [
        ([T, H, A, A1, A2, T], [T, H, A, A1, A2, T], []),
        ([A, T, A1, A2], [T, A, A1, A2], []),
        ([A, A1, T, H, A2, B, B1, B2], [A, A1, A2, B, B1, B2], [T, H]),
        ([A, A1, T, A2, H, B, B1, B2], [A, A1, A2, T, H, B, B1, B2], []),
        ([A, A1, T], [A, A1], [T]),
        ([A, B, A1, B1, T, A2, B2], [A, A1, A2], [B, B_WHOLE, T]),
    ],
)
def test_what_is_said_within_a_call_waits_for_its_end(
    given: list[Said | CallDelta],
    at_once: list[Said | CallDelta],
    at_the_end: list[Said | CallDelta],
) -> None:
    """As a block ends before the next one begins."""
    order = Order()
    assert [one for delta in given for one in order.take(delta)] == at_once
    assert list(order.flush()) == at_the_end


@pytest.mark.parametrize("given", [[A1], [A, A1, A2, B, A1]])
def test_arguments_without_a_call_are_refused(given: list[CallDelta]) -> None:
    """They would end up in another one."""
    calls = Calls()
    *before, last = given
    for delta in before:
        calls.add(delta)
    with pytest.raises(Fault) as caught:
        calls.add(last)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", {}),
        ('{"a": [1]}', {"a": [1]}),
        ("[1]", {"INVALID_JSON": "[1]"}),
        ('{"a": ', {"INVALID_JSON": '{"a": '}),
        ("null", {"INVALID_JSON": "null"}),
    ],
)
def test_the_input_of_a_call_is_an_object(arguments: str, expected: object) -> None:
    """Whatever the model wrote."""
    assert json.loads(bytes(encode_input(arguments))) == expected
    assert is_object(arguments) is (arguments == '{"a": [1]}')
