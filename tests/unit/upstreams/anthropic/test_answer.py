"""Answers as the API gives them, cut anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from cursor_api.domain.deltas import (
    Citation,
    CitationDelta,
    Delta,
    Finished,
    FinishReason,
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
from cursor_api.transport.events import AnswerDecoder, StreamDecoder, WholeDecoder
from cursor_api.upstreams.anthropic.answer import (
    BLOCKS_MAX,
    REASONS,
    MessageReading,
)
from cursor_api.wire.free_text import FREE_TEXT_BYTES_MAX
from tests.anthropic_stage import (
    CONTEXT,
    END,
    HELLO,
    block,
    call,
    end,
    event,
    start,
    text,
    thinking,
)
from tests.anthropic_types import check_answer

COUNTS = Usage(7, 5, UsageSource.UPSTREAM)


def finished(reason: FinishReason = FinishReason.STOP, counts: Usage | None = COUNTS) -> Finished:
    """The last delta of a whole answer."""
    return Finished(reason, counts, is_stated=True)


def decode(pieces: Iterable[bytes], decoder: AnswerDecoder | None = None) -> list[Delta]:
    """All deltas of a body in these pieces, its end included; raises what reading it raises."""
    decoder = decoder or StreamDecoder(MessageReading(CONTEXT))
    deltas: list[Delta] = []
    for piece in (*pieces, b""):
        decoder.check()
        deltas += decoder.feed(piece)
        if decoder.is_finished:
            return deltas
    raise AssertionError("it neither ended nor failed")


def fault_of(*pieces: bytes) -> Fault:
    """What reading this stream ends with."""
    with pytest.raises(Fault) as caught:
        decode(pieces)
    return caught.value


SEARCH = {
    "type": "web_search_result_location",
    "cited_text": "x",
    "encrypted_index": "e",
    "title": "T",
    "url": "https://example.com",
}
NOTE = {
    "type": "char_location",
    "cited_text": "x",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 1,
}
EVERYTHING = (
    start(cache_read_input_tokens=30, cache_creation_input_tokens=200)
    + event("ping")
    + thinking("Hm, 你好", " so", signature="c2lnbmVk")
    + block(1, {"type": "redacted_thinking", "data": "sealed"})
    + b": comment\n\n"
    + block(
        2,
        {"type": "text", "text": "", "citations": []},
        {"type": "text_delta", "text": "Héllo"},
        {"type": "citations_delta", "citation": SEARCH},
        {"type": "citations_delta", "citation": NOTE},
        {"type": "text_delta", "text": "\n \u2028🙂"},
    )
    + block(
        3,
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
        {"type": "input_json_delta", "partial_json": '{"query": "x"}'},
    )
    + block(4, {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []})
    + call("look", '{"ü":', "1}", index=5)
    + call("wait", index=6, call_id="toolu_2")
    + b'event: fresh_kind\ndata: {"type": "fresh_kind", "index": 9}\n\n'
    + end(
        "tool_use",
        output_tokens=50,
        usage={"input_tokens": 0, "output_tokens_details": {"thinking_tokens": 20}},
    )
)
ALL: list[Delta] = [
    ReasoningDelta("Hm, 你好"),
    ReasoningDelta(" so"),
    ReasoningSealed("c2lnbmVk"),
    ReasoningSealed("", "sealed"),
    TextDelta("Héllo"),
    CitationDelta((Citation("https://example.com", "T"),)),
    TextDelta("\n \u2028🙂"),
    ToolCallBegun(0, "toolu_1", "look"),
    ToolArgumentsDelta(0, '{"ü":'),
    ToolArgumentsDelta(0, "1}"),
    ToolCallBegun(1, "toolu_2", "wait"),
    ToolArgumentsDelta(1, "{}"),
    finished(
        FinishReason.TOOL_CALLS,
        # The input beside the cache's, and what the cache gave and took.
        Usage(237, 50, UsageSource.UPSTREAM, 30, 200, 20),
    ),
]


def test_everything_at_once_and_byte_by_byte() -> None:
    """However the network cuts it, with any ends of lines."""
    assert decode([EVERYTHING]) == ALL
    assert decode([EVERYTHING[i : i + 1] for i in range(len(EVERYTHING))]) == ALL
    assert decode([EVERYTHING.replace(b"\n", b"\r\n")]) == ALL
    for cut in range(1, len(EVERYTHING)):
        assert decode([EVERYTHING[:cut], EVERYTHING[cut:]]) == ALL


def test_a_stream_cut_short_is_never_whole() -> None:
    """What came is given first, wherever the cut is; the last line has to be there."""
    for length in range(len(EVERYTHING)):
        decoder = StreamDecoder(MessageReading(CONTEXT))
        deltas = decoder.feed(EVERYTHING[:length]) if length else []
        assert deltas == ALL[: len(deltas)]
        if decoder.is_finished:
            # All but the empty line that follows the last one.
            assert length == len(EVERYTHING) - 1
            continue
        assert not decoder.is_stated
        with pytest.raises(Fault) as caught:
            decoder.feed(b"")
        assert caught.value.kind is FaultKind.INCOMPLETE


@pytest.mark.parametrize(
    "pieces",
    [
        [HELLO],
        [HELLO, event("message_stop")],
        [HELLO, end().removesuffix(event("message_stop"))],
        [start()],
        [b""],
    ],
)
def test_without_its_reason_and_its_stop_an_answer_is_incomplete(pieces: list[bytes]) -> None:
    """Both have to be there."""
    assert fault_of(*pieces).kind is FaultKind.INCOMPLETE


@pytest.mark.parametrize(("word", "reason"), REASONS.items())
def test_every_reason_is_told(word: str, reason: FinishReason) -> None:
    """An answer that has only thought and ran out of room ends as one that did."""
    assert decode([HELLO, end(word)])[-1] == finished(reason)
    thought = start() + thinking("Hm", signature="s")
    assert decode([thought, end("max_tokens")]) == [
        *(ReasoningDelta("Hm"), ReasoningSealed("s"), finished(FinishReason.LENGTH))
    ]


def test_an_unknown_reason_is_an_end_as_good_as_any() -> None:
    """And who stops in order to call ends with calls: agents go by the reason."""
    unknown = end().replace(b"end_turn", b"compaction")
    assert decode([HELLO, unknown])[-1] == finished()
    assert decode([start(), call("f", "{}"), END])[-1] == finished(FinishReason.TOOL_CALLS)
    assert decode([start(), call("f", "{}"), end("max_tokens")])[-1] == finished(
        FinishReason.LENGTH
    )


def test_the_stop_text_and_the_words_of_a_refusal_are_told() -> None:
    """So that a caller of any dialect sees why."""
    assert decode([HELLO, end("stop_sequence", stop_sequence="END")])[-1] == Finished(
        FinishReason.STOP, COUNTS, is_stated=True, stop_text="END"
    )
    details = {"type": "refusal", "category": "bio", "explanation": "Not that."}
    assert decode([start(), end("refusal", stop_details=details)]) == [
        RefusalDelta("Not that."),
        finished(FinishReason.REFUSED),
    ]
    silent = details | {"explanation": None}
    assert decode([start(), end("refusal", stop_details=silent)]) == [
        finished(FinishReason.REFUSED)
    ]


def test_blocks_may_be_told_side_by_side_and_begin_with_words() -> None:
    """The number says whose a piece is; some servers give a call's arguments where it begins."""

    def begin(index: int, **content: Any) -> bytes:
        return event("content_block_start", index=index, content_block=content)

    def add(index: int, piece: str) -> bytes:
        delta = {"type": "input_json_delta", "partial_json": piece}
        return event("content_block_delta", index=index, delta=delta)

    stops = [event("content_block_stop", index=index) for index in (1, 0, 2, 3)]
    first = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    second = {"type": "tool_use", "id": "b", "name": "g", "input": {"x": 1.5}}
    stream = [
        *(start(), begin(0, **first), begin(1, **second), add(0, "[1"), add(0, ",2]")),
        *(begin(2, type="text", text="Hi", citations=[SEARCH]),),
        *(begin(3, type="thinking", thinking="Hm", signature="s"), *stops, end("tool_use")),
    ]
    assert decode(stream) == [
        *(ToolCallBegun(0, "a", "f"), ToolCallBegun(1, "b", "g")),
        *(ToolArgumentsDelta(0, "[1"), ToolArgumentsDelta(0, ",2]")),
        *(TextDelta("Hi"), CitationDelta((Citation("https://example.com", "T"),))),
        *(ReasoningDelta("Hm"), ToolArgumentsDelta(1, '{"x": 1.5}'), ReasoningSealed("s")),
        finished(FinishReason.TOOL_CALLS),
    ]


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (
            event("error", error={"type": "overloaded_error", "message": "Overloaded"}),
            FaultKind.UPSTREAM_OVERLOADED,
        ),
        (event("error", error={"type": "api_error", "message": "?"}), FaultKind.UPSTREAM_ERROR),
        (b"event: error\ndata: {}\n\n", FaultKind.UPSTREAM_ERROR),
        (b"data: nonsense\n\n", FaultKind.PROTOCOL_ERROR),
        (b"data: \xff\n\n", FaultKind.PROTOCOL_ERROR),
        (b'data: {"type": 3}\n\n', FaultKind.PROTOCOL_ERROR),
        (
            b'data: {"type": "content_block_start", "content_block": {"type": "tool_use"}}\n\n',
            FaultKind.PROTOCOL_ERROR,
        ),
        (
            b'data: {"type": "content_block_delta", "index": 7, "delta":'
            b' {"type": "input_json_delta", "partial_json": "1"}}\n\n',
            FaultKind.PROTOCOL_ERROR,
        ),
        (text("", index=3) * BLOCKS_MAX, FaultKind.PROTOCOL_ERROR),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value.value,
)
def test_a_fault_in_the_stream_comes_after_what_was_said(broken: bytes, kind: FaultKind) -> None:
    """However the network cuts the two."""
    decoder = StreamDecoder(MessageReading(CONTEXT))
    assert decoder.feed(HELLO + broken + END) == [TextDelta("Hello")]
    with pytest.raises(Fault) as caught:
        decoder.feed(END)
    assert caught.value.kind is kind
    assert fault_of(HELLO, broken).kind is kind


