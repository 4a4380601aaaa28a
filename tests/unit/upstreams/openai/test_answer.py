"""Answers as servers give them, cut anywhere."""

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
    RefusalDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.events import (
    PIECE_BYTES_MAX,
    SILENT_BYTES_MAX,
    AnswerDecoder,
    StreamDecoder,
    WholeDecoder,
)
from cursor_api.upstreams.openai.answer import FAILURES, REASONS, Reading
from tests.openai_stage import CONTEXT, DONE, HELLO, STOP, chunk, event, usage

COUNTS = Usage(7, 5, UsageSource.UPSTREAM)


def reading() -> Reading:
    """What takes in an answer."""
    return Reading(CONTEXT, lambda: "call_made_up")


def finished(reason: FinishReason = FinishReason.STOP, counts: Usage | None = None) -> Finished:
    """The last delta of a whole answer."""
    return Finished(reason, counts, is_stated=True)


def decode(pieces: Iterable[bytes], decoder: AnswerDecoder | None = None) -> list[Delta]:
    """All deltas of a body in these pieces, its end included; raises what reading it raises."""
    decoder = decoder or StreamDecoder(reading())
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


def whole(message: dict[str, Any], **more: Any) -> bytes:
    """An answer in one piece."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return json.dumps({"object": "chat.completion", "choices": [choice | more]}).encode()


CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look"}}
PAGE = {"url": "https://example.com", "title": "T", "start_index": 1, "end_index": 5}
EVERYTHING = (
    b": OPENROUTER PROCESSING\n\n"
    + chunk({"role": "assistant", "content": ""})
    + chunk({"reasoning_content": "Hm, 你好"})
    + chunk({"reasoning": " so"})
    + b"event: ping\ndata: {}\n\n"
    + chunk({"content": "Héllo"}, service_tier="default")
    + chunk({"content": "\n \u2028🙂"})
    + chunk({"annotations": [{"type": "url_citation", "url_citation": PAGE}]})
    + chunk({"refusal": "No."})
    + chunk({"tool_calls": [CALL]})
    + chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"x":'}}]})
    + chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]})
    + chunk(finish_reason="tool_calls")
    + usage(
        prompt_tokens_details={"cached_tokens": 3},
        completion_tokens_details={"reasoning_tokens": 2},
    )
    + DONE
)
ALL = [
    ReasoningDelta("Hm, 你好"),
    ReasoningDelta(" so"),
    TextDelta("Héllo"),
    TextDelta("\n \u2028🙂"),
    CitationDelta((Citation("https://example.com", "T", 1, 5),)),
    RefusalDelta("No."),
    ToolCallBegun(0, "call_1", "look"),
    ToolArgumentsDelta(0, '{"x":'),
    ToolArgumentsDelta(0, "1}"),
    finished(
        FinishReason.TOOL_CALLS,
        Usage(7, 5, UsageSource.UPSTREAM, cache_read_count=3, reasoning_count=2),
    ),
]


def test_everything_at_once_and_byte_by_byte() -> None:
    """However the network cuts it, with any ends of lines."""
    assert decode([EVERYTHING]) == ALL
    assert decode([EVERYTHING[i : i + 1] for i in range(len(EVERYTHING))]) == ALL
    assert decode([EVERYTHING.replace(b"\n", b"\r\n")]) == ALL
    for cut in range(1, len(EVERYTHING), 17):
        assert decode([EVERYTHING[:cut], EVERYTHING[cut:]]) == ALL


def test_a_stream_cut_short_is_whole_only_with_its_reason() -> None:
    """What came is given first, wherever the cut is."""
    reason_end = EVERYTHING.index(b'data: {"choices": [], "usage"')
    for length in range(1, len(EVERYTHING) - len(DONE)):
        decoder = StreamDecoder(reading())
        deltas = decoder.feed(EVERYTHING[:length])
        assert deltas == ALL[: len(deltas)]
        assert decoder.is_stated is (length >= reason_end)
        if decoder.is_stated:
            assert decode([], decoder)[0] in (ALL[-1], finished(FinishReason.TOOL_CALLS))
        else:
            with pytest.raises(Fault) as caught:
                decoder.feed(b"")
            assert caught.value.kind is FaultKind.INCOMPLETE


def test_usage_in_the_same_chunk_in_a_later_one_in_each_or_in_none() -> None:
    """The last counts; [DONE] or the body's end shows that none follows."""
    same = chunk(
        finish_reason="stop", usage={"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    )
    for pieces in (
        [HELLO, same, DONE],
        [HELLO, same],
        [HELLO, STOP, usage()],
        [HELLO, STOP, usage(), DONE],
        [chunk({"content": "Hello"}, usage={"prompt_tokens": 7}), STOP, usage(), DONE],
        [HELLO, same, chunk(usage=None), DONE],
    ):
        assert decode(pieces) == [TextDelta("Hello"), finished(counts=COUNTS)]
    assert decode([HELLO, STOP, DONE]) == [TextDelta("Hello"), finished()]


def test_what_follows_done_is_not_read() -> None:
    """The answer is whole."""
    assert decode([HELLO + STOP + DONE + b"data: nonsense\n\n"]) == [TextDelta("Hello"), finished()]


def test_an_answer_without_a_reason_is_incomplete() -> None:
    """Even one that says [DONE]."""
    for pieces in ([HELLO], [HELLO, DONE], [HELLO, usage(), DONE], [b""]):
        with pytest.raises(Fault) as caught:
            decode(pieces)
        assert caught.value.kind is FaultKind.INCOMPLETE


@pytest.mark.parametrize(
    ("word", "reason"),
    [*REASONS.items(), ("eos", FinishReason.STOP), ("LENGTH", REASONS["length"])],
)
def test_every_reason_is_told(word: str, reason: FinishReason) -> None:
    """A word of the server's own is an end as good as any."""
    assert decode([HELLO, chunk(finish_reason=word)])[-1] == finished(reason)


@pytest.mark.parametrize("word", FAILURES)
def test_a_reason_that_is_a_failure_is_one(word: str) -> None:
    """What was said is given first."""
    decoder = StreamDecoder(reading())
    assert decoder.feed(HELLO + chunk(finish_reason=word)) == [TextDelta("Hello")]
    assert not decoder.is_stated
    with pytest.raises(Fault) as caught:
        decoder.check()
    assert (caught.value.kind, caught.value.upstream_code) == (FAILURES[word], word)


def test_a_server_that_stops_in_order_to_call_ends_with_calls() -> None:
    """Agents go by the reason."""
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    calls = [ToolCallBegun(0, "a", "f"), ToolArgumentsDelta(0, "{}")]
    assert decode([chunk({"tool_calls": [call]}), STOP]) == [
        *calls,
        finished(FinishReason.TOOL_CALLS),
    ]
    cut = chunk(finish_reason="length")
    assert decode([chunk({"tool_calls": [call]}), cut])[-1] == finished(FinishReason.LENGTH)
    old = chunk({"function_call": {"name": "f", "arguments": "{}"}}, "function_call")
    assert decode([old]) == [
        ToolCallBegun(0, "call_made_up", "f"),
        calls[1],
        finished(FinishReason.TOOL_CALLS),
    ]


def test_a_stop_takes_no_other_reason_back() -> None:
    """Some servers give a reason for each call, and `stop` at the end of everything."""
    for word in ("length", "content_filter", "tool_calls"):
        repeated = [HELLO, chunk(finish_reason=word), STOP, STOP, DONE]
        assert decode(repeated) == [TextDelta("Hello"), finished(REASONS[word])]
    assert decode([HELLO, STOP, chunk(finish_reason="length")])[-1] == finished(REASONS["length"])


def test_a_call_goes_on_behind_a_reason() -> None:
    """Its arguments are whole only at the end of the stream, and so is that it has none."""
    begun = {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": '{"x": 1}'}}
    other = {"index": 1, "id": "b", "function": {"name": "g", "arguments": ""}}
    calls = chunk(finish_reason="tool_calls")
    assert decode(
        [
            *(chunk({"tool_calls": [begun]}), calls, chunk({"tool_calls": [more]}), calls),
            *(chunk({"tool_calls": [other]}), STOP, DONE),
        ]
    ) == [
        ToolCallBegun(0, "a", "f"),
        ToolArgumentsDelta(0, '{"x": 1}'),
        ToolCallBegun(1, "b", "g"),
        ToolArgumentsDelta(1, "{}"),
        finished(FinishReason.TOOL_CALLS),
    ]


def test_a_reason_with_every_chunk_is_none_to_rely_on() -> None:
    """Some servers say `stop` from the first word on: one that breaks off is not whole."""
    words = [chunk({"content": word}, "stop") for word in ("a", "b")]
    decoder = StreamDecoder(reading())
    stated = [(decoder.feed(word), decoder.is_stated) for word in words]
    assert stated == [([TextDelta("a")], True), ([TextDelta("b")], False)]
    assert decoder.feed(DONE) == [finished()]


def test_content_in_parts_and_thoughts_among_them() -> None:
    """As Mistral's thinking models write it."""
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}, {"text": ""}, 3]},
        {"type": "thinking", "thinking": "so"},
        {"type": "text", "text": "Hi"},
        {"type": "other"},
    ]
    assert decode([chunk({"content": parts}), STOP])[:-1] == [
        *(ReasoningDelta("Hm"), ReasoningDelta("so"), TextDelta("Hi"))
    ]


