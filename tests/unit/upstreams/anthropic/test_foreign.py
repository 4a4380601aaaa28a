"""A refusal by another vendor's server, explained to the caller."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.anthropic_messages.request import NAME, parse_request
from cursor_api.domain.chat import ChatRequest, Native, Origin
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.anthropic.foreign import NAMES_MAX, explain
from cursor_api.wire.limits import RequestLimits
from tests.anthropic_stage import REQUEST, ask, upstream
from tests.scripted_server import Turn
from tests.steps import finish

SEARCH = {"type": "web_search_20250305", "name": "web_search"}
OWN = {"name": "f", "input_schema": {"type": "object"}}
FORM = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
SAID = "invalid params, function name or parameters is empty (2013)"


def asked(**fields: Any) -> ChatRequest:
    """A request of the same client API."""
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    return finish(parse_request(json.dumps(body | fields).encode(), RequestLimits())).chat


def refused() -> Fault:
    """What such a server says."""
    fault = Fault(FaultKind.INVALID_REQUEST, f"far refuses the request: {SAID}")
    fault.quoted = SAID
    return fault


async def test_a_refusal_names_what_only_anthropic_is_known_to_take() -> None:
    """The vendor's own words stay at the end, where they are known for the caller's alone."""

    async def refuse(turn: Turn) -> None:
        error = {"type": "bad_request_error", "message": SAID, "http_code": "400"}
        body = json.dumps({"type": "error", "error": error}).encode()
        await turn.answer(body, 400, content_type="application/json")

    async with upstream(refuse) as (chat, _):
        with pytest.raises(Fault) as caught:
            await ask(chat, asked(tools=[OWN, SEARCH], output_config=FORM))
        fault = caught.value
        assert (fault.kind, fault.param) == (FaultKind.INVALID_REQUEST, "tools.1")
        assert fault.message == (
            "Only Anthropic's own servers are known to take tools.1 (web_search_20250305),"
            f" output_config.format. somewhere refuses the request: {SAID}"
        )
        assert fault.message.endswith(fault.quoted)
        assert SAID not in fault.kept_message
        with pytest.raises(Fault) as caught:
            await ask(chat, asked(tools=[OWN]))
        assert caught.value.message == f"somewhere refuses the request: {SAID}"


async def test_any_other_end_stays_what_it_is() -> None:
    """A wrong key has nothing to do with the fields."""

    async def refuse(turn: Turn) -> None:
        await turn.answer(b"{}", 401, content_type="application/json")

    async with upstream(refuse) as (chat, _):
        with pytest.raises(Fault) as caught:
            await ask(chat, asked(tools=[SEARCH]))
    assert caught.value.kind is FaultKind.CREDENTIAL_REJECTED
    assert "Anthropic" not in caught.value.message


def test_of_a_word_of_the_caller_s_own_only_the_place_is_told() -> None:
    """What is kept and logged holds nothing that he may have written; nor is it without end."""
    tools = [{"type": "my secret", "name": "x"}] * (NAMES_MAX + 2)
    fault = explain(refused(), asked(tools=tools))
    assert fault.kept_message.startswith(
        "Only Anthropic's own servers are known to take tools.0, tools.1, tools.2, tools.3, tools.4"
    )
    assert "secret" not in fault.message
    assert "tools.5" not in fault.message


@pytest.mark.parametrize("body", [b"", b"[" * 9, b'{"tools": [3]}', b'{"tools": "x"}'])
def test_a_body_that_cannot_be_read_explains_nothing(body: bytes) -> None:
    """The refusal is told as it is."""
    request = ChatRequest("m", REQUEST.messages, origin=Origin(Native(NAME, body)))
    fault = refused()
    assert explain(fault, request) is fault
