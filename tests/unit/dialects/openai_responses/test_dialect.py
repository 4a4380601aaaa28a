"""OpenAI's Responses through the port that every client API has."""

from __future__ import annotations

import json

from cursor_api.dialects.openai_responses.dialect import OpenAiResponses
from cursor_api.domain.catalog import Model
from cursor_api.domain.deltas import TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.kept import KeptPage
from cursor_api.ports.dialect import Dialect
from cursor_api.web.inference.kept import KeepingDialect
from cursor_api.web.inference.threads import KeepableAnswer
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish
from tests.unit.dialects.openai_responses.response_stage import END, HEAD, events, whole

OWN = OpenAiResponses()
DIALECT: Dialect = OWN


def test_a_request_comes_back_as_its_answer() -> None:
    """Streamed or whole; both may be kept."""
    parsed = finish(DIALECT.parse(b'{"model": "m", "input": "hi"}', RequestLimits()))
    renderer = DIALECT.renderer(parsed, HEAD)
    found = events(renderer.render([TextDelta("yes"), END]) + renderer.finish())
    folder = DIALECT.folder(parsed, HEAD)
    folder.feed([TextDelta("yes"), END])
    assert whole(folder.body()) == found[-1]["response"]
    keepable: list[KeepableAnswer] = [OWN.renderer(parsed, HEAD), OWN.folder(parsed, HEAD)]
    assert {one.id for one in keepable} == {"resp_0123"}
    assert [
        message.text for message in finish(OWN.recall([b"[]", folder.body()], RequestLimits()))
    ] == ["yes"]


def test_errors_and_models_are_openai_s() -> None:
    """As in chat completions."""
    rendered = DIALECT.fault(Fault(FaultKind.NOT_FOUND, "Nothing here."))
    assert json.loads(rendered.body)["error"]["message"] == "Nothing here."
    model = Model("m", "somebody", 5)
    assert json.loads(DIALECT.models([model]))["data"] == [json.loads(DIALECT.model(model))]


def test_its_answers_are_kept() -> None:
    """What the web needs for that."""
    assert isinstance(OWN, KeepingDialect)
    assert json.loads(OWN.deleted("resp_1"))["deleted"]
    assert json.loads(OWN.items(b"[]", KeptPage()))["data"] == []
