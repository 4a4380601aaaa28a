"""Deltas to chunks and to whole answers, read back with OpenAI's own strict types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from cursor_api.dialects.openai_chat.answer import (
    FINISH_REASONS,
    ChunkRenderer,
    CompletionFolder,
)
from cursor_api.dialects.openai_chat.calls import Spelling
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
from cursor_api.domain.errors import Fault, FaultKind, invalid_request
from cursor_api.ports.dialect import AnswerHead
from tests.openai_stream import ReadStream, read_answer, read_stream

USAGE = Usage(11, 7, UsageSource.ESTIMATED)
STOP = Finished(FinishReason.STOP, USAGE)
CITATION = Citation("https://example.com/?a=1&b=2", 'The "page"', 3, 9)


def renderer(*, include_usage: bool = False) -> ChunkRenderer:
    """A renderer with fixed identity."""
    return ChunkRenderer(AnswerHead("1", "gpt-4o", 1_735_000_000), include_usage=include_usage)


def stream(*batches: Sequence[Delta], include_usage: bool = False) -> ReadStream:
    """Render batches to the end and read them."""
    chunks = renderer(include_usage=include_usage)
    return read_stream(b"".join(chunks.render(batch) for batch in batches) + chunks.finish())


def fold(*batches: Sequence[Delta]) -> Any:
    """Fold batches and read the answer."""
    folder = CompletionFolder(AnswerHead("1", "gpt-4o", 1_735_000_000))
    for batch in batches:
        folder.feed(batch)
    return read_answer(folder.body())


def test_a_stream_byte_for_byte() -> None:
    """The golden form: role, text, finish reason, [DONE]; comments and events end alike."""
    chunks = renderer()
    head = (
        '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1735000000,'
        '"model":"gpt-4o","choices":[{"index":0,"delta":'
    )
    assert (
        chunks.render([TextDelta("Hé\n")]) + chunks.render([STOP]) + chunks.finish()
    ).decode() == (
        f'data: {head}{{"role":"assistant","content":""}},"finish_reason":null}}]}}\n\n'
        f'data: {head}{{"content":"Hé\\n"}},"finish_reason":null}}]}}\n\n'
        f'data: {head}{{}},"finish_reason":"stop"}}]}}\n\n'
        "data: [DONE]\n\n"
    )


def test_a_stream_has_one_identity_a_role_first_and_one_finish_reason() -> None:
    """Defect 3: role, finish_reason and a `created` that stays; [DONE] once and last."""
    read = stream([TextDelta("a"), TextDelta("b")], [TextDelta("c")], [STOP])
    assert {(c.id, c.created, c.model) for c in read.chunks} == {
        ("chatcmpl-1", 1_735_000_000, "gpt-4o")
    }
    assert [delta.get("role") for delta in read.deltas] == ["assistant", *[None] * 4]
    assert (read.text, read.finish_reasons, read.usages) == ("abc", ["stop"], [])
    assert read.is_done


def test_usage_comes_in_a_chunk_of_its_own_only_when_asked_for() -> None:
    """`choices: []` before [DONE]; the chunks before it carry null, as OpenAI's do."""
    read = stream([TextDelta("a"), STOP], include_usage=True)
    *others, last = read.chunks
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.model_dump(exclude_unset=True) == {
        "prompt_tokens": 11,
        "completion_tokens": 7,
        "total_tokens": 18,
    }
    assert all("usage" in c.model_fields_set and c.usage is None for c in others)
    plain = stream([TextDelta("a"), STOP])
    assert all("usage" not in c.model_fields_set for c in plain.chunks)


def test_reasoning_and_citations_have_fields_of_their_own() -> None:
    """`reasoning_content`, and annotations of the type url_citation; the text stays the text."""
    read = stream([ReasoningDelta("hm\n"), CitationDelta((CITATION,)), TextDelta("a"), STOP])
    assert (read.reasoning, read.text) == ("hm\n", "a")
    # After the text, all at once: OpenAI's client cannot put together two lists.
    assert "annotations" in read.deltas[-2]
    (annotation,) = read.annotations
    assert annotation["type"] == "url_citation"
    assert annotation["url_citation"] == {
        "url": CITATION.url,
        "title": CITATION.title,
        "start_index": 3,
        "end_index": 9,
    }


