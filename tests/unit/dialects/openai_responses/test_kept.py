"""Kept answers: the list of what was asked for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import ResponseItemList

from cursor_api.dialects.openai_responses.kept import fill, render_deleted, render_items
from cursor_api.domain.errors import Fault
from cursor_api.domain.kept import KeptPage, Reference
from tests.steps import finish

ITEMS = [
    {"role": "user", "content": "a"},
    {"role": "assistant", "content": "b", "id": "msg_1"},
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
]


def listed(*page: Any) -> dict[str, Any]:
    """A page, valid by the SDK's types."""
    found: dict[str, Any] = json.loads(render_items(json.dumps(ITEMS).encode(), KeptPage(*page)))
    if found["data"]:
        ResponseItemList.model_validate(found)
    return found


@pytest.mark.parametrize(
    ("page", "ids", "has_more"),
    [
        ((), ["item_2", "msg_1", "item_0"], False),
        ((2,), ["item_2", "msg_1"], True),
        ((20, True, "item_0"), ["msg_1", "item_2"], False),
        ((20, False, "item_0"), [], False),
    ],
)
def test_items_are_listed_with_ids_and_parts(
    page: tuple[Any, ...],
    ids: list[str],
    has_more: bool,  # noqa: FBT001
) -> None:
    """The newest first, page by page."""
    found = listed(*page)
    assert [item["id"] for item in found["data"]] == ids
    assert found["has_more"] is has_more


def test_a_deleted_answer_says_so() -> None:
    """As OpenAI does."""
    assert json.loads(render_deleted("resp_1")) == {
        "id": "resp_1",
        "object": "response",
        "deleted": True,
    }


def test_named_items_are_put_in_their_places() -> None:
    """From the answers that have them; one that is nowhere is told with its place."""
    items = json.dumps([ITEMS[0], {"type": "item_reference", "id": "msg_1"}]).encode()
    answers = {"resp_1": json.dumps({"output": ITEMS[1:2]}).encode()}
    filled = finish(fill(items, [Reference("msg_1", "resp_1", "input[1]")], answers))
    assert json.loads(filled) == ITEMS[:2]
    with pytest.raises(Fault) as caught:
        finish(fill(items, [Reference("msg_2", "resp_1", "input[1]")], answers))
    assert caught.value.param == "input[1]"
