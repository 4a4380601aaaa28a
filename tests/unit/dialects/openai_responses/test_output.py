"""Items of an output while they grow."""

from __future__ import annotations

import json

from cursor_api.dialects.openai_responses.output import PIECES_MAX, Events, GrowingText, MessageItem
from cursor_api.domain.deltas import Citation


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


def test_a_source_is_told_with_the_place_of_its_words() -> None:
    """In an event of its own, and in the part when it is whole."""
    events = Events()
    message = MessageItem(events, b"msg_1", 0)
    message.open_text()
    message.add("It is so.")
    message.cite([Citation("https://example.com", "T", 3, 5)])
    item = json.loads(message.end(b"completed"))
    (annotation,) = item["content"][0]["annotations"]
    assert annotation == {
        "type": "url_citation",
        "url": "https://example.com",
        "title": "T",
        "start_index": 3,
        "end_index": 5,
    }
    blocks = events.take().decode().split("\n\n")
    (told,) = [one for one in blocks if one.startswith("event: response.output_text.annotation")]
    assert json.loads(told.partition("data: ")[2])["annotation"] == annotation
