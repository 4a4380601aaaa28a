"""A tool that takes any text, at an upstream whose tools take objects."""

from __future__ import annotations

import jsonschema_rs
import msgspec
import pytest

from cursor_api.domain.errors import Fault
from cursor_api.wire.free_text import (
    FREE_TEXT_BYTES_MAX,
    SCHEMA,
    describe_tool,
    hold_free_text,
    read_free_text,
    write_free_text,
)

PATCH = '*** Begin Patch\n+ "quoted" \\ \u00e4\n*** End Patch'


def test_what_is_written_is_read_again() -> None:
    """The form is one, for the schema, a call in a history and a call in an answer."""
    arguments = write_free_text(PATCH)
    assert jsonschema_rs.is_valid(msgspec.json.decode(SCHEMA), arguments)
    assert read_free_text(msgspec.json.encode(arguments)) == PATCH


GRAMMAR = {"syntax": "lark", "definition": "start: /a+/"}


@pytest.mark.parametrize(
    "form",
    [{"type": "grammar", "grammar": GRAMMAR}, {"type": "grammar", **GRAMMAR}],
    ids=["chat completions", "responses"],
)
def test_a_grammar_is_told_in_words(form: object) -> None:
    """In either spelling; a tool without a description has this one."""
    raw = msgspec.Raw(msgspec.json.encode(form))
    told = "What the tool is given has to match this lark grammar:\nstart: /a+/"
    assert describe_tool("Patches.", raw) == f"Patches.\n\n{told}"
    assert describe_tool("", raw) == told


@pytest.mark.parametrize("form", [None, {"type": "text"}, 7, {"type": "grammar", "grammar": 7}])
def test_any_text_needs_no_words(form: object) -> None:
    """The description stays as it is."""
    assert describe_tool("Runs.", msgspec.Raw(msgspec.json.encode(form))) == "Runs."


@pytest.mark.parametrize("arguments", [b'{"text":"a"}', b'{"input":7}', b"plain", b'{"input":"a'])
def test_another_form_is_given_as_it_is(arguments: bytes) -> None:
    """A model may make up a form of its own: the caller sees it, and nothing is lost."""
    assert read_free_text(arguments) == arguments.decode()


def test_bytes_that_are_no_text_do_not_fail() -> None:
    """They are shown as far as they can be."""
    assert read_free_text(b'{"input":"\xff"}') == '{"input":"\ufffd"}'


def test_no_more_is_held_than_a_call_may_have() -> None:
    """Its pieces are added up as long as they fit."""
    held = bytearray()
    for piece in ("x", "y" * (FREE_TEXT_BYTES_MAX - 1)):
        hold_free_text(held, piece)
    assert len(held) == FREE_TEXT_BYTES_MAX
    with pytest.raises(Fault, match="more than 8 MiB of text"):
        hold_free_text(held, "z")
