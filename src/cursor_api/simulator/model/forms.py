"""The form of an answer that is asked for in words, as upstreams without a field for it are."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, NamedTuple

import msgspec

from cursor_api.simulator.model.asks import Ask, Schema

# A request for JSON in words ends with the schema that it has to fit, and maybe what it is for.
_SCHEMA: Final = re.compile(
    r"\bJSON\b[^\n]*\n\n(?P<schema>\{.*\})(?:\n\nWhat it is for: .*)?\s*\Z", re.DOTALL
)
_ANY_OBJECT: Final = re.compile(r"\bwith one JSON object and nothing else\b[^\n]*\s*\Z")
# Each mention of JSON is looked at up to the end of the text.
FORM_CHARS_MAX: Final = 64_000


class Worded(NamedTuple):
    """The words before such a request, and its schema; None where there is none."""

    text: str
    form: Schema | None = None


def split_form(text: str) -> Worded:
    """What is asked, apart from the line that says in which form it is to be answered."""
    start = max(0, len(text) - FORM_CHARS_MAX)
    found = _SCHEMA.search(text, start)
    schema = _decode(found["schema"]) if found else None
    if found is None or schema is None:
        found, schema = _ANY_OBJECT.search(text, start), {}
    if found is None:
        return Worded(text)
    return Worded(text[: found.start()].rpartition("\n")[0].strip(), schema)


def is_form_alone(text: str) -> bool:
    """Whether a text says nothing else."""
    said, form = split_form(text)
    return form is not None and not said


def with_worded_form(ask: Ask) -> Ask:
    """The same with the form that its question names in words, where it has none of its own."""
    text, form = split_form(ask.question.text)
    if form is None or ask.form is not None:
        return ask
    return replace(ask.with_question(text), form=form)


def _decode(text: str) -> Schema | None:
    try:
        found = msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return None
    return found if isinstance(found, dict) else None
