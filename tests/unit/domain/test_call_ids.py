"""Ids that name a node, made, read, and found in a request."""

from __future__ import annotations

import json

from cursor_api.domain.call_ids import LOOKED_AT_MAX, NamedCall, find_last_node, read_call_id

RANDOM = "abcDEF0123456789_-xy"
CALL = NamedCall("0123ab", 1_764_426_000)
ID = CALL.spell(RANDOM)


def test_an_id_says_where_and_until_when() -> None:
    """In 40 characters; ids of another form say nothing."""
    assert ID == "call_0123ab_1c0b77c_" + RANDOM
    assert len(ID) == 40
    assert read_call_id(ID) == CALL
    for other in ("", "call_1", ID[:-1], ID + "x", ID.upper(), f"call_{'0' * 32}"):
        assert read_call_id(other) is None


def test_the_last_node_of_a_body_is_found() -> None:
    """Beside ids of others; what is no id of ours, or deep among many others, is not."""
    later = CALL._replace(node="ffffff").spell(RANDOM)
    result = {"role": "tool", "tool_call_id": later, "content": "call_ of something"}
    body = json.dumps([{"id": ID}, result, {"id": "call_1"}]).encode()
    assert find_last_node(body) == "ffffff"
    assert find_last_node(json.dumps([ID]).encode()) == "0123ab"
    assert find_last_node(json.dumps(["call_1", f"see {ID}"]).encode()) is None
    assert find_last_node(b"") is None
    deep = json.dumps([ID, *["call_1"] * LOOKED_AT_MAX]).encode()
    assert find_last_node(deep) is None
