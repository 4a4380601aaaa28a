"""Any answer, streamed and not, says the same to a strict reader that is not ours."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openai._streaming import SSEDecoder

from cursor_api.dialects.openai.faults import render_fault
from cursor_api.dialects.openai_chat.answer import ChunkRenderer, CompletionFolder
from cursor_api.domain.deltas import (
    Citation,
    CitationDelta,
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
from cursor_api.ports.dialect import AnswerHead
from tests.examples import examples
from tests.openai_stream import read_answer, read_stream

# No deadline: a busy machine is no failure.
MANY = examples(300)

# Everything that ends a line or a string somewhere, more often than chance would have it.
texts = st.text(min_size=1) | st.text(
    '\r\n\u2028\u2029\u0085\x0b\x0c\x1c\x00"\\:} d😀中', min_size=1
)
citations = st.lists(st.builds(Citation, texts, texts), min_size=1, max_size=3).map(tuple)
deltas = (
    st.builds(TextDelta, texts)
    | st.builds(ReasoningDelta, texts)
    | st.builds(CitationDelta, citations)
    | st.builds(StatusDelta, st.just("") | texts)
    | st.builds(RefusalDelta, texts)
    | st.builds(ReasoningSealed, texts, texts)
)
counts = st.integers(0, 10**9)
usages = st.builds(Usage, counts, counts, st.sampled_from(UsageSource), counts, counts, counts)
ends = st.builds(Finished, st.sampled_from(FinishReason), usages)


def number_calls(begun: list[tuple[str, str, list[str]]]) -> list[list[Delta]]:
    """Calls in one batch each: how each begins, and its arguments in pieces."""
    return [
        [ToolCallBegun(number, id_, name), *(ToolArgumentsDelta(number, one) for one in pieces)]
        for number, (id_, name, pieces) in enumerate(begun)
    ]


calls = st.lists(st.tuples(texts, texts, st.lists(texts, max_size=3)), max_size=3).map(number_calls)
batches = st.lists(st.lists(deltas, min_size=1, max_size=4), max_size=6)


def render(chunks: ChunkRenderer, given_batches: Sequence[Sequence[Delta]]) -> bytes:
    """All batches' bytes."""
    return b"".join(chunks.render(batch) for batch in given_batches)


@MANY
@given(
    given_batches=st.builds(list.__add__, batches, calls),
    end=ends,
    include_usage=st.booleans(),
    identity=st.tuples(texts, texts),
)
@example(
    given_batches=[[TextDelta("a\r\n\r\ndata: [DONE]\r\n\r\n")]],
    end=Finished(FinishReason.STOP, Usage(1, 1, UsageSource.UPSTREAM)),
    include_usage=True,
    identity=("i", "m"),
)
def test_streamed_and_whole_answers_are_the_same(
    *,
    given_batches: list[list[Delta]],
    end: Finished,
    include_usage: bool,
    identity: tuple[str, str],
) -> None:
    """Identical text, reasoning, sources, finish reason and usage; one identity throughout."""
    answer_id, model = identity
    everything: list[list[Delta]] = [*given_batches, [end]]
    chunks = ChunkRenderer(AnswerHead(answer_id, model, 1_735_000_000), include_usage=include_usage)
    streamed = read_stream(render(chunks, everything) + chunks.finish())
    folder = CompletionFolder(AnswerHead(answer_id, model, 1_735_000_000))
    for batch in everything:
        folder.feed(batch)
    whole = read_answer(folder.body())
    (choice,) = whole.choices
    message = choice.message.model_dump(exclude_unset=True)
    flat = [delta for batch in given_batches for delta in batch]

    assert streamed.text == (message["content"] or "")
    assert streamed.text == "".join(d.text for d in flat if isinstance(d, TextDelta))
    assert streamed.refusal == (message["refusal"] or "")
    assert streamed.refusal == "".join(d.text for d in flat if isinstance(d, RefusalDelta))
    assert streamed.calls == message.get("tool_calls", [])
    begun = [d for d in flat if isinstance(d, ToolCallBegun)]
    assert [(c["id"], c["function"]["name"]) for c in streamed.calls] == [
        (d.id, d.name) for d in begun
    ]
    assert [c["function"]["arguments"] for c in streamed.calls] == [
        "".join(d.text for d in flat if isinstance(d, ToolArgumentsDelta) and d.call == one.call)
        for one in begun
    ]
    assert streamed.reasoning == message.get("reasoning_content", "")
    assert streamed.reasoning == "".join(d.text for d in flat if isinstance(d, ReasoningDelta))
    assert streamed.annotations == message.get("annotations", [])
    assert streamed.finish_reasons == [choice.finish_reason]
    assert streamed.deltas[0]["role"] == "assistant"
    assert streamed.is_done
    assert streamed.error is None
    assert {(c.id, c.created, c.model) for c in streamed.chunks} == {
        (whole.id, whole.created, whole.model)
    }
    assert streamed.usages == ([whole.usage] if include_usage else [])
    assert whole.usage is not None
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens


