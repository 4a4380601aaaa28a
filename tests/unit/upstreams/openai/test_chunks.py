"""Chunks as servers write them, however they disagree about details."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from cursor_api.domain.deltas import Citation, Usage, UsageSource
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.openai.chunks import (
    decode_chunk,
    is_empty,
    read_citations,
    read_usage,
)


def counts(**given: Any) -> Usage | None:
    """What is made of the counts."""
    return read_usage(Raw(json.dumps(given).encode()))


def test_unknown_fields_are_skipped_whatever_they_hold() -> None:
    """At every level."""
    chunk = decode_chunk(
        json.dumps(
            {
                "x_groq": {"id": [1, {"a": None}]},
                "choices": [{"delta": {"content": "a", "annotations": [3]}, "token_ids": [1]}],
                "obfuscation": "zzz",
            }
        )
    )
    assert chunk.choices is not None
    assert chunk.choices[0].delta is not None
    assert chunk.choices[0].delta.content == "a"
    assert not chunk.is_error


@pytest.mark.parametrize("text", ["", "{", "[]", '{"choices": 3}', b"\xff", "[" * 99_999])
def test_what_is_no_chunk_is_a_fault_that_repeats_nothing(text: str | bytes) -> None:
    """It may be megabytes, and words of the conversation."""
    with pytest.raises(Fault) as caught:
        decode_chunk(text)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR
    assert caught.value.__cause__ is None


def test_half_a_character_is_no_reason_to_end_an_answer() -> None:
    """A server in between has cut an emoji; both halves are read as no character."""
    for half in (r"\ud83d", r"\ude00"):
        chunk = decode_chunk(f'{{"choices":[{{"delta":{{"content":"a{half}"}}}}]}}')
        assert chunk.choices
        delta = chunk.choices[0].delta
        assert delta is not None
        assert delta.content == "a\ufffd"


def test_errors_are_known_by_their_field_or_their_object() -> None:
    """`null` is no error."""
    assert decode_chunk('{"error": {"message": "no"}}').is_error
    assert decode_chunk('{"object": "error", "message": "no"}').is_error
    assert not decode_chunk('{"error": null, "object": "chat.completion.chunk"}').is_error


def test_usage_with_what_was_cached_and_thought() -> None:
    """In OpenAI's spelling and in DeepSeek's; nulls are zeros."""
    assert counts(
        prompt_tokens=100,
        completion_tokens=20,
        total_tokens=120,
        prompt_tokens_details={"cached_tokens": 60, "cache_write_tokens": 30, "audio_tokens": 0},
        completion_tokens_details={"reasoning_tokens": 15},
    ) == Usage(100, 20, UsageSource.UPSTREAM, 60, 30, 15)
    plain = Usage(100, 20, UsageSource.UPSTREAM, cache_read_count=60)
    assert counts(prompt_tokens=100, completion_tokens=20, prompt_cache_hit_tokens=60) == plain
    bare = {"prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": None}}
    assert counts(prompt_tokens=3, completion_tokens=0, **bare) == Usage(3, 0, UsageSource.UPSTREAM)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"prompt_tokens": -1},
        {"prompt_tokens": "7"},
        {"prompt_tokens": 1, "completion_tokens": None},
        {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 0.5}},
    ],
)
def test_counts_that_are_none_are_left_to_the_estimate(given: dict[str, Any]) -> None:
    """Zeros would be a lie, and an answer is whole without them."""
    assert counts(**given) is None


def test_pages_among_the_annotations_of_a_text() -> None:
    """With the place of their words where it is told; what is no page is skipped."""
    page = {"url": "https://example.com", "title": "T", "start_index": 3, "end_index": 9}
    bare = {"url": "https://example.org"}
    told = [{"type": "url_citation", "url_citation": one} for one in (page, bare, {"url": 7})]
    assert read_citations([*told, {"type": "file_citation"}, 7]) == (
        Citation("https://example.com", "T", 3, 9),
        Citation("https://example.org", ""),
    )
    assert read_citations({"url_citation": page}) == ()


def test_a_field_that_is_not_there_is_as_empty_as_null() -> None:
    """For what is kept as it came."""
    assert is_empty(Raw(b""))
    assert is_empty(Raw(b"null"))
    assert not is_empty(Raw(b"{}"))
    assert read_usage(Raw(b"")) is None
