"""What real clients send, as the domain sees it; and what no client should send."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from cursor_api.dialects.openai_chat.calls import PLAIN
from cursor_api.dialects.openai_chat.decode import decode_chat
from cursor_api.dialects.openai_chat.request import Style, parse_request
from cursor_api.domain.content import (
    Image,
    LinkedImage,
    Message,
    Role,
    Text,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.errors import Fault
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.json_bounds import JsonLimits
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.work_units import STEP_UNITS
from tests.steps import count_steps, finish

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)


def whole(body: bytes, limits: RequestLimits) -> ParsedRequest:
    """A body parsed without a pause."""
    return finish(parse_request(body, limits))


def parse(messages: object, **fields: object) -> ParsedRequest:
    """Parse a request with these messages, under the default limits."""
    body = json.dumps({"model": "gpt-4o", "messages": messages, **fields})
    return whole(body.encode(), RequestLimits())


def parse_one(message: Mapping[str, object]) -> Message:
    """Parse a request of one message."""
    (parsed,) = parse([message]).chat.messages
    return parsed


def refusal(messages: object, **fields: object) -> Fault:
    """The fault such a request leads to."""
    with pytest.raises(Fault) as caught:
        parse(messages, **fields)
    return caught.value


HI = [{"role": "user", "content": "hi"}]


def test_the_smallest_request() -> None:
    """Model and one message; not streamed, no usage chunk."""
    parsed = parse(HI)
    assert parsed.chat.model == "gpt-4o"
    assert parsed.chat.messages == (Message(Role.USER, (Text("hi"),)),)
    assert not parsed.chat.is_stream
    assert parsed.style == Style(include_usage=False, calls=PLAIN)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("system", Role.SYSTEM),
        ("developer", Role.SYSTEM),
        ("user", Role.USER),
        ("assistant", Role.ASSISTANT),
        ("tool", Role.USER),
        ("function", Role.USER),
    ],
)
@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"content": "a\n  b "}, "a\n  b "),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": " b"}]}, "a b"),
        ({"content": [{"type": "input_text", "text": "a"}]}, "a"),
        ({"content": [{"type": "output_text", "text": "a", "annotations": []}]}, "a"),
        ({"content": [{"type": "refusal", "refusal": "no"}]}, "no"),
        ({"content": []}, ""),
        ({"content": ""}, ""),
        ({"content": None}, ""),
        ({}, ""),
    ],
    ids=range(9),
)
def test_every_role_takes_content_in_every_spelling(
    role: str, expected: Role, content: dict[str, object], text: str
) -> None:
    """String, parts, null, absent: nothing is trimmed, no role is refused (defect 5)."""
    message = parse_one({"role": role, **content})
    assert (message.role, message.text) == (expected, text)
    is_result = role in {"tool", "function"}
    assert [type(part) is ToolResult for part in message.parts[:1]] == [is_result] * bool(
        is_result or text
    )


def test_system_messages_stand_wherever_the_client_put_them() -> None:
    """Several, and not first: order is kept."""
    parsed = parse(
        [
            *HI,
            {"role": "system", "content": "one"},
            {"role": "developer", "content": [{"type": "text", "text": "two"}]},
        ]
    )
    assert [(m.role, m.text) for m in parsed.chat.messages] == [
        (Role.USER, "hi"),
        (Role.SYSTEM, "one"),
        (Role.SYSTEM, "two"),
    ]


def test_an_agent_s_history_of_tool_calls() -> None:
    """Null content with calls, their results by id; custom calls and objects as arguments."""
    calls = [
        {"id": "c1", "type": "function", "function": {"name": "ls", "arguments": '{"p": "."}'}},
        {"id": "c2", "type": "custom", "custom": {"name": "sh", "input": "echo hi"}},
        {"function": {"arguments": {"a": 1}}},
        {"id": "c4", "function": None},
        {"id": "c5", "custom": {}},
    ]
    parsed = parse(
        [
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "a.py"}]},
            {"role": "assistant", "content": "", "tool_calls": []},
        ]
    )
    asked, result, nothing = parsed.chat.messages
    assert asked.parts == (
        ToolUse("c1", "ls", b'{"p": "."}'),
        ToolUse("c2", "sh", b"echo hi"),
        ToolUse("", "", b'{"a": 1}'),
        ToolUse("c4", "", b""),
        ToolUse("c5", "", b""),
    )
    assert result == Message(Role.USER, (ToolResult("c1", (Text("a.py"),)),))
    assert nothing.parts == ()


def test_the_spelling_before_tools_pairs_call_and_result_by_name() -> None:
    """`function_call` and the role `function` of 2023."""
    parsed = parse(
        [
            {"role": "assistant", "function_call": {"name": "ls", "arguments": "{}"}},
            {"role": "function", "name": "ls", "content": "a.py"},
        ]
    )
    asked, result = parsed.chat.messages
    assert asked.parts == (ToolUse("ls", "ls", b"{}"),)
    assert result.parts == (ToolResult("ls", (Text("a.py"),)),)


def test_a_refusal_in_the_history_is_what_the_assistant_said() -> None:
    """SDKs send back `content: null, refusal: "…"`; a text beside it wins."""
    assert parse_one({"role": "assistant", "content": None, "refusal": "No."}).text == "No."
    assert parse_one({"role": "assistant", "content": "Yes.", "refusal": "No."}).text == "Yes."


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "high"}},
        {"type": "image_url", "image_url": PIXEL},
        {"type": "input_image", "image_url": PIXEL},
    ],
)
def test_an_inline_image_keeps_its_place_between_texts(part: dict[str, object]) -> None:
    """Chat's object form, and the string form of responses."""
    text = {"type": "text", "text": "What is this?"}
    first, image, last = parse_one({"role": "user", "content": [text, part, text]}).parts
    assert first == last == Text("What is this?")
    assert isinstance(image, Image)
    assert (image.media_type, image.width, image.height) == ("image/png", 1, 1)


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "HTTPS://example.com/a.png"])
@pytest.mark.parametrize("is_object", [True, False])
def test_a_web_address_of_an_image_stays_one(url: str, is_object: bool) -> None:  # noqa: FBT001 - a test's parameter
    """Nothing is fetched here; some upstreams take addresses themselves."""
    part = {"type": "image_url", "image_url": {"url": url} if is_object else url}
    assert parse_one({"role": "user", "content": [part]}).parts == (LinkedImage(url),)


