"""The types of requests for responses."""

from __future__ import annotations

from cursor_api.dialects.openai_responses.schema import BODY, ITEM
from cursor_api.wire.json_lenient import NOTHING


def test_what_is_not_named_is_skipped() -> None:
    """Whatever it holds; and what was not given is known by its identity."""
    body = BODY.decode(b'{"model": "m", "include": 5, "truncation": [], "tools": null}')
    assert body.input is NOTHING
    assert body.tools is not NOTHING
    item = ITEM.decode(b'{"type": "x", "output": {"a": 1}, "content": 5, "action": []}')
    assert bytes(item.output) == b'{"a": 1}'
