"""Bodies of other client APIs at the address of chat completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.openai_chat.dialect import OpenAiChat
from cursor_api.dialects.openai_chat.request import Style
from cursor_api.domain.errors import Fault
from cursor_api.installed import DIALECTS
from cursor_api.ports.dialect import Dialect, ParsedRequest
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish

CHAT: Dialect = DIALECTS[0]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def parse(dialect: Dialect = CHAT, **body: Any) -> ParsedRequest:
    """What the dialect makes of a body."""
    given = json.dumps({"model": "m", **body}).encode()
    return finish(dialect.parse(given, RequestLimits()))


def test_a_body_of_responses_is_answered_as_chat() -> None:
    """As Cursor's own editor sends it: input, and tools in either spelling."""
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    parsed = parse(input=asked, tools=[TOOL], stream=True, stream_options={"include_usage": True})
    assert [message.text for message in parsed.chat.messages] == ["Be brief.", "hi"]
    assert parsed.chat.parameters.tools[0].name == "look"
    assert parsed.style == Style(include_usage=True)
    assert parsed.thread is None


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "messages"),
        ({"stream_options": 5}, "stream_options"),
        ({"input": [5]}, "input[0]"),
        ({"input": "a", "previous_response_id": "resp_1"}, "previous_response_id"),
        ({"messages": [{"role": "user", "content": "a"}], "system": "b"}, "system"),
        ({"messages": [{"role": "user", "content": "a"}], "system": [{"text": "b"}]}, "system"),
    ],
)
def test_whatever_else_is_refused_with_its_place(body: dict[str, Any], param: str) -> None:
    """Anthropic's bodies with the address that wants them."""
    with pytest.raises(Fault) as caught:
        parse(**body)
    assert caught.value.param == param
    assert param != "system" or "/v1/messages" in caught.value.message


def test_alone_the_dialect_reads_its_own() -> None:
    """Another one is given to it."""
    with pytest.raises(Fault) as caught:
        parse(OpenAiChat(), input="hi")
    assert caught.value.param == "messages"
