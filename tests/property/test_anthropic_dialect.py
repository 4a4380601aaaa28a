"""Any answer says the same streamed and not, to a strict reader; any request is read or refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from anthropic._streaming import SSEDecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from cursor_api.dialects.anthropic_messages.answer import MessageRenderer
from cursor_api.dialects.anthropic_messages.faults import render_fault
from cursor_api.dialects.anthropic_messages.request import parse_request
from cursor_api.dialects.anthropic_messages.whole import MessageFolder
from cursor_api.domain.content import Part, Role, Text, Thinking, ToolUse
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
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
from cursor_api.domain.value import replace
from cursor_api.ports.dialect import AnswerHead
from cursor_api.upstreams.anthropic.answer import MessageReading
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.sse import SSEDecoder as EventDecoder
from tests.anthropic_stage import CONTEXT
from tests.anthropic_stream import read_message, read_message_stream
from tests.steps import finish

# No deadline: a busy machine is no failure.
MANY = settings(max_examples=80, deadline=None)
HEAD = AnswerHead("i", "m", 0)

# Everything that ends a line or a string somewhere, more often than chance would have it.
texts = st.text('\r\n\u2028\u2029\u0085\x0b\x0c\x1c\x00"\\:} d😀中', min_size=1) | st.text(
    min_size=1
)
deltas = (
    st.builds(TextDelta, texts)
    | st.builds(ReasoningDelta, texts)
    | st.builds(StatusDelta, st.just("") | texts)
    | st.builds(RefusalDelta, texts)
    | st.builds(ReasoningSealed, texts)
    | st.builds(ReasoningSealed, st.just(""), texts)
)
counts = st.integers(0, 10**9)
usages = st.builds(Usage, counts, counts, st.sampled_from(UsageSource), counts, counts, counts)
ends = st.builds(Finished, st.sampled_from(FinishReason), usages)
batches = st.lists(st.lists(deltas, min_size=1, max_size=4), max_size=6)


@st.composite
def calls(draw: st.DrawFn) -> list[list[Delta]]:
    """Some calls, one after the other or side by side, their arguments in pieces."""
    begun: list[Delta] = []
    pieces: list[list[Delta]] = []
    for number in range(draw(st.integers(0, 3))):
        written = json.dumps(draw(st.dictionaries(texts, texts, max_size=2)))
        cut = draw(st.integers(1, len(written)))
        begun.append(ToolCallBegun(number, draw(texts), draw(texts)))
        parts = [part for part in (written[:cut], written[cut:]) if part]
        pieces.append([ToolArgumentsDelta(number, part) for part in parts])
    if draw(st.booleans()):
        return [[one, *rest] for one, rest in zip(begun, pieces, strict=True)]
    beside = [one for turn in range(2) for rest in pieces for one in rest[turn : turn + 1]]
    return [[*begun, *beside]] if begun else []


answers = st.builds(list.__add__, batches, calls())


def render(renderer: MessageRenderer, given_batches: Sequence[Sequence[Delta]]) -> bytes:
    """All batches' bytes."""
    return b"".join(renderer.render(batch) for batch in given_batches)


def fold(given_batches: Sequence[Sequence[Delta]]) -> dict[str, Any]:
    """The same in one piece."""
    folder = MessageFolder(HEAD)
    for batch in given_batches:
        folder.feed(batch)
    return read_message(folder.body())


@MANY
@given(answers, ends)
def test_streamed_and_whole_answers_are_the_same(
    given_batches: list[list[Delta]], end: Finished
) -> None:
    """Identical blocks, stop reason and usage."""
    everything: list[list[Delta]] = [*given_batches, [end]]
    renderer = MessageRenderer(HEAD)
    streamed = read_message_stream(render(renderer, everything) + renderer.finish())
    whole = fold(everything)
    for block in streamed.blocks:
        if block["type"] == "tool_use":
            block["input"] = json.loads(block.pop("arguments"))
    assert streamed.blocks == whole["content"]
    assert streamed.is_stopped
    assert streamed.head is not None
    assert streamed.end is not None
    assert (streamed.head["id"], streamed.head["model"]) == (whole["id"], whole["model"])
    assert streamed.end["usage"] == whole["usage"]
    assert streamed.end["delta"]["stop_reason"] == whole["stop_reason"]
    said = [one for batch in given_batches for one in batch]
    assert streamed.text == "".join(
        one.text for one in said if isinstance(one, TextDelta | RefusalDelta)
    )


@MANY
@given(answers, ends)
def test_an_answer_that_is_brought_back_is_what_was_said(
    given_batches: list[list[Delta]], end: Finished
) -> None:
    """parse(render(x)) == x."""
    content = fold([*given_batches, [end]])["content"]
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": content}]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    parsed = finish(parse_request(body, RequestLimits()))
    assert parsed.ignored == ()
    found = parsed.chat.messages[1]
    assert found.role is Role.ASSISTANT
    assert list(found.parts) == list(_said([one for batch in given_batches for one in batch]))


def _said(given_deltas: Sequence[Delta]) -> list[Part]:
    """The parts of an answer, put together the plain way."""
    parts: list[Part] = []
    numbers: dict[int, int] = {}
    is_sealed = True
    for delta in given_deltas:
        match delta:
            case TextDelta(text) | RefusalDelta(text):
                _add(parts, Text(text), is_new=False)
            case ReasoningDelta(text):
                _add(parts, Thinking(text), is_new=is_sealed)
                is_sealed = False
            case ReasoningSealed(signature, redacted):
                sealed = Thinking(redacted, signature, is_redacted=bool(redacted))
                _add(parts, sealed, is_new=is_sealed or bool(redacted))
                is_sealed = True
            case ToolCallBegun(call, id_, name):
                numbers[call] = len(parts)
                parts.append(ToolUse(id_, name, b""))
            case ToolArgumentsDelta(call, text):
                use = parts[numbers[call]]
                assert isinstance(use, ToolUse)
                parts[numbers[call]] = replace(use, arguments=use.arguments + text.encode())
            case _:
                pass
    return [_normal(part) for part in parts]


