"""Bytes to typed values: what is skipped, what is refused, and in which words."""

from __future__ import annotations

import json
import sys

import pytest

from cursor_api.dialects.openai_chat.decode import decode_chat
from cursor_api.dialects.openai_chat.schema import ChatIn
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.json_bounds import CONTAINERS_CODE, DEPTH_CODE, JsonLimits
from tests.steps import count_steps, finish

HELLO = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'


def decode(body: bytes) -> ChatIn:
    """A body decoded without a pause."""
    return finish(decode_chat(body, JsonLimits()))


def refusal(body: bytes) -> Fault:
    """The fault that a body leads to."""
    with pytest.raises(Fault) as caught:
        decode(body)
    assert caught.value.kind is FaultKind.INVALID_REQUEST
    return caught.value


def test_unknown_fields_and_message_keys_are_skipped_whatever_they_hold() -> None:
    """Clients send fields that a wire cannot serve, and keys of other vendors: none is refused.

    What a field asks of an upstream is kept as it was written; see features.py.
    """
    extra: dict[str, object] = {
        "temperature": "warm",
        "top_p": None,
        "max_tokens": -1.5,
        "max_completion_tokens": 10**400,
        "stop": {"a": [1]},
        "tools": [{"type": "function"}, 7, None],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_object"},
        "logit_bias": [],
        "seed": "x",
        "user": 5,
        "store": False,
        "metadata": [[[{}]]],
        "parallel_tool_calls": True,
        "reasoning_effort": "high",
        "service_tier": "auto",
        "": 1,
    }
    message = {"role": "user", "content": "hi", "annotations": 1, "provider_specific_fields": {}}
    decoded = decode(json.dumps({"model": "m", "messages": [message], **extra}).encode())
    assert decoded.messages == decode(HELLO).messages
    assert bytes(decoded.temperature) == b'"warm"'  # as it was written


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        (b"[]", None, "Invalid request body: expected an object, but got an array instead."),
        (b"null", None, "Invalid request body: expected an object, but got null instead."),
        (b"{}", "model", "Missing required parameter: 'model'."),
        (b'{"model":"m"}', "messages", "Missing required parameter: 'messages'."),
        (
            b'{"model":4,"messages":[]}',
            "model",
            "Invalid type for 'model': expected a string, but got an integer instead.",
        ),
        (
            b'{"model":"m","messages":{}}',
            "messages",
            "Invalid type for 'messages': expected an array, but got an object instead.",
        ),
        (
            b'{"model":"m","messages":[{"role":"user"},{}]}',
            "messages[1].role",
            "Missing required parameter: 'messages[1].role'.",
        ),
        (
            b'{"model":"m","messages":[{"role":"user","content":5}]}',
            "messages[0].content",
            "Invalid type for 'messages[0].content':"
            " expected a string, an array or null, but got an integer instead.",
        ),
        (
            b'{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":1.5}]}]}',
            "messages[0].content[0].text",
            "Invalid type for 'messages[0].content[0].text':"
            " expected a string or null, but got a number with decimals instead.",
        ),
        (
            b'{"stream":"yes"}',
            "stream",
            "Invalid type for 'stream': expected a boolean or null, but got a string instead.",
        ),
        (b'{"n":' + b"9" * 5000 + b"}", "n", "Invalid value for 'n': Integer value out of range."),
        (b'{"n":1e999}', "n", "Invalid value for 'n': Number out of range."),
    ],
    ids=range(12),
)
def test_a_wrong_shape_names_the_field_and_both_types(
    body: bytes, param: str | None, message: str
) -> None:
    """`param` is spelled as OpenAI spells it; the message says what was expected and found."""
    fault = refusal(body)
    assert (fault.param, fault.message) == (param, message)
    assert fault.code in {"invalid_type", "invalid_value", "missing_required_parameter"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is empty"),
        (b" \r\n\t", "is empty"),
        (b'{"model":"m"', "ends too early (line 1, column 13, byte 12)"),
        (b'{"model":"m', "ends too early (line 1, column 12, byte 11)"),
        (b'{"a":\n {"b": nil}}', "(line 2, column 9, byte 14)"),
        ('{"é":\n"é" x}'.encode(), "(line 2, column 5, byte 12)"),
        (b'{"model":"m",}', "trailing comma"),
        (HELLO + b" x", "trailing characters"),
        (b"{'model':'m'}", "object keys must be strings"),
        (b'{"temperature":NaN}', "invalid character"),
        (b'{"temperature":Infinity}', "invalid character"),
        (b'{"temperature":01}', "invalid number"),
        (b'{"user":"a\nb"}', "invalid character"),
        (b'{"user":"\\x"}', "invalid escape"),
        (b"\xef\xbb\xbf" + HELLO, "byte 0"),
        (HELLO.decode().encode("utf-16"), "not valid UTF-8"),
        (b'{"model":"\xff"}', "not valid UTF-8 (byte 10)"),
        (b'{"unknown":"\xff"}', "not valid UTF-8 (byte 12)"),
        (b'{"model":"\xed\xa0\xbd"}', "not valid UTF-8"),  # half a pair, encoded
    ],
    ids=range(19),
)
def test_what_is_not_json_is_refused_with_its_place(body: bytes, words: str) -> None:
    """Also inside fields that are otherwise skipped."""
    fault = refusal(body)
    assert words in fault.message
    assert (fault.code, fault.param) == ("invalid_json", None)


