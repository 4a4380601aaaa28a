"""Completions of a text, as a question to a chat model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.openai_completions.request import Style, parse_request
from cursor_api.domain.chat import Sampling
from cursor_api.domain.errors import Fault
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish


def parse(**body: Any) -> ParsedRequest:
    """The request of a body."""
    given = json.dumps({"model": "m", "prompt": "Once", **body}).encode()
    return finish(parse_request(given, RequestLimits()))


def test_a_text_is_asked() -> None:
    """Alone or as a list of one; with what belongs to its sampling."""
    parsed = parse(prompt=["Once"], stream=True, stop="\n", max_tokens=5, temperature=0, n=1)
    assert [message.text for message in parsed.chat.messages] == ["Once"]
    assert parsed.chat.is_stream
    assert parsed.chat.parameters.sampling == Sampling(
        temperature=0.0, output_count_max=5, stop=("\n",)
    )
    assert [one.param for one in parsed.chat.origin.features] == [
        *("max_tokens", "stop", "temperature")
    ]
    assert parse(stop=["a", "b"]).chat.parameters.sampling.stop == ("a", "b")
    (bias,) = parse(logit_bias={"50256": -100}).chat.origin.features
    assert (bias.param, parse(logit_bias={}).chat.origin.features) == ("logit_bias", ())
    assert parse(echo=True).style == Style(echoed=("Once",))
    assert parse(stream_options={"include_usage": True}).style == Style(include_usage=True)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"suffix": "end"}, "suffix"),
        ({"logprobs": 3}, "logprobs"),
        ({"n": 2}, "n"),
        ({"best_of": 2}, "best_of"),
        ({"model": ""}, "model"),
        ({"echo": "yes"}, "echo"),
    ],
)
def test_what_a_chat_model_cannot_do_is_refused(body: dict[str, Any], param: str) -> None:
    """By its name."""
    with pytest.raises(Fault) as caught:
        parse(**body)
    assert caught.value.param == param


def test_no_prompt_and_halves_of_characters() -> None:
    """The one is missed, the others are replaced."""
    with pytest.raises(Fault, match="/v1/chat/completions"):
        finish(parse_request(b'{"model": "m", "messages": []}', RequestLimits()))
    with pytest.raises(Fault, match="not valid JSON"):
        finish(parse_request(b'{"model', RequestLimits()))
    parsed = finish(parse_request(rb'{"model": "m", "prompt": "a\ud83c"}', RequestLimits()))
    assert parsed.ignored == ("lone_surrogates",)