def test_reasoning_in_both_spellings_is_said_once() -> None:
    """And what is no text there is no reasoning."""
    both = chunk({"reasoning_content": "Hm", "reasoning": "Hm"})
    other = chunk({"reasoning": {"effort": "low"}})
    assert decode([both, other, STOP]) == [ReasoningDelta("Hm"), finished()]


def test_answers_beside_the_one_asked_for_are_skipped() -> None:
    """One answer is asked for; a chunk without any is no harm."""
    second = event({"choices": [{"index": 1, "delta": {"content": "B"}, "finish_reason": "stop"}]})
    none = event({"choices": None}) + event({"choices": [{"index": 0}]})
    assert decode([second, HELLO, none, STOP]) == [TextDelta("Hello"), finished()]


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (event({"error": {"message": "full", "code": 503}}), FaultKind.UPSTREAM_OVERLOADED),
        (event({"error": {"message": "?"}, "choices": []}), FaultKind.UPSTREAM_ERROR),
        (event({"object": "error", "message": "bad", "code": 400}), FaultKind.INVALID_REQUEST),
        (
            b'event: error\ndata: {"message": "slow", "type": "rate_limit_error"}\n\n',
            FaultKind.RATE_LIMITED,
        ),
        (b"data: nonsense\n\n", FaultKind.PROTOCOL_ERROR),
        (b"data: \xff\n\n", FaultKind.PROTOCOL_ERROR),
    ],
)
def test_a_fault_in_the_stream_comes_after_what_was_said(broken: bytes, kind: FaultKind) -> None:
    """However the network cuts the two; and it stays the end."""
    decoder = StreamDecoder(reading())
    assert decoder.feed(HELLO + broken + STOP + DONE) == [TextDelta("Hello")]
    for _ in range(2):
        with pytest.raises(Fault) as caught:
            decoder.feed(STOP)
        assert caught.value.kind is kind
    assert fault_of(HELLO, broken).kind is kind
    assert not decoder.is_finished