@pytest.mark.parametrize("half", ["\\ud83d", "\\uDE00", "\\ud83d\\u0041", "\\ude00\\ud83d"])
@pytest.mark.parametrize("tail", ["", "x", " and more text"])
@pytest.mark.parametrize(
    "frame",
    [
        '{"model":"m","messages":[{"role":"user","content":"%s"}]}',
        '{"skipped":{"%s":1}}',
        '{"skipped":"%s"}',
        '{"model":"%s"}',
    ],
)
def test_half_a_surrogate_pair_is_named(half: str, tail: str, frame: str) -> None:
    """JavaScript clients write one when they cut a string inside an emoji; it is no text."""
    fault = refusal((frame % (half + tail)).encode())
    assert "half of a UTF-16 surrogate pair" in fault.message
    assert fault.code == "invalid_json"


def test_a_whole_surrogate_pair_is_one_character() -> None:
    """How ASCII-only encoders write emoji."""
    decoded = decode(HELLO.replace(b"hi", b"\\ud83d\\ude00"))
    assert decoded.messages[0].content == "😀"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("field", [b"tools", b"messages", b"model"])
def test_deep_nesting_is_refused_and_not_a_crash(opening: bytes, field: bytes) -> None:
    """Two million levels, whole or cut short, in a field that is read or one that is skipped."""
    closing = {b"[": b"]", b'{"a":': b"}"}[opening]
    for depth, code in ((2_000_000, CONTAINERS_CODE), (1_000, DEPTH_CODE)):
        for body in (
            b'{"%b":' % field + opening * depth,
            b'{"%b":' % field + opening * depth + b"1" + closing * depth + b"}",
        ):
            assert refusal(body).code == code
    assert sys.getrecursionlimit() >= 1000


def test_a_limit_above_what_python_can_do_is_no_crash_either() -> None:
    """The decoder gives up first, with the same code."""
    body = b'{"model":' + b"[" * 90_000 + b"]" * 90_000 + b"}"
    with pytest.raises(Fault) as caught:
        finish(decode_chat(body, JsonLimits(depth_max=1_000_000)))
    assert caught.value.code in {DEPTH_CODE, "invalid_type"}


def test_nesting_that_tools_really_have_is_fine() -> None:
    """JSON schemas of agents are some twenty levels deep."""
    schema = b'{"properties":' * 100 + b"{}" + b"}" * 100
    decoded = decode(HELLO[:-1] + b',"tools":[' + schema + b"]}")
    assert decoded.messages == decode(HELLO).messages
    assert bytes(decoded.tools) == b"[" + schema + b"]"


def test_of_two_equal_keys_the_last_counts() -> None:
    """As in Python's and JavaScript's own readers."""
    assert decode(b'{"model":"first",' + HELLO[1:]).model == "m"


def test_utf_8_is_looked_at_in_steps() -> None:
    """Whatever the length of a character and wherever a step ends; a fault is found at its byte."""
    for before in range(4):
        text = "a" * before + "\u4e2d\U0001f600\u00e9" * 50_000
        body = json.dumps({"model": text, "messages": []}, ensure_ascii=False).encode()
        decoded, step_count = count_steps(decode_chat(body, JsonLimits()))
        assert decoded.model == text
        assert step_count > 4
    for damage in (b"\xff", b"\xe4\xb8", b"\x80" * 10):
        cut = body[:300_001].decode(errors="ignore").encode()
        fault = refusal(cut + damage + body[len(cut) :])
        assert f"not valid UTF-8 (byte {len(cut)})" in fault.message