@pytest.mark.parametrize(
    ("message", "comments"),
    [
        ("Reading links", ["Reading links"]),
        ("", []),
        (" \n ", []),
        ('a\r\n\r\ndata: {"x":1}\n\nb', ['a data: {"x":1} b']),
        ("a\u2028\u0085\u0000\x1b[31mb\u202e", ["a [31mb"]),
        ("正在读取 🔗", ["正在读取 🔗"]),
    ],
)
def test_a_status_is_one_comment_line_whatever_it_holds(message: str, comments: list[str]) -> None:
    """An upstream cannot write events of its own through it."""
    read = stream([StatusDelta(message), TextDelta("x"), STOP])
    assert (read.comments, read.text) == (comments, "x")


NASTY = (
    'a"\\\b\f\r\n\t\x00\x1f\x7f\u0085\u2028\u2029\\u2028 </script> 你好 👩\u200d💻 \ufeff\uffff'
    " data: [DONE]\n\n"
)


def test_any_text_comes_through_unchanged_and_on_one_line() -> None:
    """Also for clients that split lines at U+2028; the reader checks that."""
    read = stream([TextDelta(NASTY), ReasoningDelta(NASTY), STOP])
    assert (read.text, read.reasoning) == (NASTY, NASTY)
    citations = stream([CitationDelta((Citation(NASTY, NASTY),)), TextDelta("x"), STOP]).annotations
    assert citations[0]["url_citation"]["title"] == NASTY
    read = read_stream(renderer().fault(Fault(FaultKind.UPSTREAM_ERROR, NASTY)))
    assert read.error is not None
    assert read.error["message"] == NASTY


def test_the_caller_s_model_and_the_id_are_escaped() -> None:
    """The model's name is the caller's own text."""
    chunks = ChunkRenderer(AnswerHead('i"d', NASTY, 5), include_usage=True)
    read = read_stream(chunks.render([TextDelta("a"), STOP]) + chunks.finish())
    assert {(c.id, c.model) for c in read.chunks} == {('chatcmpl-i"d', NASTY)}


def test_a_long_answer_is_kept_at_its_own_size() -> None:
    """Half a million small strings would take ten times the memory of their text."""
    texts = [f"{number} " for number in range(20_000)]
    folder = CompletionFolder(AnswerHead("i", "m", 0))
    for at in range(0, len(texts), 7):
        folder.feed([*map(TextDelta, texts[at : at + 7]), *map(ReasoningDelta, texts[at : at + 7])])
    assert int(repr(folder).split("=")[1].split(",")[0]) < 1_100
    folder.feed([STOP])
    message = json.loads(folder.body())["choices"][0]["message"]
    assert message["content"] == message["reasoning_content"] == "".join(texts)


@pytest.mark.parametrize("reason", FinishReason)
def test_every_finish_reason_has_openai_s_word(reason: FinishReason) -> None:
    """Total, and the same streamed and not."""
    assert set(FINISH_REASONS) == set(FinishReason)
    batch: list[Delta] = [TextDelta("a"), Finished(reason, USAGE)]
    assert stream(batch).finish_reasons == [fold(batch).choices[0].finish_reason]


def test_no_answer_ends_well_without_its_end() -> None:
    """A cut stream must never look whole: no [DONE], no body."""
    chunks = renderer()
    chunks.render([TextDelta("a")])
    folder = CompletionFolder(AnswerHead("i", "m", 0))
    folder.feed([TextDelta("a")])
    for end in (
        chunks.finish,
        folder.body,
        renderer().finish,
        CompletionFolder(AnswerHead("i", "m", 0)).body,
    ):
        with pytest.raises(Fault) as caught:
            end()
        assert caught.value.kind is FaultKind.INCOMPLETE