PARTS_REFUSED: list[tuple[Any, str, str]] = [
    ({"text": "a"}, ".type", "missing_required_parameter"),
    ({"type": "text"}, ".text", "missing_required_parameter"),
    ({"type": "text", "text": None}, ".text", "missing_required_parameter"),
    ({"type": "refusal"}, ".refusal", "missing_required_parameter"),
    ({"type": "image_url"}, ".image_url", "missing_required_parameter"),
    ({"type": "image_url", "image_url": {}}, ".image_url.url", "missing_required_parameter"),
    ({"type": "image_url", "image_url": {"url": 5}}, ".image_url.url", "invalid_type"),
    ({"type": "image_url", "image_url": [PIXEL]}, ".image_url", "invalid_type"),
    ({"type": "image_url", "image_url": "x"}, ".image_url", "invalid_image_url"),
    ({"type": "image_url", "image_url": "data:a/b;base64,aa"}, ".image_url", "invalid_image_url"),
    ("a", "", "invalid_type"),
    (None, "", "invalid_type"),
]


@pytest.mark.parametrize(("part", "path", "code"), PARTS_REFUSED, ids=range(len(PARTS_REFUSED)))
def test_a_part_that_cannot_be_served_is_named_by_its_path(part: Any, path: str, code: str) -> None:
    """Never dropped in silence: the model would answer a question nobody asked."""
    content = [{"type": "text", "text": "a"}, part]
    fault = refusal([*HI, {"role": "user", "content": content}])
    assert (fault.param, fault.code) == (f"messages[1].content[1]{path}", code)
    assert fault.param is not None
    assert fault.param in fault.message
    assert len(fault.message) < 400


@pytest.mark.parametrize("role", ["", "User", "model", "a" * 10_000])
def test_an_unknown_role_is_refused_with_the_known_ones(role: str) -> None:
    """The earlier program dropped such messages silently (defect 5)."""
    fault = refusal([*HI, {"role": role, "content": "x"}])
    assert (fault.param, fault.code) == ("messages[1].role", "invalid_value")
    assert "system, developer, user, assistant, tool, function" in fault.message
    assert len(fault.message) < 200


def test_empty_messages_have_the_reference_s_code() -> None:
    """An empty list."""
    fault = refusal([])
    assert (fault.code, fault.param) == ("empty_messages", "messages")


@pytest.mark.parametrize("n", [0, -1, -(10**30)])
def test_less_than_one_answer_cannot_be_asked_for(n: int) -> None:
    """There would be nothing to send."""
    fault = refusal(HI, n=n)
    assert (fault.param, fault.code) == ("n", "integer_below_min_value")


@pytest.mark.parametrize("n", [None, 1])
def test_one_answer_may_be_asked_for(n: int | None) -> None:
    """The default, written out."""
    assert parse(HI, n=n) == parse(HI)