def test_what_says_nothing_is_skipped() -> None:
    """Pings of any content, events without data, blocks without fields, unknown deltas."""
    nothing = (
        b": x\n\nevent: ping\ndata: now\n\ndata:\n\nid: 3\n\n"
        b'data: {"type": "content_block_delta", "index": 9, "delta": {"type": "new_delta"}}\n\n'
        b'data: {"type": "content_block_delta", "index": 9}\n\n'
        b'data: {"type": "content_block_start", "index": 9}\n\n'
        b'data: {"type": "content_block_stop", "index": 9}\n\n'
        b'data: {"type": "message_start"}\n\n'
        b'data: {"type": "message_delta", "usage": {"output_tokens": "many"}}\n\n'
    )
    assert decode([nothing, HELLO, nothing, END]) == [TextDelta("Hello"), finished()]
    untold = HELLO.replace(b'"usage"', b'"other"') + END.replace(b'"usage"', b'"other"')
    assert decode([untold]) == [TextDelta("Hello"), finished(counts=None)]
    # Some servers name the event, some only say it in the data.
    named = (
        b"event: content_block_delta\ndata: "
        + json.dumps({"index": 0, "delta": {"type": "text_delta", "text": "!"}}).encode()
    )
    assert decode([start(), named, b"\n\n", END])[0] == TextDelta("!")
    bare = HELLO.replace(b"event: content_block_delta\n", b"")
    assert decode([bare, END])[0] == TextDelta("Hello")


