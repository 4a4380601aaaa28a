"""Requests for vectors: only what decides who is asked is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.openai_embeddings.request import FEATURES, NAME, parse_request
from cursor_api.domain.errors import Fault
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.surrogates import LONE_SURROGATES
from tests.steps import finish


def parse(**body: Any) -> ParsedRequest:
    """The request of a body."""
    given = json.dumps({"model": "m", "input": "Once", **body}).encode()
    return finish(parse_request(given, RequestLimits()))


@pytest.mark.parametrize("given", ["Zürich", ["a", "b"], [1, 2], [[1, 2], [3]]])
def test_the_body_goes_on_as_it_came(given: object) -> None:
    """Texts or tokens, one or many, with fields that nobody here knows."""
    body = json.dumps({"x": [1.50], "model": "m", "input": given}, ensure_ascii=False).encode()
    parsed = finish(parse_request(body, RequestLimits()))
    native, features = parsed.chat.origin.native, parsed.chat.origin.features
    assert native is not None
    assert (native.dialect, native.body, features) == (NAME, body, FEATURES)
    assert json.loads(parsed.chat.messages[0].text) == given
    assert (parsed.chat.model, parsed.chat.is_stream, parsed.ignored) == ("m", False, ())


def test_half_a_pair_is_replaced() -> None:
    """As in every request, and said so."""
    parsed = parse(input="a\ud800")
    assert parsed.ignored == (LONE_SURROGATES,)
    assert json.loads(parsed.chat.messages[0].text) == "a\ufffd"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": ""}, "model"),
        ({"model": 5}, "model"),
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"stream": True}, "stream"),
    ],
)
def test_what_is_no_request_is_refused(body: dict[str, Any], param: str) -> None:
    """By its name."""
    with pytest.raises(Fault) as caught:
        parse(**body)
    assert caught.value.param == param


def test_there_may_be_any_number_of_tokens() -> None:
    """Nobody here looks at one of them."""
    given = [[7] * 100_000] * 3
    assert json.loads(parse(input=given).chat.messages[0].text) == given