@pytest.mark.parametrize(
    "batches",
    [
        [[STOP], [TextDelta("b")]],
        [[STOP, TextDelta("b")]],
        [[STOP, STOP]],
        [[STOP], [STOP]],
        [[STOP, StatusDelta("b")]],
        [[STOP, TextDelta("b"), STOP]],
        [[STOP], []],
    ],
)
def test_nothing_follows_the_end(batches: list[list[Delta]]) -> None:
    """An upstream that goes on after its end is broken; the second finish reason is not sent."""
    chunks = renderer()
    folder = CompletionFolder(AnswerHead("i", "m", 0))
    for take in (chunks.render, folder.feed):
        if batches[-1] == [] and take == folder.feed:
            continue
        *before, last = batches
        for batch in before:
            take(batch)
        with pytest.raises(Fault) as caught:
            take(last)
        assert caught.value.kind is FaultKind.PROTOCOL_ERROR


def test_an_answer_without_a_count_is_a_bug_of_ours() -> None:
    """Zeros would be a lie (defect 4); the relay always counts."""
    folder = CompletionFolder(AnswerHead("i", "m", 0))
    folder.feed([Finished(FinishReason.STOP)])
    for use in (folder.body, lambda: renderer().render([Finished(FinishReason.STOP)])):
        with pytest.raises(Fault) as caught:
            use()
        assert caught.value.kind is FaultKind.INTERNAL


def test_a_failed_stream_ends_with_the_error_and_nothing_else() -> None:
    """The error object of a status, as an event; no [DONE], which would mean success."""
    chunks = renderer()
    sent = chunks.render([TextDelta("a")])
    read = read_stream(sent + chunks.fault(Fault(FaultKind.INCOMPLETE, "Cut.")))
    assert read.error == {
        "message": "Cut.",
        "type": "upstream_error",
        "param": None,
        "code": "upstream_incomplete",
    }
    assert (read.text, read.finish_reasons, read.is_done) == ("a", [], False)


def test_an_error_event_knows_pass_through_and_exact_codes() -> None:
    """As render_fault does."""
    rejected = Fault(FaultKind.CREDENTIAL_REJECTED, "Expired.")
    for fault, is_passthrough, code in (
        (rejected, False, "upstream_auth_error"),
        (rejected, True, "invalid_api_key"),
        (invalid_request("Bad.", code="invalid_type"), False, "invalid_type"),
    ):
        error = read_stream(renderer().fault(fault, is_passthrough=is_passthrough)).error
        assert error is not None
        assert error["code"] == code


def test_a_batch_without_words_is_no_write_after_the_first() -> None:
    """The role goes out with the first batch; a cleared status says nothing."""
    chunks = renderer()
    assert read_stream(chunks.render([])).deltas[0]["role"] == "assistant"
    assert chunks.render([StatusDelta("")]) == b""
    assert chunks.render([]) == b""


def test_a_whole_answer_keeps_every_space() -> None:
    """Defect 4: usage and finish reason are there, the text is not trimmed."""
    code = "\n\n    def f():\n        return 1\n\n"
    answer = fold([TextDelta(code[:9])], [StatusDelta("x"), TextDelta(code[9:])], [STOP])
    (choice,) = answer.choices
    assert (answer.id, answer.model, answer.created) == ("chatcmpl-1", "gpt-4o", 1_735_000_000)
    assert (choice.message.content, choice.finish_reason) == (code, "stop")
    assert choice.message.model_dump(exclude_unset=True) == {
        "role": "assistant",
        "content": code,
        "refusal": None,
    }
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (11, 7)
    assert answer.usage.total_tokens == 18


def test_a_whole_answer_with_reasoning_and_sources() -> None:
    """The same fields as in a stream, each only when there is something in it."""
    message = (
        fold(
            [ReasoningDelta("h"), ReasoningDelta("m")],
            [CitationDelta((CITATION, CITATION))],
            [STOP],
        )
        .choices[0]
        .message
    )
    assert message.content == ""
    assert message.reasoning_content == "hm"
    assert [a.url_citation.title for a in message.annotations] == [CITATION.title] * 2


