"""What the OpenAPI document says of completions."""

from __future__ import annotations

import msgspec

from cursor_api.dialects.openai_completions.description import DESCRIPTION
from tests.unit.dialects.openai_completions.test_request import parse


def test_what_is_described_is_taken() -> None:
    """A text, or a list of one."""
    for prompt in ("a", ["a"]):
        msgspec.convert({"model": "m", "prompt": prompt}, DESCRIPTION.request)
        assert parse(prompt=prompt).chat.messages[0].text == "a"
