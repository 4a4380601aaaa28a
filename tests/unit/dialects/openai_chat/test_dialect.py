"""OpenAI's chat completions through the port that every client API has."""

from __future__ import annotations

import json

from cursor_api.dialects.openai_chat.dialect import OpenAiChat
from cursor_api.domain.deltas import Finished, FinishReason, TextDelta, Usage, UsageSource
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.dialect import AnswerHead, Dialect
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish

DIALECT: Dialect = OpenAiChat()
HEAD = AnswerHead("1", "m", 5)
END = Finished(FinishReason.STOP, Usage(1, 2, UsageSource.UPSTREAM))


def test_a_request_comes_back_as_its_answer() -> None:
    """What was parsed tells how the answer is written, streamed or whole."""
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream_options": {"include_usage": True},
    }
    parsed = finish(DIALECT.parse(json.dumps(body).encode(), RequestLimits()))
    renderer = DIALECT.renderer(parsed, HEAD)
    streamed = renderer.render([TextDelta("yes"), END])
    assert renderer.is_finished
    assert b'"content":"yes"' in streamed
    assert b'"choices":[],"usage":{' in renderer.finish()
    folder = DIALECT.folder(parsed, HEAD)
    folder.feed([TextDelta("yes"), END])
    assert json.loads(folder.body())["choices"][0]["message"]["content"] == "yes"


def test_a_fault_is_openai_s_error_object() -> None:
    """Before an answer."""
    rendered = DIALECT.fault(Fault(FaultKind.NOT_FOUND, "Nothing here."))
    assert rendered.status == 404
    assert json.loads(rendered.body)["error"]["message"] == "Nothing here."