@MANY
@given(st.lists(deltas, min_size=1), ends)
def test_batching_changes_nothing_but_the_number_of_writes(
    given_deltas: list[Delta], end: Finished
) -> None:
    """One write for all, or one for each: the same bytes."""
    one = ChunkRenderer(AnswerHead("i", "m", 0), include_usage=True)
    each = ChunkRenderer(AnswerHead("i", "m", 0), include_usage=True)
    everything = [*given_deltas, end]
    assert one.render(everything) == render(each, [[delta] for delta in everything])


@MANY
@given(batches, ends, st.integers(1, 50))
def test_openai_s_own_reader_sees_the_same_events(
    given_batches: list[list[Delta]], end: Finished, cut: int
) -> None:
    """The SDK's decoder, fed in pieces of any size; comments are nothing to it."""
    chunks = ChunkRenderer(AnswerHead("i", "m", 0), include_usage=True)
    data = render(chunks, [*given_batches, [end]]) + chunks.finish()
    pieces = (data[at : at + cut] for at in range(0, len(data), cut))
    events = [event.data for event in SSEDecoder().iter_bytes(pieces)]
    assert events.pop() == "[DONE]"
    ours = read_stream(data).chunks
    assert [json.loads(event) for event in events] == [
        chunk.model_dump(mode="json", exclude_unset=True) for chunk in ours
    ]


@MANY
@given(batches, st.sampled_from(FaultKind), texts, st.none() | texts, st.none() | st.floats())
def test_a_fault_in_mid_stream_is_the_last_thing_said(
    given_batches: list[list[Delta]],
    kind: FaultKind,
    message: str,
    param: str | None,
    wait_s: float | None,
) -> None:
    """Never a finish reason, never [DONE]; the same error object as before the first byte."""
    fault = Fault(kind, message, param=param, retry_after_s=wait_s)
    chunks = ChunkRenderer(AnswerHead("i", "m", 0), include_usage=True)
    read = read_stream(render(chunks, given_batches) + chunks.fault(fault))
    assert read.error is not None
    assert read.error == json.loads(render_fault(fault).body)["error"]
    assert read.error["message"].startswith(message)
    assert (read.finish_reasons, read.is_done, read.usages) == ([], False, [])


@MANY
@given(batches)
def test_a_cut_answer_is_never_whole(given_batches: list[list[Delta]]) -> None:
    """Without `Finished` neither form has an end."""
    chunks = ChunkRenderer(AnswerHead("i", "m", 0), include_usage=True)
    folder = CompletionFolder(AnswerHead("i", "m", 0))
    sent = read_stream(render(chunks, given_batches))
    for batch in given_batches:
        folder.feed(batch)
    assert not sent.is_done
    assert sent.finish_reasons == []
    for end in (chunks.finish, folder.body):
        with pytest.raises(Fault) as caught:
            end()
        assert caught.value.kind is FaultKind.INCOMPLETE
