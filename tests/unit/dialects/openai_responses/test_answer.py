"""Responses as events and as one object, held against the types of OpenAI's own SDK."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.openai_responses.answer import EventRenderer, ResponseFolder
from cursor_api.dialects.openai_responses.kept import recall
from cursor_api.domain.content import Message, Role, Text, Thinking, ToolUse
from cursor_api.domain.deltas import (
    Finished,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish
from tests.unit.dialects.openai_responses.response_stage import (
    END,
    HEAD,
    RICH,
    STYLE,
    USAGE,
    events,
    stream,
    style_of,
    whole,
)

CUSTOM = style_of(tools=[{"type": "custom", "name": "patch"}])


def test_a_text_has_the_whole_sequence() -> None:
    """Whoever reads only deltas, only whole items or only the last event has all of it."""
    found = events(stream(TextDelta("Hel"), TextDelta("lo"), END))
    assert [one["type"].removeprefix("response.") for one in found] == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.delta", "output_text.done", "content_part.done"),
        *("output_item.done", "completed"),
    ]
    assert found[6]["text"] == found[7]["part"]["text"] == "Hello"
    last = found[-1]["response"]
    assert found[8]["item"] == last["output"][0]
    assert (last["status"], last["id"]) == ("completed", "resp_0123")
    assert last["usage"] == {
        "input_tokens": 70,
        "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 2},
        "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 100,
    }


def test_one_of_everything_streamed_and_whole() -> None:
    """The deltas of an item make up the item, and the one object is that of the last event."""
    found = events(stream(*RICH, style=CUSTOM))
    output = found[-1]["response"]["output"]
    assert [item["type"] for item in output] == [
        *("reasoning", "reasoning", "message", "function_call", "custom_tool_call", "message")
    ]
    assert [one["item"] for one in found if one["type"] == "response.output_item.done"] == output
    texts: dict[str, str] = {}
    for one in found:
        if "delta" in one:
            texts[one["item_id"]] = texts.get(one["item_id"], "") + one["delta"]
    assert texts == {
        "rs_0123_0": "First this.",
        "msg_0123_2": 'Say "hi"\nin\u2028Zürich 🎉No more.',
        "fc_0123_3": '{"place": "Zürich"}',
        "ctc_0123_4": "*** Begin",
        "msg_0123_5": "Wait.",
    }
    folder = ResponseFolder(HEAD, CUSTOM)
    folder.feed(RICH)
    assert whole(folder.body()) == found[-1]["response"]


def test_an_item_ends_before_the_next_begins() -> None:
    """Some clients take every event for that of the item which was added last.

    However an upstream writes: two calls in turn, side by side, or a text within one.
    """
    a, b = ToolCallBegun(0, "call_a", "read"), ToolCallBegun(1, "call_b", "write")
    a1, a2 = ToolArgumentsDelta(0, '{"x":'), ToolArgumentsDelta(0, "1}")
    b1 = ToolArgumentsDelta(1, '{"y":2}')
    text = TextDelta("Hm.")
    for said in ((a, a1, a2, b, b1, text), (a, b, a1, b1, a2), (text, a, a1, text, a2, b, b1)):
        opened = ""
        arguments = []
        for event in events(stream(*said, END)):
            if event["type"] == "response.output_item.added":
                assert not opened
                opened = event["item"]["id"]
            elif event["type"] == "response.output_item.done":
                assert opened == event["item"]["id"]
                opened = ""
                arguments += [event["item"]["arguments"]] if "arguments" in event["item"] else []
            elif "item_id" in event:
                assert event["item_id"] == opened
        assert arguments == ['{"x":1}', '{"y":2}']


def test_what_was_said_is_read_back() -> None:
    """The output of an answer, sent back as input, is what the model said."""
    renderer = EventRenderer(HEAD, STYLE)
    renderer.render(RICH)
    assert finish(recall([renderer.response()], RequestLimits())) == [
        Message(
            Role.ASSISTANT,
            (
                Thinking("First this.", "c2VhbA=="),
                Thinking("aGlkZGVu", is_redacted=True),
                Text('Say "hi"\nin\u2028Zürich 🎉'),
                Text("No more.", is_refusal=True),
                ToolUse("call_a", "weather", '{"place": "Zürich"}'.encode()),
                ToolUse("call_b", "patch", b"*** Begin"),
                Text("Wait."),
            ),
        )
    ]


@pytest.mark.parametrize(
    ("reason", "why"),
    [(FinishReason.LENGTH, "max_output_tokens"), (FinishReason.REFUSED, "content_filter")],
)
def test_an_answer_that_was_cut_is_incomplete(reason: FinishReason, why: str) -> None:
    """With what there is of it, and its usage."""
    found = events(stream(TextDelta("Hel"), Finished(reason, USAGE)))
    last = found[-1]["response"]
    assert (found[-1]["type"], last["status"]) == ("response.incomplete", "incomplete")
    assert last["incomplete_details"] == {"reason": why}
    assert last["output"][0]["status"] == "incomplete"


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_failure_ends_the_stream(has_begun: bool) -> None:  # noqa: FBT001
    """After what was said, or in place of it: `response.failed`, and never `completed`."""
    renderer = EventRenderer(HEAD, style_of())
    body = renderer.render([TextDelta("Hel")]) if has_begun else b""
    body += renderer.fault(Fault(FaultKind.RATE_LIMITED, "Not so fast.", retry_after_s=3600))
    found = events(body)
    assert [found[0]["type"], found[-1]["type"]] == ["response.created", "response.failed"]
    error = found[-1]["response"]["error"]
    assert error["code"] == "rate_limit_exceeded"
    assert error["message"] == "Not so fast. The upstream asks for a wait of 1 h."


def test_nothing_is_whole_before_its_end() -> None:
    """A cut answer raises, streamed or not; what follows an end does as well."""
    renderer = EventRenderer(HEAD, STYLE)
    renderer.render([ReasoningDelta("Hm")])
    assert not renderer.is_finished
    with pytest.raises(Fault, match="stopped before the end"):
        renderer.finish()
    with pytest.raises(Fault, match="stopped before the end"):
        ResponseFolder(HEAD, STYLE).body()
    renderer.render([END])
    with pytest.raises(Fault, match="went on after the end"):
        renderer.render([TextDelta("more")])
    with pytest.raises(Fault, match="never made"):
        EventRenderer(HEAD, STYLE).render([ToolArgumentsDelta(0, "{}")])
    with pytest.raises(Fault, match="did not count"):
        stream(Finished(FinishReason.STOP))


def test_an_answer_of_nothing_is_whole() -> None:
    """An upstream may state an end without a word."""
    assert events(stream(END))[-1]["response"]["output"] == []


def test_its_texts_are_kept_once() -> None:
    """Long ones in pieces of some size, which takes no more memory than they are long."""
    renderer = EventRenderer(HEAD, STYLE)
    text = "".join(f"word {number} " for number in range(3_000))
    for word in text.split(" ")[:-1]:
        renderer.render([TextDelta(f"{word} ")])
    renderer.render([END])
    assert json.loads(renderer.response())["output"][0]["content"][0]["text"] == text
