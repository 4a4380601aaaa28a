"""Long requests: in steps, in pieces, and with the words of short ones.

That they mean the same is in tests/property/test_anthropic_long.py.
"""

from __future__ import annotations

import json
import sys

import pytest

from cursor_api.dialects.anthropic_messages.decode import decode_messages
from cursor_api.dialects.anthropic_messages.request import parse_request
from cursor_api.domain.content import Text, Thinking, ToolResult, ToolUse
from cursor_api.domain.errors import Fault
from cursor_api.wire.json_bounds import JsonLimits
from cursor_api.wire.json_decode import check_json
from cursor_api.wire.json_texts import LONG_BYTES, PIECE_BYTES
from cursor_api.wire.limits import RequestLimits
from tests.steps import count_steps, finish

TEXT = "a" * 1_000_000 + "\U0001f600" + "\u4e2d\n" * 500_000
CONTENTS = {
    "string": TEXT,
    "block": [{"type": "text", "text": TEXT}],
    "thinking": [{"type": "thinking", "thinking": TEXT, "signature": "s"}],
    "result": [{"type": "tool_result", "tool_use_id": "a", "content": TEXT}],
    "result block": [
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": TEXT}]}
    ],
}


@pytest.mark.parametrize("spelling", [*CONTENTS, "system"])
def test_a_long_text_comes_in_pieces(spelling: str) -> None:
    """One emoji makes four bytes of each character of its text: only of its own piece here."""
    given: dict[str, object] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    if spelling == "system":
        given["system"] = TEXT
    else:
        given["messages"] = [{"role": "user", "content": CONTENTS[spelling]}]
    body = json.dumps(given, ensure_ascii=False).encode()
    bounds_count = count_steps(check_json(body, JsonLimits()))[1]
    parsed, step_count = count_steps(parse_request(body, RequestLimits(parts_max=2)))
    parts = parsed.chat.messages[0].parts
    if isinstance(parts[0], ToolResult):
        parts = parts[0].parts
    pieces = [part.text for part in parts if isinstance(part, Text | Thinking)]
    assert "".join(pieces) == TEXT
    assert max(map(sys.getsizeof, pieces)) < 1_100_000
    assert step_count - bounds_count > len(body) // PIECE_BYTES
    signatures = [part.signature for part in parts if isinstance(part, Thinking)]
    assert "".join(signatures) == ("s" if spelling == "thinking" else "")


def test_long_arguments_stay_as_they_were_written() -> None:
    """JSON that nobody here reads is bytes."""
    written = '{"a": "' + "b" * LONG_BYTES + '"}'
    block = f'{{"type":"tool_use","id":"a","name":"f","input":{written}}}'
    body = f'{{"model":"m","messages":[{{"role":"assistant","content":[{block}]}}]}}'.encode()
    parsed = finish(parse_request(body, RequestLimits()))
    assert parsed.chat.messages[0].parts == (ToolUse("a", "f", written.encode()),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"type": "text", "text": "a" * LONG_BYTES}, {"type": 5}], "messages[0].content[1].type"),
        ([{"text": "a" * LONG_BYTES}], "messages[0].content[0].type"),
        ({"a": "a" * LONG_BYTES}, "messages[0].content"),
        (None, "messages[0].content"),
    ],
)
def test_what_is_wrong_with_a_long_request_is_said_as_of_a_short_one(
    content: object, message: str
) -> None:
    """By the plain decoder, which knows the place."""
    messages = [{"role": "user", "content": content}, {"role": "user", "content": "b" * LONG_BYTES}]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    with pytest.raises(Fault) as caught:
        finish(decode_messages(body, JsonLimits()))
    assert message in caught.value.message
