"""Answers that go on as they came: which events do, and when several answers are whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import Finished, NativeBatch, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.events import StreamDecoder
from cursor_api.transport.refusals import FaultContext
from cursor_api.upstreams.openai.answer import Reading
from tests.openai_stage import DONE, chunk, event

USAGE = event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}})


def decoder(**how: Any) -> StreamDecoder:
    """What reads a stream that goes on as it came."""
    context = FaultContext("there", Secret("k"), lambda: 0.0)
    return StreamDecoder(Reading(context, lambda: "id", **how), is_native=True)


def further(index: int, text: str = "", reason: str | None = None) -> bytes:
    """A piece of another answer."""
    choice: dict[str, Any] = {"index": index, "delta": {"content": text}, "finish_reason": reason}
    return b"data: %b\n\n" % json.dumps({"choices": [choice]}).encode()


@pytest.mark.parametrize("is_hidden", [False, True])
def test_who_did_not_ask_for_usage_is_shown_none(*, is_hidden: bool) -> None:
    """It is counted all the same; the end mark is never passed on."""
    said = [chunk({"role": "assistant"}), chunk({"content": "a"}), chunk(finish_reason="stop")]
    batch = decoder(hides_usage=is_hidden).feed(b"".join([*said, USAGE, DONE]))
    assert isinstance(batch, NativeBatch)
    end = batch[-1]
    assert isinstance(end, Finished)
    assert end.usage is not None
    assert batch.body == b"".join([*said] if is_hidden else [*said, USAGE])


def test_several_answers_are_whole_with_the_end_mark_alone() -> None:
    """The first one's reason says nothing of the others; what they say is counted."""
    stream = [further(0, "a"), further(1, "b"), further(0, reason="stop"), further(1, "c")]
    whole = decoder(has_many=True)
    first = whole.feed(b"".join(stream))
    assert first == [TextDelta("a"), TextDelta("b"), TextDelta("c")]
    assert not whole.is_stated
    assert isinstance(whole.feed(further(1, reason="stop") + DONE)[-1], Finished)
    cut = decoder(has_many=True)
    cut.feed(b"".join(stream))
    with pytest.raises(Fault) as caught:
        cut.feed(b"")
    assert caught.value.kind is FaultKind.INCOMPLETE