CALL: list[Delta] = [
    ToolCallBegun(0, "c1", "ls"),
    ToolArgumentsDelta(0, '{"p":'),
    ToolArgumentsDelta(0, '"\u2028"}'),
]
CALLED = Finished(FinishReason.TOOL_CALLS, USAGE)


def test_an_answer_that_is_only_a_call() -> None:
    """Id and name once, arguments in pieces, `content: null` in the message."""
    read = stream(CALL, [CALLED])
    (call,) = read.calls
    assert call == {
        "id": "c1",
        "type": "function",
        "function": {"name": "ls", "arguments": '{"p":"\u2028"}'},
    }
    assert (read.text, read.finish_reasons) == ("", ["tool_calls"])
    (choice,) = fold(CALL, [CALLED]).choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert choice.message.model_dump(exclude_unset=True)["tool_calls"] == [call]
    assert fold([TextDelta("I look.")], CALL, [CALLED]).choices[0].message.content == "I look."


def test_a_request_with_functions_is_answered_with_a_function_call() -> None:
    """And its own finish reason; chunks and message alike."""
    head = AnswerHead("1", "gpt-4o", 1_735_000_000)
    chunks = ChunkRenderer(head, include_usage=False, spelling=Spelling(has_functions=True))
    read = read_stream(chunks.render([*CALL, CALLED]) + chunks.finish())
    pieces = [delta["function_call"] for delta in read.deltas if "function_call" in delta]
    assert pieces[0] == {"name": "ls", "arguments": ""}
    assert "".join(piece["arguments"] for piece in pieces) == '{"p":"\u2028"}'
    folder = CompletionFolder(head, Spelling(has_functions=True))
    folder.feed([*CALL, CALLED])
    (choice,) = read_answer(folder.body()).choices
    assert choice.message.function_call is not None
    assert choice.message.function_call.name == "ls"
    assert read.finish_reasons == [choice.finish_reason] == ["function_call"]


def test_a_refusal_has_a_field_of_its_own() -> None:
    """A client that waits for JSON must not take it for that."""
    batch: list[Delta] = [RefusalDelta("I can"), RefusalDelta("not."), STOP]
    assert (stream(batch).refusal, stream(batch).text) == ("I cannot.", "")
    message = fold(batch).choices[0].message
    assert (message.refusal, message.content) == ("I cannot.", None)


def test_a_seal_of_reasoning_has_no_place_here() -> None:
    """It is for the dialect whose upstream wants it back."""
    chunks = renderer()
    chunks.render([ReasoningDelta("hm")])
    assert chunks.render([ReasoningSealed("s", "r")]) == b""
    assert b"seal" not in json.dumps(fold([ReasoningSealed("seal"), STOP]).model_dump()).encode()


def test_usage_is_told_in_detail_where_there_is_some() -> None:
    """What came from the cache and what was thought; zeros are left out."""
    usage = Usage(11, 7, UsageSource.UPSTREAM, 5, 2, 3)
    batch: list[Delta] = [TextDelta("a"), Finished(FinishReason.STOP, usage)]
    (streamed,) = stream(batch, include_usage=True).usages
    assert streamed == fold(batch).usage
    assert streamed.model_dump(exclude_unset=True) == {
        "prompt_tokens": 11,
        "completion_tokens": 7,
        "total_tokens": 18,
        "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }


def test_state_can_be_read_in_a_debugger() -> None:
    """One line each; no text of the answer in it."""
    chunks = renderer()
    folder = CompletionFolder(AnswerHead("i", "m", 0))
    chunks.render([TextDelta("secret")])
    folder.feed([TextDelta("secret")])
    assert repr(chunks) == "ChunkRenderer(has_begun=True, usage=None)"
    assert repr(folder) == "CompletionFolder(pieces=1, finished=None)"
