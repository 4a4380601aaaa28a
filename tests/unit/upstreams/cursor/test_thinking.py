"""Reasoning between tags in the text."""

from __future__ import annotations

import pytest

from cursor_api.domain.deltas import Delta, ReasoningDelta, TextDelta
from cursor_api.upstreams.cursor.thinking import ThinkingSplitter
from tests.cutting import joined


def split(*pieces: str) -> list[Delta]:
    """All deltas of an answer."""
    splitter = ThinkingSplitter()
    deltas = [delta for piece in pieces for delta in splitter.feed(piece)]
    return deltas + splitter.close()


def test_tags_as_whole_frames_are_removed() -> None:
    """What the traces show: each tag a frame of its own."""
    assert split("<think>\n", "The user", " asks.", "\n</think>\n\n", "Four", ".") == [
        ReasoningDelta("The user"),
        ReasoningDelta(" asks."),
        TextDelta("Four"),
        TextDelta("."),
    ]


def test_an_answer_without_tags_is_text_at_once() -> None:
    """Nothing waits, and nobody needs to ask again."""
    splitter = ThinkingSplitter()
    assert splitter.feed("Hello") == [TextDelta("Hello")]
    assert splitter.is_answering
    assert splitter.feed("<think>\n") == [TextDelta("<think>\n")]
    assert splitter.close() == []


@pytest.mark.parametrize(
    "text",
    [
        "<think> is a tag.",
        "<think>",
        "<thi",
        "<",
        "<b>bold</b>",
        "\n<think>\nx",
        "Use <think>\nlike this\n</think>\n\n.",
    ],
)
def test_text_that_does_not_begin_with_the_tag_line_stays_text(text: str) -> None:
    """However it is cut: nothing is lost or taken for reasoning."""
    for at in range(len(text)):
        assert joined(split(*filter(None, (text[:at], text[at:])))) == ("", text)
    assert joined(split(*text)) == ("", text)


@pytest.mark.parametrize(
    ("whole", "reasoning", "text"),
    [
        ("<think>\nWhy?\n</think>\n\nSo.", "Why?", "So."),
        ("<think>\n\n\nWhy?\n\n</think>\n\n\n\nSo.\n", "\n\nWhy?\n", "\n\nSo.\n"),
        ("<think>\n</think>\n\nSo.", "", "So."),
        ("<think>\n</think>", "", ""),
        ("<think>\na </think> b\n</thin\n</think>So", "a </think> b\n</thin", "So"),
        ("<think>\na\n</think>\nSo", "a", "So"),
        ("<think>\na\n</think>\n\n<think>\nb\n</think>\n\nc", "a", "<think>\nb\n</think>\n\nc"),
        ("<think>\nnever ends\n", "never ends\n", ""),
        ("<think>\nnever ends\n</thi", "never ends\n</thi", ""),
        ("<think>\n", "", ""),
        ("<think>\n\n", "\n", ""),
    ],
)
def test_where_the_pieces_are_cut_does_not_matter(whole: str, reasoning: str, text: str) -> None:
    """Whole, in two at every place, and one character at a time: the same."""
    assert joined(split(whole)) == (reasoning, text)
    assert joined(split(*whole)) == (reasoning, text)
    for at in range(1, len(whole)):
        assert joined(split(whole[:at], whole[at:])) == (reasoning, text)


def test_reasoning_is_delivered_while_it_comes() -> None:
    """Only what may be the beginning of a tag waits."""
    splitter = ThinkingSplitter()
    assert splitter.feed("<think>\n") == []
    assert splitter.feed("one line\n") == [ReasoningDelta("one line")]
    assert splitter.feed("</th") == []
    assert splitter.feed("at is it") == [ReasoningDelta("\n</that is it")]
    assert repr(splitter) == "<ThinkingSplitter thinking, holds ''>"
