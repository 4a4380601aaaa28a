"""An endpoint's stream, cut at every byte, as events of responses; and round trips of any text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cursor_api.dialects.openai_responses.answer import EventRenderer
from cursor_api.dialects.openai_responses.kept import recall
from cursor_api.domain.content import Message, Part, Role, Text, Thinking, ToolUse
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    ReasoningDelta,
    ReasoningSealed,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.errors import Fault
from cursor_api.transport.events import StreamDecoder
from cursor_api.upstreams.openai.answer import Reading
from cursor_api.wire.limits import RequestLimits
from tests.openai_stage import CONTEXT, DONE
from tests.steps import finish
from tests.unit.dialects.openai_responses.response_stage import (
    END,
    HEAD,
    USAGE,
    events,
    style_of,
    whole,
)
from tests.unit.upstreams.openai.test_answer import EVERYTHING

STYLE = style_of()
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=5)


def play(body: bytes) -> bytes:
    """What a caller gets of an upstream's stream that ends there."""
    decoder = StreamDecoder(Reading(CONTEXT, lambda: "call_made_up"))
    renderer = EventRenderer(HEAD, STYLE)
    out = b""
    try:
        for piece in (body, b""):
            deltas: list[Delta] = [
                Finished(one.reason, one.usage or USAGE) if isinstance(one, Finished) else one
                for one in decoder.feed(piece)
            ]
            out += renderer.render(deltas) if deltas else b""
            if renderer.is_finished:
                return out + renderer.finish()
    except Fault as fault:
        return out + renderer.fault(fault)
    raise AssertionError("it neither ended nor failed")


def test_a_cut_is_never_told_as_a_whole_answer() -> None:
    """Wherever the stream ends: `completed` where the upstream gave its reason, else `failed`."""
    stated_at = EVERYTHING.index(b'data: {"choices": [], "usage"')
    complete = events(play(EVERYTHING))[-1]["response"]["output"]
    for length in range(len(EVERYTHING) - len(DONE)):
        body = play(EVERYTHING[:length])
        is_whole = b"event: response.completed\n" in body
        assert is_whole is (length >= stated_at)
        assert is_whole is not (b"event: response.failed\n" in body)
        if length % 50 == 0:
            last = events(body)[-1]["response"]
            assert not is_whole or last["output"] == complete


@settings(max_examples=50)
@given(texts=TEXTS, thoughts=TEXTS, arguments=TEXTS)
def test_what_was_said_comes_back(
    texts: list[str], thoughts: list[str], arguments: list[str]
) -> None:
    """Any text in any pieces, read from the answer as it stands there."""
    renderer = EventRenderer(HEAD, STYLE)
    said: list[Delta] = [
        *map(ReasoningDelta, thoughts),
        ReasoningSealed("seal"),
        *map(TextDelta, texts),
        ToolCallBegun(0, "call_a", "weather"),
        *[ToolArgumentsDelta(0, text) for text in arguments],
        END,
    ]
    for delta in said:
        assert b"\r" not in renderer.render([delta])
    response = renderer.response()
    whole(response)
    parts: list[Part] = [
        Thinking("".join(thoughts), "seal"),
        *([Text("".join(texts))] if texts else []),
        ToolUse("call_a", "weather", "".join(arguments).encode()),
    ]
    assert finish(recall([response], RequestLimits())) == [Message(Role.ASSISTANT, tuple(parts))]


@pytest.mark.parametrize("ending", ["\u0085", "\u2028", "\u2029", "\n", "\r"])
def test_no_text_ends_a_line(ending: str) -> None:
    """Whatever a client takes for the end of one."""
    renderer = EventRenderer(HEAD, STYLE)
    body = renderer.render([TextDelta(f"a{ending}b"), END]) + renderer.finish()
    for line in body.decode().splitlines():
        assert not line or line.startswith(("event: ", "data: "))
        if line.startswith("data: "):
            json.loads(line[6:])
