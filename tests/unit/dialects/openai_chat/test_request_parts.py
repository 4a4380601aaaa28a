"""What messages may hold beside text and images, and what is kept of the body itself."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.openai_chat.calls import Spelling
from cursor_api.dialects.openai_chat.request import IGNORED_MAX, Style, parse_request
from cursor_api.domain.chat import Native, Tool
from cursor_api.domain.content import (
    CacheMark,
    Image,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.features import NEEDED
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish

MARK = {"type": "ephemeral"}
PIXEL = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def parse(*messages: object, **fields: object) -> ParsedRequest:
    """Parse a request of these messages."""
    body = json.dumps({"model": "gpt-4o", "messages": messages, **fields}).encode()
    return finish(parse_request(body, RequestLimits()))


def parts_of(message: object) -> tuple[Part, ...]:
    """What one message says."""
    return parse(message).chat.messages[0].parts


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_comes_before_what_was_said(name: str) -> None:
    """In the spelling of either vendor; of two the first counts."""
    call = {"id": "c", "function": {"name": "ls", "arguments": "{}"}}
    message = {"role": "assistant", "content": "I look.", "tool_calls": [call], name: "hm"}
    assert parts_of(message) == (Thinking("hm"), Text("I look."), ToolUse("c", "ls", b"{}"))
    both = {"role": "assistant", "reasoning_content": "a", "reasoning": "b"}
    assert parts_of(both) == (Thinking("a"),)


@pytest.mark.parametrize("value", [None, "", 5, ["a"], {"effort": "high"}])
def test_reasoning_that_is_no_text_says_nothing(value: object) -> None:
    """Nor does anybody's but the assistant's."""
    assert parts_of({"role": "assistant", "content": "a", "reasoning": value}) == (Text("a"),)
    assert parts_of({"role": "user", "content": "a", "reasoning": "hm"}) == (Text("a"),)


UNKNOWN = [
    {"type": "thinking", "thinking": "hm", "signature": "s"},
    {"type": "redacted_thinking", "data": "x"},
    {"type": "reasoning", "summary": []},
    {"type": "tool_use", "id": "t", "name": "f", "input": {}},
    {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
]


@pytest.mark.parametrize("part", UNKNOWN)
@pytest.mark.parametrize("role", ["user", "assistant", "system"])
def test_a_part_of_an_unknown_type_in_history_is_left_out_and_named(
    part: object, role: str
) -> None:
    """Another gateway, or another model, has put it there; no client takes it out again."""
    said = {"role": role, "content": [part, {"type": "text", "text": "a"}]}
    parsed = parse(said, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"})
    assert parsed.ignored == ("messages[0].content[0]",)
    assert [message.parts for message in parsed.chat.messages] == [
        (Text("a"),),
        (Text("b"),),
        (Text("c"),),
    ]


@pytest.mark.parametrize("part", UNKNOWN)
def test_a_part_of_an_unknown_type_in_the_question_is_needed(part: object) -> None:
    """Without it the model would answer a question nobody asked: no other upstream is asked."""
    answered = {"role": "assistant", "content": [part]}
    for role in ("user", "tool"):
        features = parse(answered, {"role": role, "content": [part]}).chat.origin.features
        assert [one.param for one in features] == ["messages[1].content[0].type"]
        assert {one.feature for one in features} <= NEEDED


def test_the_names_of_what_was_left_out_are_few() -> None:
    """They travel in one header, in which twenty are enough."""
    said = {"role": "assistant", "content": [UNKNOWN[0]] * 1000}
    assert len(parse(said, {"role": "user", "content": "a"}).ignored) == IGNORED_MAX


def test_a_byte_order_mark_in_front_of_a_request_is_passed_over() -> None:
    """Programs of Windows write one; an upstream of this dialect does not see it either."""
    body = b'{"model":"m","messages":[{"role":"user","content":"a"}]}'
    parsed = finish(parse_request(b"\xef\xbb\xbf" + body, RequestLimits()))
    assert parsed.chat.origin.native == Native("openai_chat", body, wants_usage=False)
    assert parsed.ignored == ()


def test_a_refusal_is_known_as_one() -> None:
    """As a part, and beside a message without content."""
    part = {"type": "refusal", "refusal": "No."}
    expected = (Text("No.", is_refusal=True),)
    assert parts_of({"role": "assistant", "content": [part]}) == expected
    assert parts_of({"role": "assistant", "refusal": "No."}) == expected


def test_a_result_may_hold_images() -> None:
    """Between its texts."""
    content = [{"type": "text", "text": "a"}, PIXEL, {"type": "text", "text": "b"}]
    result = parts_of({"role": "tool", "tool_call_id": "c", "content": content})
    assert result == (ToolResult("c", (Text("a"), Image(b"hi", "image/png"), Text("b"))),)


def test_a_cache_mark_stands_on_what_it_was_put_on() -> None:
    """A part, a call, or a whole message, which means the last that it says."""
    text = {"type": "text", "text": "a"}
    marked = CacheMark()
    assert parts_of({"role": "user", "content": [text | {"cache_control": MARK}, text]}) == (
        Text("a", marked),
        Text("a"),
    )
    assert parts_of({"role": "user", "content": [text, text], "cache_control": MARK}) == (
        Text("a"),
        Text("a", marked),
    )
    assert parts_of({"role": "system", "content": "a", "cache_control": MARK | {"ttl": "1h"}}) == (
        Text("a", CacheMark(3600)),
    )
    assert parts_of({"role": "user", "content": [PIXEL | {"cache_control": MARK}]}) == (
        Image(b"hi", "image/png", cache=marked),
    )
    assert parts_of({"role": "tool", "content": "a", "cache_control": MARK}) == (
        ToolResult("", (Text("a"),), cache=marked),
    )
    call = {"id": "c", "function": {"name": "ls"}, "cache_control": MARK}
    assert parts_of({"role": "assistant", "tool_calls": [call]}) == (
        ToolUse("c", "ls", b"", marked),
    )


@pytest.mark.parametrize("value", [None, 5, "ephemeral", [], {}, {"type": "other"}])
def test_a_mark_of_no_known_form_is_none(value: object) -> None:
    """Null above all: it was skipped before."""
    part = {"type": "text", "text": "a", "cache_control": value}
    assert parts_of({"role": "user", "content": [part], "cache_control": value}) == (Text("a"),)
    assert parts_of({"role": "user", "content": None, "cache_control": value}) == ()
    thinking = {"role": "assistant", "reasoning": "hm", "cache_control": MARK}
    assert parts_of(thinking) == (Thinking("hm"),)


def test_the_body_is_kept_as_it_came_and_not_copied() -> None:
    """For an upstream of the same dialect; all that is asked is read from it on demand."""
    body = b'{"model":"m","messages":[{"role":"user"}],"tools":[{"function":{"name":"ls"}}]}'
    chat = finish(parse_request(body, RequestLimits())).chat
    assert chat.origin.native == Native("openai_chat", body, wants_usage=False)
    assert chat.origin.native is not None
    assert chat.origin.native.body is body
    assert [tool.name for tool in chat.parameters.tools] == ["ls"]
    assert isinstance(chat.parameters.tools[0], Tool)
    assert chat.messages == (Message(Role.USER, ()),)


@pytest.mark.parametrize(
    ("functions", "expected"), [([{"name": "f"}], True), (None, False), ({}, False), ("f", False)]
)
def test_who_asks_with_functions_is_answered_with_functions(
    functions: object,
    expected: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    """The spelling before `tools`."""
    spelling = Spelling(has_functions=expected)
    assert parse({"role": "user"}, functions=functions).style == Style(calls=spelling)


@pytest.mark.parametrize("is_long", [False, True])
def test_who_asks_with_custom_tools_is_answered_with_their_calls(*, is_long: bool) -> None:
    """By their names; most requests have functions alone, and one style for all."""
    tools = [
        {"type": "function", "function": {"name": "f", "description": "x" * is_long * 90_000}},
        {"type": "custom", "custom": {"name": "sh"}},
    ]
    style = parse({"role": "user"}, tools=tools).style
    assert style == Style(calls=Spelling(custom=frozenset({"sh"})))
    assert parse({"role": "user"}, tools=tools[:1]).style == Style()