@pytest.mark.parametrize(
    ("fields", "is_stream", "include_usage"),
    [
        ({}, False, False),
        ({"stream": None}, False, False),
        ({"stream": False, "stream_options": None}, False, False),
        ({"stream": True}, True, False),
        ({"stream": True, "stream_options": {}}, True, False),
        ({"stream": True, "stream_options": {"include_usage": None}}, True, False),
        ({"stream": True, "stream_options": {"include_usage": False}}, True, False),
        (
            {"stream": True, "stream_options": {"include_usage": True, "include_obfuscation": 1}},
            True,
            True,
        ),
    ],
    ids=range(8),
)
def test_streaming_and_its_usage_chunk(
    fields: dict[str, object],
    is_stream: bool,  # noqa: FBT001 - a test's parameter
    include_usage: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    """Both are off unless asked for."""
    parsed = parse(HI, **fields)
    assert (parsed.chat.is_stream, parsed.style.include_usage) == (is_stream, include_usage)


@pytest.mark.parametrize("model", ["o1", "o1-mini", "o1-preview"])
def test_o1_models_stream(model: str) -> None:
    """The earlier program refused them with stream_not_supported."""
    assert parse(HI, model=model, stream=True).chat.is_stream


@pytest.mark.parametrize(
    ("model", "code"), [("", "invalid_value"), ("m" * 257, "string_above_max_length")]
)
def test_a_model_has_a_name_of_bounded_length(model: str, code: str) -> None:
    """The catalogue compares unknown names with all known ones, in quadratic time."""
    fault = refusal(HI, model=model)
    assert (fault.param, fault.code) == ("model", code)
    assert parse(HI, model="m" * 256).chat.model == "m" * 256


def test_the_limits_are_settings() -> None:
    """One message, or one byte of an image, too many names the limit."""
    limits = RequestLimits(messages_max=2, parts_max=2, image_bytes_max=66)
    part = {"type": "image_url", "image_url": PIXEL}
    pictures = [{"role": "user", "content": [part]}]
    for messages, param, code, words in (
        (HI * 3, "messages", "array_above_max_length", "3 messages; the limit is 2"),
        (pictures, "messages[0].content[0].image_url", "invalid_image_url", "66 bytes"),
    ):
        body = json.dumps({"model": "m", "messages": messages}).encode()
        with pytest.raises(Fault, match=words) as caught:
            whole(body, limits)
        assert (caught.value.param, caught.value.code) == (param, code)
    body = json.dumps({"model": "m", "messages": HI * 2}).encode()
    assert len(whole(body, limits).chat.messages) == 2
    assert len(parse(HI * 10_000).chat.messages) == 10_000
    assert refusal(HI * 10_001).param == "messages"


@pytest.mark.parametrize("name", ["tools", "functions", "tool_choice"])
def test_tools_are_counted(name: str) -> None:
    """Each is read alone: many thousands of them would stop every other stream."""
    given: object = [1, {}, None, {}, {}]
    if name == "tool_choice":
        given = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": given}}
    text = json.dumps({"model": "m", "messages": HI, name: given}).encode()
    assert whole(text, RequestLimits(tools_max=3)).chat.parameters.tools == ()
    with pytest.raises(Fault, match=f"'{name}' holds 3 tools; the limit is 2") as at:
        whole(text, RequestLimits(tools_max=2))
    assert (at.value.param, at.value.code) == (name, "array_above_max_length")


def test_parts_and_tool_calls_of_all_messages_are_counted_together() -> None:
    """Millions of empty ones fit into a body; converting them would stop every other stream."""
    text = {"type": "text", "text": "a"}
    messages: list[dict[str, object]] = [
        {"role": "user", "content": [text] * 2},
        {"role": "assistant", "content": [text], "tool_calls": [{}] * 2},
    ]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    assert len(whole(body, RequestLimits(parts_max=5)).chat.messages) == 2
    with pytest.raises(Fault, match="5 content parts and tool calls; the limit is 4") as at:
        whole(body, RequestLimits(parts_max=4))
    assert (at.value.param, at.value.code) == ("messages", "array_above_max_length")


def test_many_parts_are_taken_a_step_at_a_time() -> None:
    """Messages, parts and calls alike; what is small is done in one step."""
    text = {"type": "text", "text": "a"}
    crowds: list[list[dict[str, object]]] = [
        [{"role": "user", "content": "a"}] * 5_000,
        [{"role": "user", "content": [text] * 5_000}],
        [{"role": "user", "content": [text] * 50}] * 100,
        [{"role": "assistant", "tool_calls": [{"id": "a"}] * 5_000}],
        [{"role": "assistant", "tool_calls": [{"id": "a"}] * 50}] * 100,
    ]
    for messages in crowds:
        body = json.dumps({"model": "m", "messages": messages}).encode()
        bounds_count = count_steps(decode_chat(body, JsonLimits()))[1]
        parsed, step_count = count_steps(parse_request(body, RequestLimits()))
        assert step_count - bounds_count >= 5_000 // STEP_UNITS
        assert len(parsed.chat.messages) == len(messages)
        count = sum(len(m.parts) for m in parsed.chat.messages)
        assert count == 5_000
    body = json.dumps({"model": "m", "messages": HI * 200}).encode()
    assert count_steps(parse_request(body, RequestLimits()))[1] == 1


def test_images_count_by_their_bytes() -> None:
    """A step undoes the base64 of one large image or of some small ones."""
    data = base64.b64encode(bytes(600 * 1024)).decode()
    part = {"type": "image_url", "image_url": f"data:image/png;base64,{data}"}
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": [part] * 8}]})
    bounds_count = count_steps(decode_chat(body.encode(), JsonLimits()))[1]
    parsed, step_count = count_steps(parse_request(body.encode(), RequestLimits()))
    assert len(parsed.chat.messages[0].parts) == 8
    assert step_count - bounds_count >= 8