def whole(**more: Any) -> bytes:
    """An answer in one piece."""
    answer = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 5},
        **more,
    }
    if answer["stop_reason"]:
        check_answer(answer)
    return json.dumps(answer).encode()


def test_a_whole_answer_is_read_as_one() -> None:
    """With all kinds of blocks."""
    content = [
        {"type": "thinking", "thinking": "Hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "sealed"},
        {"type": "text", "text": "Hello", "citations": [SEARCH]},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": [1]}},
    ]
    body = whole(content=content, stop_reason="tool_use")
    wanted = [
        *(ReasoningDelta("Hm"), ReasoningSealed("s"), ReasoningSealed("", "sealed")),
        *(TextDelta("Hello"), CitationDelta((Citation("https://example.com", "T"),))),
        *(ToolCallBegun(0, "a", "f"), ToolArgumentsDelta(0, '{"x": [1]}')),
        finished(FinishReason.TOOL_CALLS),
    ]
    decoder = WholeDecoder(MessageReading(CONTEXT))
    assert decode([body], decoder) == wanted
    assert "4 blocks" in repr(decoder)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FaultKind.PROTOCOL_ERROR),
        (whole()[:-1], FaultKind.PROTOCOL_ERROR),
        (whole(stop_reason=None), FaultKind.INCOMPLETE),
        (b"{}", FaultKind.INCOMPLETE),
        (
            b'{"type": "error", "error": {"type": "billing_error", "message": "pay"}}',
            FaultKind.QUOTA_EXHAUSTED,
        ),
        (b'{"error": "busy"}', FaultKind.UPSTREAM_ERROR),
    ],
)
def test_what_is_no_whole_answer_is_a_fault(body: bytes, kind: FaultKind) -> None:
    """An error with the status of a good answer, too."""
    with pytest.raises(Fault) as caught:
        decode([body], WholeDecoder(MessageReading(CONTEXT)))
    assert caught.value.kind is kind


