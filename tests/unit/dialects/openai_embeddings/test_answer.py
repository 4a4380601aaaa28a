"""Vectors reach the caller as they came."""

from __future__ import annotations

import pytest

from cursor_api.dialects.openai_embeddings.answer import VectorsFolder
from cursor_api.domain.deltas import Finished, FinishReason, NativeBatch
from cursor_api.domain.errors import Fault, FaultKind

END = Finished(FinishReason.STOP, is_stated=True)
ANSWER = NativeBatch([END], b'{"data": [1]}')


def test_the_answer_is_the_upstreams() -> None:
    """Byte for byte."""
    folder = VectorsFolder()
    folder.feed(ANSWER)
    assert folder.body() == ANSWER.body
    assert repr(folder) == "VectorsFolder(13 bytes)"


def test_nothing_is_no_answer() -> None:
    """Nor is a second one, or one without its bytes."""
    folder = VectorsFolder()
    with pytest.raises(Fault) as caught:
        folder.body()
    assert caught.value.kind is FaultKind.INCOMPLETE
    with pytest.raises(Fault) as caught:
        folder.feed([END])
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR
    folder.feed(ANSWER)
    with pytest.raises(Fault):
        folder.feed(ANSWER)
