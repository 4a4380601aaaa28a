from __future__ import annotations

from dataclasses import replace

import pytest

from cursor_api.simulator.model.asks import Ask, Role, Turn
from cursor_api.simulator.model.forms import Worded, is_form_alone, split_form, with_worded_form

OBJECT = "Answer with one JSON object and nothing else: no explanation."
VALUE = 'Answer with one JSON value that is valid:\n\n{"type": "object"}'


@pytest.mark.parametrize(
    ("text", "worded"),
    [
        ("Hi", Worded("Hi")),
        ("What is JSON?\n\n{not it}", Worded("What is JSON?\n\n{not it}")),
        (VALUE, Worded("", {"type": "object"})),
        (f"Who is it?\n\nJason.\n\n{VALUE}", Worded("Who is it?\n\nJason.", {"type": "object"})),
        (f"As JSON.\n{VALUE}\n\nWhat it is for: a test", Worded("As JSON.", {"type": "object"})),
        (OBJECT, Worded("", {})),
        (f"Hi\n\n{OBJECT}", Worded("Hi", {})),
    ],
)
def test_a_form_in_words_is_told_from_the_question(text: str, worded: Worded) -> None:
    """Whether it stands alone or behind the question."""
    assert split_form(text) == worded


def test_a_form_in_words_counts_where_there_is_no_other() -> None:
    """The question is then what is left."""
    ask = Ask(model="m", turns=(Turn(Role.USER, f"Who?\n\n{VALUE}"),))
    worded = with_worded_form(ask)
    assert (worded.question.text, worded.form) == ("Who?", {"type": "object"})
    assert with_worded_form(replace(ask, form={})).form == {}
    assert is_form_alone(VALUE)
    assert not is_form_alone(f"Who?\n\n{VALUE}")
