"""Deltas to events, read back with Anthropic's own strict types."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from cursor_api.dialects.anthropic_messages.answer import MessageRenderer
from cursor_api.dialects.anthropic_messages.request import ThinkingShown
from cursor_api.domain.deltas import (
    Citation,
    CitationDelta,
    Delta,
    Finished,
    FinishReason,
    NativeBatch,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    StatusDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.dialect import AnswerHead
from tests.anthropic_stream import ReadMessage, read_message_stream

HEAD = AnswerHead("1", "m", 5)
USAGE = Usage(100, 7, UsageSource.UPSTREAM, 64, 6, 3)
STOP = Finished(FinishReason.STOP, USAGE)
CALLS = Finished(FinishReason.TOOL_CALLS, USAGE)


def stream(*batches: Sequence[Delta], thinking: ThinkingShown = ThinkingShown.ALL) -> ReadMessage:
    """Render batches to the end and read them."""
    renderer = MessageRenderer(HEAD, thinking=thinking)
    data = b"".join(renderer.render(batch) for batch in batches)
    assert renderer.is_finished
    return read_message_stream(data + renderer.finish())


def test_a_stream_byte_for_byte() -> None:
    """The golden form: every event has its name, and the usage is told at the end."""
    renderer = MessageRenderer(HEAD)
    data = renderer.render([TextDelta("Hé")]) + renderer.render([TextDelta("\n"), STOP])
    assert (data + renderer.finish()).decode() == (
        'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1",'
        '"type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,'
        '"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,'
        '"cache_read_input_tokens":0,"output_tokens":0}}}\n\n'
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        '"content_block":{"type":"text","text":""}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"Hé"}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"\\n"}}\n\n'
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
        '"stop_sequence":null},"usage":{"input_tokens":30,"cache_creation_input_tokens":6,'
        '"cache_read_input_tokens":64,"output_tokens":7,'
        '"output_tokens_details":{"thinking_tokens":3}}}\n\n'
        'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    )


THOUGHTS: list[Delta] = [
    ReasoningDelta("Hm."),
    ReasoningDelta(" So."),
    ReasoningSealed("sig"),
    ReasoningSealed("", "sealed"),
    ReasoningDelta("Again."),
    TextDelta("Yes."),
    STOP,
]


def test_thinking_comes_in_blocks_with_their_signatures() -> None:
    """A seal ends its block; what nobody may read is a block of its own."""
    assert stream(THOUGHTS).blocks == [
        {"type": "thinking", "thinking": "Hm. So.", "signature": "sig"},
        {"type": "redacted_thinking", "data": "sealed"},
        {"type": "thinking", "thinking": "Again.", "signature": ""},
        {"type": "text", "text": "Yes."},
    ]


@pytest.mark.parametrize(
    ("thinking", "types"),
    [
        (ThinkingShown.NONE, ["text"]),
        (ThinkingShown.SEALED, ["thinking", "redacted_thinking", "text"]),
    ],
)
def test_who_did_not_ask_for_thinking_gets_none(thinking: ThinkingShown, types: list[str]) -> None:
    """Who asked to have it left out gets what has to be brought back."""
    read = stream(THOUGHTS, thinking=thinking)
    assert [block["type"] for block in read.blocks] == types
    assert read.thinking == ""
    assert read.text == "Yes."


def test_calls_are_blocks_with_their_arguments_in_pieces() -> None:
    """One after the other, also where the upstream writes them side by side."""
    in_turn: list[Delta] = [
        *(ToolCallBegun(0, "a", "ls"), ToolArgumentsDelta(0, '{"p":'), ToolArgumentsDelta(0, "1}")),
        *(ToolCallBegun(1, "b", "cat"), ToolArgumentsDelta(1, "{}")),
    ]
    beside = [in_turn[0], in_turn[3], in_turn[1], in_turn[4], in_turn[2]]
    for deltas in (in_turn, beside):
        read = stream([TextDelta("I look."), *deltas, CALLS])
        assert read.blocks == [
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "a", "name": "ls", "input": {}, "arguments": '{"p":1}'},
            {"type": "tool_use", "id": "b", "name": "cat", "input": {}, "arguments": "{}"},
        ]
        assert read.end is not None
        assert read.end["delta"]["stop_reason"] == "tool_use"


def test_what_is_said_within_a_call_comes_after_it() -> None:
    """Some models say something between a call's arguments, and a block cannot be gone on with."""
    begun, half, rest = (
        *(ToolCallBegun(0, "a", "ls"), ToolArgumentsDelta(0, '{"p":')),
        ToolArgumentsDelta(0, "1}"),
    )
    other: list[Delta] = [ToolCallBegun(1, "b", "cat"), ToolArgumentsDelta(1, "{}")]
    first = {"type": "tool_use", "id": "a", "name": "ls", "input": {}, "arguments": '{"p":1}'}
    second = {"type": "tool_use", "id": "b", "name": "cat", "input": {}, "arguments": "{}"}
    said = {"type": "text", "text": "Hm. So."}
    within: list[Delta] = [TextDelta("Hm."), TextDelta(" So.")]
    assert stream([begun, half, *within, rest, CALLS]).blocks == [first, said]
    assert stream([begun, half, *other, *within, rest, CALLS]).blocks == [first, second, said]
    # What comes where a call is whole is not held back, and brings what was.
    renderer = MessageRenderer(HEAD)
    assert b"Hm." not in renderer.render([begun, half, within[0], rest])
    data = renderer.render(within[1:])
    assert b"Hm." in data
    assert b"So." in data
    thought = stream([begun, half, ReasoningDelta("hm"), rest, TextDelta("So."), CALLS])
    assert [block["type"] for block in thought.blocks] == ["tool_use", "thinking", "text"]


