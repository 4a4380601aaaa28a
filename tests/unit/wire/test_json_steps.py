"""Messages written in steps are the same JSON."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from cursor_api.wire.json_steps import OBJECT_BYTES, STEP_BYTES, encode_messages
from tests.steps import count_steps, finish


def message(content: object) -> dict[str, Any]:
    """One of the user's."""
    return {"role": "user", "content": content}


@pytest.mark.parametrize(
    ("contents", "steps_min"),
    [
        ([], 1),
        (["hi", None, [], [{"type": "text", "text": "a"}]], 1),
        (["\n" * STEP_BYTES] * 3, 3),
        ([[{"type": "text", "text": "\n" * (STEP_BYTES // 2)}] * 6], 6),
        (["a"] * (3 * STEP_BYTES // OBJECT_BYTES), 3),
    ],
)
def test_it_is_the_same_json(contents: list[object], steps_min: int) -> None:
    """However long one message or one part is, and however many there are."""
    written, count = count_steps(encode_messages(map(message, contents)))
    assert json.loads(msgspec.json.encode(written)) == [message(one) for one in contents]
    assert count >= steps_min


def test_half_a_pair_is_none() -> None:
    """It has no bytes; who asks for them says so in words of its own."""
    with pytest.raises(UnicodeEncodeError):
        finish(encode_messages([message("\ud800")]))