FREE_TEXT = frozenset({"patch"})


def test_a_tool_that_takes_any_text_gets_the_text() -> None:
    """The API's tools take objects: the text comes in a field of one, which nobody asked for."""
    pieces = ['{"input', '": "a \\"b', '\\" \\u00e4"}']
    deltas = decode(
        [
            *(start(), call("patch", *pieces, call_id="t1")),
            *(call("f", "{}", index=1, call_id="t2"), end("tool_use")),
        ],
        StreamDecoder(MessageReading(CONTEXT, FREE_TEXT)),
    )
    assert deltas[:4] == [
        *(ToolCallBegun(0, "t1", "patch"), ToolArgumentsDelta(0, 'a "b" \u00e4')),
        *(ToolCallBegun(1, "t2", "f"), ToolArgumentsDelta(1, "{}")),
    ]


def test_a_whole_answer_gives_such_a_tool_its_text() -> None:
    """And a form that the model made up as it is; no arguments are no text."""
    uses: list[Any] = [{"input": "a"}, {"other": 1}, {}]
    content = [
        {"type": "tool_use", "id": str(number), "name": "patch", "input": one}
        for number, one in enumerate(uses)
    ]
    body = whole(content=content, stop_reason="tool_use")
    deltas = decode([body], WholeDecoder(MessageReading(CONTEXT, FREE_TEXT)))
    texts = [delta for delta in deltas if isinstance(delta, ToolArgumentsDelta)]
    assert texts == [ToolArgumentsDelta(0, "a"), ToolArgumentsDelta(1, '{"other": 1}')]


def test_a_text_without_an_end_is_not_collected_forever() -> None:
    """What is held back is bounded."""
    reading = MessageReading(CONTEXT, FREE_TEXT)
    decoder = StreamDecoder(reading)
    piece = "x" * (FREE_TEXT_BYTES_MAX // 8)
    with pytest.raises(Fault, match="8 MiB of text") as caught:
        decode([start(), call("patch", *[piece] * 9)], decoder)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR
