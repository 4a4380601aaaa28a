"""The same deltas as one message, read back with Anthropic's own strict types."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.anthropic_messages.request import ThinkingShown
from cursor_api.dialects.anthropic_messages.whole import MessageFolder, encode_input
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    NativeBatch,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.dialect import AnswerHead
from tests.anthropic_stream import Json, read_message

HEAD = AnswerHead("1", "m", 5)
USAGE = Usage(100, 7, UsageSource.UPSTREAM, 64, 6)
STOP = Finished(FinishReason.STOP, USAGE)


def fold(*deltas: Delta, thinking: ThinkingShown = ThinkingShown.ALL) -> Json:
    """Fold deltas and read the answer."""
    folder = MessageFolder(HEAD, thinking=thinking)
    for delta in deltas:
        folder.feed([delta])
    return read_message(folder.body())


def test_an_answer_has_all_its_blocks_in_order() -> None:
    """Texts that follow each other are one; a seal ends a block."""
    answer = fold(
        ReasoningDelta("Hm."),
        ReasoningSealed("sig"),
        ReasoningSealed("", "sealed"),
        TextDelta("I "),
        TextDelta("look."),
        ToolCallBegun(0, "a", "ls"),
        ToolCallBegun(1, "b", "cat"),
        ToolArgumentsDelta(1, '{"p"'),
        ToolArgumentsDelta(1, ":1}"),
        Finished(FinishReason.TOOL_CALLS, USAGE),
    )
    assert answer == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
            {"type": "redacted_thinking", "data": "sealed"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "a", "name": "ls", "input": {}},
            {"type": "tool_use", "id": "b", "name": "cat", "input": {"p": 1}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 30,
            "cache_creation_input_tokens": 6,
            "cache_read_input_tokens": 64,
            "output_tokens": 7,
        },
    }


@pytest.mark.parametrize(
    ("thinking", "types"),
    [(ThinkingShown.NONE, ["text"]), (ThinkingShown.SEALED, ["thinking", "text"])],
)
def test_who_did_not_ask_for_thinking_gets_none(thinking: ThinkingShown, types: list[str]) -> None:
    """Who asked to have it left out gets what has to be brought back."""
    given = (ReasoningDelta("Hm."), ReasoningSealed("sig"), TextDelta("Yes."), STOP)
    content = fold(*given, thinking=thinking)["content"]
    assert [block["type"] for block in content] == types
    assert "Hm." not in str(content)


def test_arguments_that_are_no_object_are_shown_as_such() -> None:
    """As those of an answer that was too long; the tool's own checks meet them."""
    length = Finished(FinishReason.LENGTH, USAGE)
    answer = fold(ToolCallBegun(0, "a", "ls"), ToolArgumentsDelta(0, '{"p'), length)
    assert answer["content"][0]["input"] == {"INVALID_JSON": '{"p'}
    assert answer["stop_reason"] == "max_tokens"


def test_a_refusal_is_text_and_a_stop_reason() -> None:
    """Whatever reason the upstream gives."""
    answer = fold(RefusalDelta("No."), STOP)
    assert answer["content"] == [{"type": "text", "text": "No."}]
    assert answer["stop_reason"] == "refusal"


def test_nothing_may_follow_the_end_and_without_one_there_is_none() -> None:
    """A cut answer is never told as whole."""
    folder = MessageFolder(HEAD)
    with pytest.raises(Fault) as caught:
        folder.body()
    assert caught.value.kind is FaultKind.INCOMPLETE
    for late in (TextDelta("b"), ToolArgumentsDelta(0, "{}")):
        with pytest.raises(Fault) as caught:
            folder.feed([STOP, late] if isinstance(late, TextDelta) else [late])
        assert caught.value.kind is FaultKind.PROTOCOL_ERROR


def test_the_body_of_an_upstream_of_this_dialect_goes_on_as_it_came() -> None:
    """Byte for byte."""
    folder = MessageFolder(HEAD)
    folder.feed(NativeBatch([TextDelta("a"), STOP], b'{"own": 1}'))
    assert folder.body() == b'{"own": 1}'


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
