"""Long requests: in steps, in pieces, and with the words of short ones.

That they mean the same is in tests/property/test_openai_long.py.
"""

from __future__ import annotations

import json
import sys

import pytest

from cursor_api.dialects.openai_chat.decode import decode_chat
from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.domain.content import Text, Thinking, ToolUse
from cursor_api.domain.errors import Fault
from cursor_api.wire.json_bounds import JsonLimits
from cursor_api.wire.json_decode import check_json
from cursor_api.wire.json_texts import LONG_BYTES, PIECE_BYTES
from cursor_api.wire.limits import RequestLimits
from tests.steps import count_steps, finish

LONG = "a" * LONG_BYTES


@pytest.mark.parametrize("spelling", ["string", "part", "arguments", "reasoning"])
def test_a_long_text_comes_in_pieces(spelling: str) -> None:
    """One emoji makes four bytes of each character of its text: only of its own piece here."""
    text = "a" * 1_000_000 + "\U0001f600" + "\u4e2d\n" * 500_000
    message: dict[str, object] = {"role": "assistant"}
    if spelling == "arguments":
        message["tool_calls"] = [{"id": "a", "function": {"name": "f", "arguments": text}}]
    elif spelling == "reasoning":
        message["reasoning_content"] = text
    else:
        message["content"] = text if spelling == "string" else [{"type": "text", "text": text}]
    body = json.dumps({"model": "m", "messages": [message]}, ensure_ascii=False).encode()
    bounds_count = count_steps(check_json(body, JsonLimits()))[1]
    parsed, step_count = count_steps(parse_request(body, RequestLimits(parts_max=1)))
    found = parsed.chat.messages[0]
    if spelling == "arguments":
        # Bytes: no character makes the others larger.
        assert found.parts == (ToolUse("a", "f", text.encode()),)
        pieces = []
    else:
        kind = Thinking if spelling == "reasoning" else Text
        pieces = [part.text for part in found.parts if isinstance(part, kind)]
        assert "".join(pieces) == text
        assert max(map(len, pieces)) <= PIECE_BYTES
        assert max(map(sys.getsizeof, pieces)) < 1_100_000
    assert step_count - bounds_count > len(body) // PIECE_BYTES


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "user", "content": 5}, "messages[1].content"),
        (
            {"role": "user", "content": [{"type": "text", "text": LONG}, 5]},
            "messages[1].content[1]",
        ),
        ({"role": "user", "content": [{"text": LONG}]}, "messages[1].content[0].type"),
        ({"content": LONG}, "messages[1].role"),
        ({"role": "user", "content": {"text": LONG}}, "messages[1].content"),
    ],
)
def test_a_mistake_in_a_long_request_is_named(message: object, param: str) -> None:
    """Where it is, as in any other."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": LONG}, message]})
    with pytest.raises(Fault) as caught:
        finish(decode_chat(body.encode(), JsonLimits()))
    assert caught.value.param == param


def test_half_a_character_in_a_long_text_is_refused_at_its_byte() -> None:
    """As JavaScript writes it when it has cut an emoji in two."""
    body = f'{{"model":"m","messages":[{{"role":"user","content":"{LONG}\\ud83d{LONG}"}}]}}'
    with pytest.raises(Fault, match="half of a UTF-16 surrogate pair"):
        finish(decode_chat(body.encode(), JsonLimits()))


def test_many_messages_are_decoded_in_steps() -> None:
    """Some hundred of them in one."""
    message = {"role": "user", "content": "a" * 1_000}
    body = json.dumps({"model": "m", "messages": [message] * 5_000, "stream": True}).encode()
    bounds_count = count_steps(check_json(body, JsonLimits()))[1]
    chat, step_count = count_steps(decode_chat(body, JsonLimits()))
    assert (chat.model, chat.stream, len(chat.messages)) == ("m", True, 5_000)
    assert {one.content for one in chat.messages} == {"a" * 1_000}
    assert step_count - bounds_count >= 5_000_000 // PIECE_BYTES
