"""Items of an output while they grow."""

from __future__ import annotations

import json

from cursor_api.dialects.openai_responses.output import PIECES_MAX, Events, GrowingText, MessageItem


def test_a_text_grows_without_being_encoded_again() -> None:
    """Its pieces are joined now and then, and it is whole at any time."""
    text = GrowingText()
    for _ in range(3 * PIECES_MAX):
        text.add(b'"\\u2028a"')
    assert json.loads(text.encoded()) == "\u2028a" * 3 * PIECES_MAX


def test_events_are_numbered_and_taken_once() -> None:
    """Each on two lines and with its number, whoever wrote it."""
    events = Events()
    message = MessageItem(events, b"msg_1", 0)
    message.open_text()
    message.add("a\nb")
    blocks = events.take().decode().removesuffix("\n\n").split("\n\n")
    numbers = [json.loads(one.partition("data: ")[2])["sequence_number"] for one in blocks]
    assert numbers == [0, 1, 2]
    assert events.take() == b""
