"""Anthropic's request to the domain's: roles, system, limits, and what belongs elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.anthropic_messages.request import NAME, Style, ThinkingShown, parse_request
from cursor_api.domain.content import CacheMark, Message, Role, Text
from cursor_api.domain.errors import Fault
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish

HI = {"role": "user", "content": "hi"}
USER_HI = Message(Role.USER, (Text("hi"),))


def parse(limits: RequestLimits | None = None, **fields: Any) -> ParsedRequest:
    """A request with one message, and these fields."""
    body = {"model": "m", "max_tokens": 5, "messages": [HI], **fields}
    return finish(parse_request(json.dumps(body).encode(), limits or RequestLimits()))


def refuse(**fields: Any) -> tuple[str | None, str]:
    """The place and the words of the fault."""
    with pytest.raises(Fault) as caught:
        parse(**fields)
    return caught.value.param, caught.value.message


@pytest.mark.parametrize(
    ("system", "parts"),
    [
        ("Be brief.", (Text("Be brief."),)),
        (
            [
                {"type": "text", "text": "Be brief."},
                {"type": "text", "text": "Now.", "cache_control": {"type": "ephemeral"}},
            ],
            (Text("Be brief."), Text("Now.", CacheMark())),
        ),
    ],
)
def test_system_comes_first(system: object, parts: tuple[Text, ...]) -> None:
    """As text or as blocks, which keep their cache marks."""
    assert parse(system=system).chat.messages == (Message(Role.SYSTEM, parts), USER_HI)


@pytest.mark.parametrize("system", ["", [], None])
def test_an_empty_system_is_none(system: object) -> None:
    """Nobody is told nothing."""
    assert parse(system=system).chat.messages == (USER_HI,)


def test_system_stands_between_messages_too() -> None:
    """Claude Code writes it there."""
    later = {"role": "system", "content": [{"type": "text", "text": "Later."}]}
    messages = parse(messages=[HI, {"role": "assistant", "content": "yes"}, later]).chat.messages
    assert [one.role for one in messages] == [Role.USER, Role.ASSISTANT, Role.SYSTEM]
    assert messages[2].text == "Later."


def test_a_request_says_what_its_answer_needs() -> None:
    """Whether it is streamed, and what of the thinking is shown."""
    assert parse(stream=True).chat.is_stream
    assert not parse().chat.is_stream
    native = parse().chat.origin.native
    assert native is not None
    assert native.dialect == NAME
    for thinking, shown in (
        (None, ThinkingShown.NONE),
        ({"type": "disabled"}, ThinkingShown.NONE),
        ({"type": "adaptive"}, ThinkingShown.ALL),
        ({"type": "enabled", "budget_tokens": 1024, "display": "omitted"}, ThinkingShown.SEALED),
    ):
        assert parse(thinking=thinking).style == Style(shown)


def test_everything_that_clients_send_besides_is_accepted() -> None:
    """Claude Code's own fields, and those of SDKs."""
    parsed = parse(
        context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        output_config={"effort": "high"},
        metadata={"user_id": '{"session_id":"s"}'},
        service_tier="auto",
        container=None,
        betas=["x"],
    )
    assert parsed.ignored == ()
    assert parsed.chat.origin.conversation == '{"session_id":"s"}'


def test_tools_of_anthropic_s_servers_are_left_out_and_named() -> None:
    """The caller's own are not."""
    tools = [{"name": "ls", "input_schema": {}}, {"type": "web_search_20250305", "name": "w"}]
    parsed = parse(tools=tools)
    assert parsed.ignored == ("tools.1",)
    assert [tool.name for tool in parsed.chat.parameters.tools] == ["ls"]


def test_half_a_character_becomes_a_whole_one() -> None:
    """JavaScript leaves it where it cuts a text within an emoji."""
    body = rb'{"model":"m","messages":[{"role":"user","content":"a\ud83d"}]}'
    parsed = finish(parse_request(body, RequestLimits()))
    assert parsed.ignored == ("lone_surrogates",)
    assert parsed.chat.messages[0].text == "a\ufffd"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"model": "m" * 257}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": [HI] * 4}, "messages"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 4}]},
            "messages",
        ),
        ({"tools": [{"name": "ls"}] * 4}, "tools"),
    ],
)
def test_limits_are_kept(fields: dict[str, Any], param: str) -> None:
    """Each names its field."""
    with pytest.raises(Fault) as caught:
        parse(RequestLimits(messages_max=3, parts_max=3, tools_max=3), **fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param", "address"),
    [
        (
            {"messages": [{"role": "tool", "content": "x"}]},
            "messages.0.role",
            "/v1/chat/completions",
        ),
        (
            {"messages": [{"role": "developer", "content": "x"}]},
            "messages.0.role",
            "/v1/chat/completions",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            "tools.0.type",
            "/v1/chat/completions",
        ),
    ],
)
def test_a_chat_request_is_told_where_it_belongs(
    fields: dict[str, Any], param: str, address: str
) -> None:
    """As far as one can tell them apart."""
    found, message = refuse(**fields)
    assert found == param
    assert address in message


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ({"model": "m", "input": "x"}, "/v1/responses"),
        ({"model": "m", "prompt": "x"}, "/v1/completions"),
        ({"model": "m"}, "messages"),
    ],
)
def test_a_request_without_messages_is_told_where_it_belongs(
    body: dict[str, Any], address: str
) -> None:
    """By the field that it has in their place."""
    with pytest.raises(Fault) as caught:
        finish(parse_request(json.dumps(body).encode(), RequestLimits()))
    assert caught.value.param == "messages"
    assert address in caught.value.message


@pytest.mark.parametrize("role", ["moderator", "x" * 1000])
def test_an_unknown_role_is_refused(role: str) -> None:
    """In short."""
    param, message = refuse(messages=[{"role": role, "content": "x"}])
    assert param == "messages.0.role"
    assert len(message) < 200