def _add(parts: list[Part], part: Text | Thinking, *, is_new: bool) -> None:
    """To the last one where that is of the same kind, and goes on."""
    last = parts[-1] if parts else None
    if isinstance(last, Text | Thinking) and type(last) is type(part) and not is_new:
        parts[-1] = replace(part, text=last.text + part.text)
    else:
        parts.append(part)


def _normal(part: Part) -> Part:
    """Arguments as `json.dumps` writes them: the test above writes the body with it."""
    if isinstance(part, ToolUse):
        return replace(part, arguments=json.dumps(json.loads(part.arguments)).encode())
    return part


@MANY
@given(answers, st.sampled_from(FinishReason), st.tuples(*[st.integers(0, 99)] * 5))
def test_an_upstream_s_reader_takes_a_stream_for_what_it_was(
    given_batches: list[list[Delta]], reason: FinishReason, given_counts: tuple[int, ...]
) -> None:
    """Two gateways in a row say what one says: the same blocks, and the same usage."""
    plain, read, written, output, thought = given_counts
    usage = Usage(
        plain + read + written, output, UsageSource.UPSTREAM, read, written, min(thought, output)
    )
    everything: list[list[Delta]] = [*given_batches, [Finished(reason, usage)]]
    renderer = MessageRenderer(HEAD)
    data = render(renderer, everything) + renderer.finish()
    reading = MessageReading(CONTEXT)
    found: list[Delta] = []
    for event in EventDecoder(1 << 20).feed(data):
        reading.take_event(event, found)
    reading.finish(found)
    again, once = fold([found]), fold(everything)
    # With calls in it, every end is one for calls.
    assert again["stop_reason"] in {once["stop_reason"], "tool_use"}
    assert (again["content"], again["usage"]) == (once["content"], once["usage"])


@MANY
@given(answers, ends, st.integers(1, 50))
def test_anthropic_s_own_reader_sees_the_same_events(
    given_batches: list[list[Delta]], end: Finished, cut: int
) -> None:
    """The SDK's decoder, fed in pieces of any size."""
    renderer = MessageRenderer(HEAD)
    data = render(renderer, [*given_batches, [end]]) + renderer.finish()
    pieces = (data[at : at + cut] for at in range(0, len(data), cut))
    events = list(SSEDecoder().iter_bytes(pieces))
    assert [event.event for event in events] == [json.loads(event.data)["type"] for event in events]
    assert events[-1].event == "message_stop"


@MANY
@given(answers, st.sampled_from(FaultKind), texts, st.none() | texts, st.none() | st.floats())
def test_a_fault_in_mid_stream_is_the_last_thing_said(
    given_batches: list[list[Delta]],
    kind: FaultKind,
    message: str,
    param: str | None,
    wait_s: float | None,
) -> None:
    """Never an end; the same error object as before the first byte."""
    fault = Fault(kind, message, param=param, retry_after_s=wait_s)
    renderer = MessageRenderer(HEAD)
    data = render(renderer, given_batches) + renderer.fault(fault)
    assert b"message_stop" not in data
    assert b"message_delta" not in data
    last = data.rstrip().split(b"event: error\ndata: ")[-1]
    assert json.loads(last) == json.loads(render_fault(fault).body)


@MANY
@given(answers)
def test_a_cut_answer_is_never_whole(given_batches: list[list[Delta]]) -> None:
    """Without `Finished` neither form has an end."""
    renderer = MessageRenderer(HEAD)
    folder = MessageFolder(HEAD)
    assert b"message_delta" not in render(renderer, given_batches)
    for batch in given_batches:
        folder.feed(batch)
    for end in (renderer.finish, folder.body):
        with pytest.raises(Fault) as caught:
            end()
        assert caught.value.kind is FaultKind.INCOMPLETE


names = st.sampled_from(
    (
        *("type", "text", "source", "content", "thinking", "signature", "data", "id", "name"),
        *("input", "tool_use_id", "is_error", "cache_control", "media_type", "title", "effort"),
    )
)
kinds = st.sampled_from(
    (
        *("text", "image", "document", "thinking", "redacted_thinking", "tool_use"),
        *("tool_result", "search_result", "server_tool_use"),
    )
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
blocks = st.builds(
    lambda kind, rest: {**rest, "type": kind}, kinds, st.dictionaries(names, json_values)
)
messages = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant", "system", "tool"]),
        "content": st.text(max_size=5) | st.lists(blocks, max_size=3) | json_values,
    }
)
bodies = st.fixed_dictionaries(
    {"model": st.just("m") | json_values, "messages": st.lists(messages, max_size=3)},
    optional={
        name: json_values | st.lists(blocks, max_size=2)
        for name in (
            *("system", "tools", "tool_choice", "thinking", "output_config", "metadata"),
            *("stream", "max_tokens", "stop_sequences", "temperature", "top_k", "output_format"),
        )
    },
)


@settings(max_examples=60, deadline=None)
@given(bodies.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=60))
def test_any_request_is_read_or_refused(body: bytes) -> None:
    """With a fault of the caller's, and nothing else; its parameters can be read then."""
    try:
        parsed = finish(parse_request(body, RequestLimits()))
    except Fault as fault:
        rendered = render_fault(fault)
        assert rendered.status == 400
        return
    assert parsed.chat.parameters is parsed.chat.parameters
    assert all(name.isascii() for name in parsed.ignored)
