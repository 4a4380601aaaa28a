"""Any answer, put together by the vendors' own clients from a stream, is the whole answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from openai import omit
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from cursor_api.dialects.anthropic_messages.answer import MessageRenderer
from cursor_api.dialects.anthropic_messages.request import ThinkingShown
from cursor_api.dialects.anthropic_messages.whole import MessageFolder
from cursor_api.dialects.openai_chat.answer import ChunkRenderer, CompletionFolder
from cursor_api.dialects.openai_responses.answer import EventRenderer, ResponseFolder
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
from cursor_api.ports.dialect import AnswerFolder, AnswerHead, StreamRenderer
from tests.examples import examples
from tests.unit.dialects.openai_responses.response_stage import style_of

# No deadline: a busy machine is no failure.
SOME = examples(100)
HEAD = AnswerHead("abc", "m", 1_735_000_000)
MESSAGE_EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
RESPONSE_EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
citations = st.builds(Citation, texts, texts, st.integers(0, 9), st.integers(0, 9))
said = (
    st.builds(TextDelta, texts)
    | st.builds(ReasoningDelta, texts)
    | st.builds(RefusalDelta, texts)
    | st.builds(ReasoningSealed, texts)
    | st.builds(ReasoningSealed, st.just(""), texts)
    | st.builds(CitationDelta, st.tuples(citations))
    | st.just(StatusDelta("Reading"))
)
arguments = st.dictionaries(texts, texts, max_size=3).map(json.dumps)


@st.composite
def ends(draw: st.DrawFn, reasons: Sequence[FinishReason]) -> Finished:
    """The end of an answer, with counts that hold together."""
    asked, told = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))
    read = draw(st.integers(0, asked))
    written, thought = draw(st.integers(0, asked - read)), draw(st.integers(0, told))
    usage = Usage(asked, told, UsageSource.UPSTREAM, read, written, thought)
    return Finished(draw(st.sampled_from(reasons)), usage, is_stated=True)


@st.composite
def answers(draw: st.DrawFn, reasons: Sequence[FinishReason] = tuple(FinishReason)) -> list[Delta]:
    """Calls side by side, in pieces, with anything said between them and within them."""
    queues: list[list[Delta]] = [draw(st.lists(said, max_size=8))]
    for call in range(draw(st.integers(0, 3))):
        whole = draw(arguments)
        middle = draw(st.integers(1, len(whole)))
        pieces = [ToolArgumentsDelta(call, one) for one in (whole[:middle], whole[middle:]) if one]
        queues.append([ToolCallBegun(call, f"call_{call}", f"tool{call}"), *pieces])
    found: list[Delta] = []
    while left := [queue for queue in queues if queue]:
        # Calls begin in the order of their numbers.
        begun = [one for one in left if not isinstance(one[0], ToolCallBegun)]
        waiting = [one for one in left if isinstance(one[0], ToolCallBegun)]
        found.append(draw(st.sampled_from([*begun, *waiting[:1]])).pop(0))
    return [*found, draw(ends(reasons))]


def events(renderer: StreamRenderer, deltas: Sequence[Delta]) -> Iterator[Any]:
    """What a client gets of a stream, each delta a write of its own."""
    body = b"".join([renderer.render([delta]) for delta in deltas]) + renderer.finish()
    for line in body.decode().split("\n"):
        if line.startswith("data: {"):
            yield json.loads(line[6:])


def fold(folder: AnswerFolder, deltas: Sequence[Delta]) -> bytes:
    """The same in one piece."""
    for delta in deltas:
        folder.feed([delta])
    return folder.body()


def plain(value: Any) -> Any:
    """Without what is null: a client sees no difference."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if one is not None}
    return [plain(one) for one in value] if isinstance(value, list) else value


@SOME
@given(answers(), st.sampled_from(ThinkingShown))
def test_anthropic_s_client_puts_a_message_together(
    deltas: list[Delta], thinking: ThinkingShown
) -> None:
    """The same blocks in the same order, whatever was said within a call."""
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for event in events(MessageRenderer(HEAD, thinking=thinking), deltas):
        read = MESSAGE_EVENT.validate_python(event, strict=True)
        snapshot = accumulate_event(event=read, current_snapshot=snapshot, json_bufs=buffers)
    body = fold(MessageFolder(HEAD, thinking=thinking), deltas)
    whole = Message.model_validate_json(body, strict=True)
    assert plain(snapshot.to_dict()) == plain(whole.to_dict())


@SOME
@given(answers())
def test_openai_s_client_puts_a_response_together(deltas: list[Delta]) -> None:
    """The last event has the whole answer, and every other one fits it."""
    style = style_of()
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    last: Any = None
    for event in events(EventRenderer(HEAD, style), deltas):
        for read in state.handle_event(RESPONSE_EVENT.validate_python(event, strict=True)):
            last = read
    body = fold(ResponseFolder(HEAD, style), deltas)
    whole = Response.model_validate_json(body, strict=True)
    assert plain(json.loads(last.response.to_json())) == plain(json.loads(whole.to_json()))


@SOME
# The client gives no answer that was cut or refused.
@given(answers((FinishReason.STOP, FinishReason.TOOL_CALLS)))
def test_openai_s_client_puts_a_completion_together(deltas: list[Delta]) -> None:
    """Sources too, of which it takes one list."""
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState()
    for event in events(ChunkRenderer(HEAD, include_usage=True), deltas):
        state.handle_chunk(ChatCompletionChunk.model_validate(event, strict=True))
    body = fold(CompletionFolder(HEAD), deltas)
    whole = ChatCompletion.model_validate_json(body, strict=True)
    found = [plain(one.to_dict()) for one in (state.get_final_completion(), whole)]
    for one in found:
        message = one["choices"][0]["message"]
        # An answer without a text has null in the one and "" in the other.
        message["content"] = message.get("content", "")
        for call in message.get("tool_calls", ()):
            # The client's own.
            call.pop("index", None)
            call["function"].pop("parsed_arguments", None)
        del one["object"]
    assert found[0] == found[1]
