"""What is kept of what was said."""

from __future__ import annotations

from cursor_api.domain.record_content import (
    ANSWER_LENGTH_MAX,
    PART_LENGTH_MAX,
    PROMPT_LENGTH_MAX,
    RecordContent,
    Said,
    SaidKind,
)


def test_a_content_is_whole_unless_it_says_so() -> None:
    """Only what is too long is cut."""
    said = Said("user", SaidKind.TEXT, "Hello")
    assert not RecordContent("id", (said,), ()).is_cut


def test_a_prompt_and_an_answer_have_room_for_several_parts() -> None:
    """Or one long text would be all that there is of a conversation."""
    assert min(PROMPT_LENGTH_MAX, ANSWER_LENGTH_MAX) >= 2 * PART_LENGTH_MAX
