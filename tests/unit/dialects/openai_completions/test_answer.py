"""Completions, held against the types of OpenAI's own SDK."""

from __future__ import annotations

import json

import pytest
from openai.types import Completion

from cursor_api.dialects.openai_completions.answer import TextFolder, TextRenderer
from cursor_api.dialects.openai_completions.request import Style
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    RefusalDelta,
    StatusDelta,
    TextDelta,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.dialect import AnswerHead

HEAD = AnswerHead("1", "m", 5)
END = Finished(FinishReason.LENGTH, Usage(1, 2, UsageSource.UPSTREAM, reasoning_count=1))
SAID: list[Delta] = [
    *(StatusDelta("Reading"), ReasoningDelta("Hm."), TextDelta(" upon"), RefusalDelta(" no."), END)
]
STYLE = Style(include_usage=True, echoed=("Once",))


def test_a_text_streamed_and_whole() -> None:
    """The same text, the prompt in front where it is asked for, and the usage."""
    renderer = TextRenderer(HEAD, STYLE)
    body = renderer.render(SAID) + renderer.finish()
    *datas, done = [line[6:] for line in body.decode().split("\n\n") if line[:6] == "data: "]
    choices = [choice for data in datas for choice in json.loads(data)["choices"]]
    assert done == "[DONE]"
    assert "".join(choice["text"] for choice in choices) == "Once upon no."
    assert [choice["finish_reason"] for choice in choices] == [None, None, None, "length"]
    folder = TextFolder(HEAD, STYLE)
    folder.feed(SAID)
    whole = Completion.model_validate_json(folder.body())
    assert (whole.choices[0].text, whole.choices[0].finish_reason) == ("Once upon no.", "length")
    assert whole.usage == Completion.model_validate_json(datas[-1]).usage
    usage = json.loads(folder.body())["usage"]
    assert usage["total_tokens"] == 3
    assert usage["completion_tokens_details"] == {"reasoning_tokens": 1}
    plain = TextRenderer(HEAD, Style())
    plain.render([END])
    assert plain.finish() == b"data: [DONE]\n\n"


def test_nothing_is_whole_without_its_end() -> None:
    """Nor does anything follow it; a failure is an error event."""
    renderer, folder = TextRenderer(HEAD, Style()), TextFolder(HEAD, Style())
    for unfinished in (renderer.finish, folder.body):
        with pytest.raises(Fault, match="stopped before the end"):
            unfinished()
    renderer.render([Finished(FinishReason.STOP)])
    assert renderer.is_finished
    with pytest.raises(Fault, match="did not count"):
        renderer.finish()
    folder.feed([END])
    for going_on in (renderer.render, folder.feed):
        with pytest.raises(Fault, match="went on"):
            going_on([TextDelta("more")])
    event = renderer.fault(Fault(FaultKind.INCOMPLETE, "It stopped."))
    assert json.loads(event[6:])["error"]["message"] == "It stopped."