def test_what_only_keeps_the_connection_alive_is_skipped() -> None:
    """Comments, pings of any content, events without data, other fields, empty lines."""
    nothing = b": x\n\nevent: ping\ndata: now\n\ndata:\n\nid: 3\nretry: 9\n\n\n\n"
    whole = nothing.join([b"", HELLO, STOP, usage(), DONE])
    assert decode([whole]) == [TextDelta("Hello"), finished(counts=COUNTS)]
    named = HELLO.replace(b"data: ", b"event: completion.chunk\ndata: ")
    assert decode([named, STOP]) == [TextDelta("Hello"), finished()]


def test_floods_that_say_nothing_end() -> None:
    """Of comments, of pings, of chunks without content; long ones, for the test's sake."""
    padding = "x" * 4000
    for nothing in (f": {padding}\n\n".encode(), chunk({}, obfuscation=padding)):
        piece = nothing * (SILENT_BYTES_MAX // len(nothing))
        rounds = (PIECE_BYTES_MAX + SILENT_BYTES_MAX) // len(piece) + 1
        assert fault_of(HELLO, *[piece] * rounds).kind is FaultKind.PROTOCOL_ERROR
        # A day of them between two words is no flood.
        assert decode([HELLO, piece, HELLO, piece, STOP])[-1] == finished()
    assert decode([b"event: ping\ndata: {}\n\n" * 99, b"\n" * 99, HELLO, STOP])[-1] == finished()


def test_one_event_is_bounded() -> None:
    """It is held whole."""
    assert fault_of(b"data: " + b"x" * PIECE_BYTES_MAX).kind is FaultKind.PROTOCOL_ERROR
    assert fault_of(b": " + b"x" * PIECE_BYTES_MAX).kind is FaultKind.PROTOCOL_ERROR


def test_an_answer_without_an_end_is_bounded() -> None:
    """Nothing is kept of it, but it costs traffic for ever."""
    bytes_max = 9 * len(HELLO) + len(STOP)
    assert decode([HELLO] * 9 + [STOP], StreamDecoder(reading(), bytes_max))[-1] == finished()
    with pytest.raises(Fault) as caught:
        decode([HELLO] * 11, StreamDecoder(reading(), bytes_max))
    assert caught.value.kind is FaultKind.UPSTREAM_ERROR


def test_a_whole_answer_is_read_as_one() -> None:
    """As a server gives it that knows no streams."""
    message = {
        "reasoning_content": "Hm",
        "content": "Hello",
        "refusal": None,
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        ],
    }
    body = whole(message).removesuffix(b"}") + b', "usage": {"prompt_tokens": 7, '
    body += b'"completion_tokens": 5}}'
    wanted = [
        ReasoningDelta("Hm"),
        TextDelta("Hello"),
        ToolCallBegun(0, "a", "f"),
        ToolArgumentsDelta(0, "{}"),
        finished(FinishReason.TOOL_CALLS, COUNTS),
    ]
    assert decode([body], WholeDecoder(reading())) == wanted
    cut = [body[i : i + 1] for i in range(len(body))]
    assert decode(cut, WholeDecoder(reading())) == wanted


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FaultKind.PROTOCOL_ERROR),
        (whole({"content": "a"})[:-1], FaultKind.PROTOCOL_ERROR),
        (whole({"content": "a"}, finish_reason=None), FaultKind.INCOMPLETE),
        (b"{}", FaultKind.INCOMPLETE),
        (b'{"error": {"code": "insufficient_quota"}}', FaultKind.QUOTA_EXHAUSTED),
        (b" " * (PIECE_BYTES_MAX + 1), FaultKind.PROTOCOL_ERROR),
    ],
    ids=["empty", "cut", "no reason", "nothing", "error", "too long"],
)
def test_what_is_no_whole_answer_is_a_fault(body: bytes, kind: FaultKind) -> None:
    """An error with the status of a good answer, too."""
    with pytest.raises(Fault) as caught:
        decode([body], WholeDecoder(reading()))
    assert caught.value.kind is kind


def test_decoders_tell_where_they_are() -> None:
    """For whoever looks at them in a test."""
    assert "reason=None" in repr(StreamDecoder(reading()))
    assert "0 bytes" in repr(WholeDecoder(reading()))
    assert not WholeDecoder(reading()).is_stated


def test_a_character_that_was_cut_in_two_is_one_again() -> None:
    """By a server that counts as JavaScript does; half of one that never comes is left out."""
    pieces = [r'"a\ud83d"', r'"\ude00b"', r'"\ud83d"', '"c"', r'"\ude00"']
    sent = [b'data: {"choices":[{"delta":{"content":%b}}]}\n\n' % one.encode() for one in pieces]
    said = decode([b"".join(sent) + STOP + DONE])[:-1]
    assert said == [*map(TextDelta, ["a", "😀b", "c", "\ufffd"])]
