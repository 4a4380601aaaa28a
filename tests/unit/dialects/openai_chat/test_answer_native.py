"""An answer of this dialect that goes on as it came."""

from __future__ import annotations

import pytest

from cursor_api.dialects.openai_chat.answer import ChunkRenderer, CompletionFolder
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    NativeBatch,
    TextDelta,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.dialect import AnswerHead

HEAD = AnswerHead("1", "m", 1)
HELLO: list[Delta] = [TextDelta("Hello")]


def end(source: UsageSource) -> list[Delta]:
    """The end of an answer that somebody has counted."""
    return [Finished(FinishReason.STOP, Usage(3, 1, source))]


def test_events_are_written_as_they_came_up_to_the_end() -> None:
    """No role and no reason is added; only the end mark is ours."""
    chunks = ChunkRenderer(HEAD, include_usage=False)
    assert chunks.render(NativeBatch(HELLO, b"data: theirs\n\n")) == b"data: theirs\n\n"
    assert not chunks.is_finished
    assert chunks.render(NativeBatch(end(UsageSource.UPSTREAM), b"data: last\n\n")) == (
        b"data: last\n\n"
    )
    assert chunks.finish() == b"data: [DONE]\n\n"
    with pytest.raises(Fault) as caught:
        chunks.render(NativeBatch(HELLO, b"data: more\n\n"))
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


@pytest.mark.parametrize("source", UsageSource)
def test_usage_is_added_only_where_the_upstream_gave_none(source: UsageSource) -> None:
    """Its own is among its events, with details that are its own too."""
    chunks = ChunkRenderer(HEAD, include_usage=True)
    chunks.render(NativeBatch(end(source), b"data: last\n\n"))
    has_ours = b'"usage"' in chunks.finish()
    assert has_ours is (source is UsageSource.ESTIMATED)


def test_a_body_is_answered_as_it_came() -> None:
    """Whatever else is in it; but not before it is whole."""
    folder = CompletionFolder(HEAD)
    with pytest.raises(Fault) as caught:
        folder.body()
    assert caught.value.kind is FaultKind.INCOMPLETE
    folder.feed(NativeBatch([*HELLO, *end(UsageSource.UPSTREAM)], b'{"x": 1}'))
    assert folder.body() == b'{"x": 1}'
