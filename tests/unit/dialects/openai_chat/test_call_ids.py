"""Ids of calls that began at another model."""

from __future__ import annotations

from cursor_api.dialects.openai_chat.call_ids import CALL_ID_CHARS_MAX, write_call_id
from cursor_api.dialects.openai_chat.families import Family

PLAIN = Family()
SHORT = Family(has_short_call_ids=True)
LONG = [f"toolu_{'x' * CALL_ID_CHARS_MAX}{number}" for number in range(2)]


def test_an_id_that_is_taken_stays() -> None:
    """The upstream's own comes back as it was."""
    assert write_call_id("call_" + "x" * 35, PLAIN) == "call_" + "x" * 35
    assert write_call_id("aB3xK9mP2", SHORT) == "aB3xK9mP2"


def test_any_other_becomes_one_that_is_taken() -> None:
    """The same for the call and its result, and another one for each."""
    for family, chars in ((PLAIN, 37), (SHORT, 9)):
        written = [write_call_id(one, family) for one in LONG]
        assert written == [write_call_id(one, family) for one in LONG]
        assert len(set(written)) == len(LONG)
        assert {len(one) for one in written} == {chars}
    assert write_call_id("call_12", SHORT).isalnum()
