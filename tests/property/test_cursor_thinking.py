"""Reasoning between tags under every cutting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.deltas import ReasoningDelta, TextDelta
from cursor_api.upstreams.cursor.thinking import ThinkingSplitter
from tests.cutting import cut, joined

# Made of what tags are made of, so that near misses are common.
PIECES = st.lists(
    st.sampled_from(["<think>\n", "\n</think>\n\n", "\n", "<", "</", "think", ">", "a b", "世界"]),
    max_size=12,
).map("".join)


def split(pieces: list[str]) -> tuple[str, str]:
    """(reasoning, text); no delta is empty."""
    splitter = ThinkingSplitter()
    deltas = [delta for piece in filter(None, pieces) for delta in splitter.feed(piece)]
    deltas += splitter.close()
    assert all(delta.text for delta in deltas if isinstance(delta, TextDelta | ReasoningDelta))
    return joined(deltas)


@given(text=PIECES, places=st.lists(st.integers(0, 100), max_size=10))
def test_where_a_text_is_cut_does_not_matter(text: str, places: list[int]) -> None:
    """Any pieces of any text give what the whole gives."""
    assert split(cut(text, places)) == split([text]) == split(list(text))


@given(PIECES)
def test_nothing_is_lost_but_tags(text: str) -> None:
    """Without the first tag it is all text; with it, tags and their newlines are all that goes."""
    reasoning, rest = split([text])
    if not text.startswith("<think>\n"):
        assert (reasoning, rest) == ("", text)
        return
    head, end, tail = text.removeprefix("<think>").partition("\n</think>")
    assert reasoning == head.removeprefix("\n")
    gone = len(tail) - len(rest)
    assert tail == "\n" * gone + rest
    assert gone <= 2
    assert end or not rest
