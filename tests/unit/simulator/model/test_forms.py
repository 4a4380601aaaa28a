from __future__ import annotations

import pytest

from cursor_api.simulator.model.forms import Worded, split_form

OBJECT = "Answer with one JSON object and nothing else: no explanation."
VALUE = 'Answer with one JSON value that is valid:\n\n{"type": "object"}'


@pytest.mark.parametrize(
    ("text", "worded"),
    [
        ("Hi", Worded("Hi")),
        ("What is JSON?\n\n{not it}", Worded("What is JSON?\n\n{not it}")),
        (VALUE, Worded("", {"type": "object"})),
        (f"Who is it?\n\nJason.\n\n{VALUE}", Worded("Who is it?\n\nJason.", {"type": "object"})),
        (OBJECT, Worded("", {})),
        (f"Hi\n\n{OBJECT}", Worded("Hi", {})),
    ],
)
def test_a_form_in_words_is_told_from_the_question(text: str, worded: Worded) -> None:
    """Whether it stands alone or behind the question."""
    assert split_form(text) == worded