@pytest.mark.parametrize("arguments", ["{}", '{"p":1}'])
def test_what_is_said_before_the_arguments_of_a_call_comes_at_once(arguments: str) -> None:
    """An upstream tells only at the end that a call has none, and nobody waits so long."""
    renderer = MessageRenderer(HEAD)
    data = [
        renderer.render([ToolCallBegun(0, "a", "ls"), TextDelta("Hm.")]),
        renderer.render([ToolCallBegun(1, "b", "cat"), ReasoningDelta("hm")]),
        renderer.render([TextDelta("So."), ToolArgumentsDelta(1, arguments)]),
    ]
    said = [b"Hm.", b"hm", b"So."]
    assert [word in piece for word, piece in zip(said, data, strict=True)] == [True] * 3
    data.append(renderer.render([ToolArgumentsDelta(0, arguments), CALLS]))
    assert read_message_stream(b"".join(data) + renderer.finish()).blocks == [
        {"type": "text", "text": "Hm."},
        {"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "text", "text": "So."},
        {"type": "tool_use", "id": "a", "name": "ls", "input": {}, "arguments": arguments},
        {"type": "tool_use", "id": "b", "name": "cat", "input": {}, "arguments": arguments},
    ]


def test_a_call_goes_on_only_while_its_block_is_open() -> None:
    """Its arguments would end up in another's block, or in a text's."""
    renderer = MessageRenderer(HEAD)
    renderer.render([ToolCallBegun(0, "a", "ls"), ToolArgumentsDelta(0, "{}"), TextDelta("Hm.")])
    with pytest.raises(Fault) as caught:
        renderer.render([ToolArgumentsDelta(0, "{}")])
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


def test_a_refusal_is_text_and_a_stop_reason() -> None:
    """Whatever reason the upstream gives."""
    read = stream([RefusalDelta("I can"), RefusalDelta("not."), STOP])
    assert read.text == "I cannot."
    assert read.end is not None
    assert read.end["delta"]["stop_reason"] == "refusal"


def test_what_the_upstream_is_busy_with_is_a_comment_and_sources_are_left_out() -> None:
    """A citation that Anthropic's servers have not sealed spoils the conversation there."""
    sources = CitationDelta((Citation("https://example.com", "A page"),))
    read = stream([StatusDelta("Reading\nlinks"), sources, TextDelta("a"), sources, STOP])
    assert read.comments == ["Reading links"]
    assert read.blocks == [{"type": "text", "text": "a"}]


def test_nothing_may_follow_the_end_and_without_one_there_is_none() -> None:
    """A cut answer is never told as whole."""
    renderer = MessageRenderer(HEAD)
    renderer.render([TextDelta("a")])
    with pytest.raises(Fault) as caught:
        renderer.finish()
    assert caught.value.kind is FaultKind.INCOMPLETE
    with pytest.raises(Fault) as caught:
        renderer.render([STOP, TextDelta("b")])
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR
    for late in ([TextDelta("b")], NativeBatch([TextDelta("b")], b"b")):
        with pytest.raises(Fault) as caught:
            renderer.render(late)
        assert caught.value.kind is FaultKind.PROTOCOL_ERROR


def test_a_failed_stream_ends_with_an_error_event() -> None:
    """The same object as before the first byte."""
    renderer = MessageRenderer(HEAD)
    data = renderer.render([TextDelta("a")])
    data += renderer.fault(Fault(FaultKind.INCOMPLETE, "It broke.\u2028"))
    read = read_message_stream(data)
    assert read.error == {"type": "api_error", "message": "It broke.\u2028"}
    assert not read.is_stopped


@pytest.mark.parametrize("has_stop", [True, False])
def test_the_events_of_an_upstream_of_this_dialect_go_on_as_they_came(*, has_stop: bool) -> None:
    """The end is told once, whoever tells it."""
    begun = b'event: message_start\ndata: {"a": 1}\n\n'
    stop = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    last = b"event: message_delta\ndata: {}\n\n" + (stop if has_stop else b"")
    renderer = MessageRenderer(HEAD)
    data = renderer.render(NativeBatch([TextDelta("a")], begun))
    data += renderer.render(NativeBatch([STOP], last)) + renderer.finish()
    assert data.startswith(begun)
    assert data.count(stop) == 1
    assert data.endswith(stop)
    assert json.loads(data.split(b"data: ")[-1]) == {"type": "message_stop"}
