"""What Anthropic's clients write, as types."""

from __future__ import annotations

import msgspec

from cursor_api.dialects.anthropic_messages.schema import BlockIn, MessagesIn
from cursor_api.wire.json_lenient import NOTHING


def test_a_block_of_an_unknown_kind_spoils_nothing() -> None:
    """Kinds use the same names for different things."""
    raw = b'{"type":"web_search_tool_result","content":{"error_code":"x"},"source":"https://a"}'
    block = msgspec.json.decode(raw, type=BlockIn)
    assert (block.type, block.input) == ("web_search_tool_result", NOTHING)


def test_what_was_not_given_is_nothing() -> None:
    """By identity: a look at each field is all that it costs."""
    asked = msgspec.json.decode(b'{"model":"m","messages":[],"top_k":null}', type=MessagesIn)
    assert asked.top_p is NOTHING
    assert asked.top_k is not NOTHING
