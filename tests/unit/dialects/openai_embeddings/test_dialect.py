"""Embeddings through the port that every client API has."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.openai_embeddings.dialect import OpenAiEmbeddings
from cursor_api.domain.catalog import Model
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.dialect import AnswerHead, Dialect
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish
from tests.unit.dialects.openai_embeddings.test_answer import ANSWER

DIALECT: Dialect = OpenAiEmbeddings()
HEAD = AnswerHead("1", "m", 5)


def test_a_request_comes_back_as_its_answer() -> None:
    """Whole, never streamed, with OpenAI's errors and models."""
    parsed = finish(DIALECT.parse(b'{"model": "m", "input": "a"}', RequestLimits()))
    folder = DIALECT.folder(parsed, HEAD)
    folder.feed(ANSWER)
    assert folder.body() == ANSWER.body
    with pytest.raises(Fault):
        DIALECT.renderer(parsed, HEAD)
    assert DIALECT.fault(Fault(FaultKind.NOT_FOUND, "Nothing here.")).status == 404
    model = Model("m", "somebody", 5)
    assert json.loads(DIALECT.models([model]))["data"] == [json.loads(DIALECT.model(model))]
