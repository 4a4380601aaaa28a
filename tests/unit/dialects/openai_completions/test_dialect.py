"""Completions through the port that every client API has."""

from __future__ import annotations

import json

from cursor_api.dialects.openai_completions.dialect import OpenAiCompletions
from cursor_api.domain.catalog import Model
from cursor_api.domain.deltas import TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.dialect import Dialect
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish
from tests.unit.dialects.openai_completions.test_answer import END, HEAD

DIALECT: Dialect = OpenAiCompletions()


def test_a_request_comes_back_as_its_answer() -> None:
    """Streamed or whole, with OpenAI's errors and models."""
    parsed = finish(DIALECT.parse(b'{"model": "m", "prompt": "a"}', RequestLimits()))
    assert b'"text":"yes"' in DIALECT.renderer(parsed, HEAD).render([TextDelta("yes")])
    folder = DIALECT.folder(parsed, HEAD)
    folder.feed([TextDelta("yes"), END])
    assert json.loads(folder.body())["object"] == "text_completion"
    assert DIALECT.fault(Fault(FaultKind.NOT_FOUND, "Nothing here.")).status == 404
    model = Model("m", "somebody", 5)
    assert json.loads(DIALECT.models([model]))["data"] == [json.loads(DIALECT.model(model))]
