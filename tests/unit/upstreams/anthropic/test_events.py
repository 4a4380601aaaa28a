"""The types of what servers write, and how tokens are counted."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Raw

from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.upstreams.anthropic.events import (
    Counts,
    decode_event,
    decode_message,
    not_of_an_answer,
)
from cursor_api.wire.json_lenient import NOTHING
from cursor_api.wire.surrogates import Halves


def count(*told: str) -> Usage | None:
    """What these usage objects come to."""
    counts = Counts()
    for one in told:
        counts.take(Raw(one.encode()))
    assert repr(counts).startswith("Counts(")
    return counts.read()


def test_counts_are_those_of_the_whole_input() -> None:
    """What the cache gave and took is no part of `input_tokens` there; the last figure counts."""
    begun = (
        '{"input_tokens": 3, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 500,'
        ' "output_tokens": 1}'
    )
    ended = '{"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}'
    assert count(begun, ended) == Usage(543, 9, UsageSource.UPSTREAM, 40, 500, 4)
    # Some servers know the input only at the end, and some say 0 there.
    assert count('{"input_tokens": 0}', '{"input_tokens": 5, "output_tokens": 2}') == Usage(
        5, 2, UsageSource.UPSTREAM
    )
    assert count(begun, '{"input_tokens": 0, "output_tokens": 9}') == Usage(
        543, 9, UsageSource.UPSTREAM, 40, 500
    )


@pytest.mark.parametrize("told", ["null", "3", '{"output_tokens": -1}', '{"input_tokens": "x"}'])
def test_what_is_no_count_is_none(told: str) -> None:
    """The relay estimates then."""
    assert count(told) is None


def test_only_what_is_read_has_a_type() -> None:
    """Anything may stand in every other field."""
    said = decode_event('{"type": "x", "other": {"index": []}, "index": 2}')
    assert (said.type, said.index, said.usage) == ("x", 2, NOTHING)
    assert decode_message(b'{"content": null, "id": 3}').content is None
    with pytest.raises(msgspec.ValidationError):
        decode_event('{"delta": 3}')
    assert "no piece of an answer" in not_of_an_answer().message


def test_half_a_character_is_no_reason_to_end_an_answer() -> None:
    """A server in between has cut an emoji."""
    event = decode_event(r'{"type":"content_block_delta","delta":{"text":"a\ud83d"}}')
    assert event.delta is not None
    assert event.delta.text == "a\ufffd"
    halves = Halves()
    texts = []
    for piece in (r"a\ud83d", r"\ude00b", r"\ud83d", "c", r"\ude00"):
        event = decode_event(
            f'{{"type":"content_block_delta","delta":{{"text":"{piece}"}}}}', halves
        )
        assert event.delta is not None
        texts.append(event.delta.text)
    assert texts == ["a", "😀b", "", "c", "\ufffd"]
    for wrong in ("{", '{"type":1}', r'{"type":"\ud83d'):
        with pytest.raises(msgspec.DecodeError):
            decode_event(wrong)
