"""Halves of characters become U+FFFD; all else stays byte for byte."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.domain.content import Text, Thinking, ToolUse
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.surrogates import (
    LONE_SURROGATES,
    PIECE_BYTES_MAX,
    SLICE_BYTES,
    Halves,
    mend_piece,
    replace_lone_surrogates,
)
from tests.steps import count_steps, finish

# Texts with emoji, halves of them, and backslashes in front of what looks like them.
PIECES = st.sampled_from(["a", "中", "😀", "\ud83d", "\ude00", "\\", "\\ud83d", "\\\\ude00", '"'])

HALVES = ["\ud83d", "\ude00", "\ude00\ud83d", "\ud83d\ud83d"]


def parse(*messages: object, **fields: object) -> ParsedRequest:
    """A request of these messages, as JavaScript and Python write it."""
    body = json.dumps({"model": "m", "messages": messages, **fields}).encode()
    return finish(parse_request(body, RequestLimits()))


@pytest.mark.parametrize("half", HALVES)
def test_half_a_character_sticks_no_conversation(half: str) -> None:
    """In a message's text, its reasoning, a call's arguments and a tool; the answer says so."""
    whole = "\ufffd" * len(half)
    call = {"id": "c", "function": {"name": "f", "arguments": half}}
    said = {"role": "assistant", "content": f"a{half}", "reasoning": half, "tool_calls": [call]}
    tool = {"type": "function", "function": {"name": "f", "description": f"{half}😀"}}
    parsed = parse(said, {"role": "user", "content": "😀"}, tools=[tool])
    assert parsed.ignored == (LONE_SURROGATES,)
    first, second = parsed.chat.messages
    assert first.parts == (Thinking(whole), Text(f"a{whole}"), ToolUse("c", "f", whole.encode()))
    assert second.text == "😀"
    assert parsed.chat.parameters.tools[0].description == f"{whole}😀"
    # The body that goes on to an upstream of this dialect is text as well.
    native = parsed.chat.origin.native
    assert native is not None
    json.loads(native.body)["messages"][0]["content"].encode()


def test_a_whole_request_stays_as_it_is() -> None:
    """Pairs are characters, and what is escaped itself is no escape: the very same bytes."""
    body = json.dumps({"a": "😀 \\ud83d \\\\ude00"}).encode()
    assert finish(replace_lone_surrogates(body)) is body
    assert parse({"role": "user", "content": "😀 \\ud83d"}).ignored == ()


@given(st.lists(PIECES, max_size=40).map("".join), st.integers(0, 20))
def test_what_comes_out_is_what_a_browser_would_write(text: str, before: int) -> None:
    """Wherever the slices are cut: as Python replaces what has no UTF-8 form."""
    padding = "x" * (SLICE_BYTES - before)
    body = json.dumps(padding + text).encode()
    expected = (padding + text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    found = json.loads(finish(replace_lone_surrogates(body)))
    # Two halves that met in Python are one character in JSON.
    assert found == expected


def test_megabytes_of_halves_are_replaced_in_steps() -> None:
    """Others have their turn meanwhile."""
    body = b'"' + b"\\ud83d" * 500_000 + b'"'
    started = time.process_time()
    mended, step_count = count_steps(replace_lone_surrogates(body))
    assert time.process_time() - started < 5
    assert json.loads(mended) == "\ufffd" * 500_000
    assert step_count > len(body) // SLICE_BYTES


def test_bytes_that_are_no_json_stay_invalid() -> None:
    """A replacement does not make a request of them."""
    for body in (b"\\ud83d", b'{"a":"\\ud83d"', b'"\\\\\\ud83d\\'):
        with pytest.raises(json.JSONDecodeError):
            json.loads(finish(replace_lone_surrogates(body)))


@pytest.mark.parametrize("piece", [r'{"a":"x\ud83d"}', rb'{"a":"x\ud83d"}'])
def test_a_piece_of_an_answer_is_mended_where_it_has_a_half(piece: str | bytes) -> None:
    """Of one that has none, or that nobody has cut for streaming, there is nothing to gain."""
    assert mend_piece(piece) == rb'{"a":"x\ufffd"}'
    assert mend_piece(r'{"a":"\ud83d\ude00"') is None
    halves = r"\ud83d" * (PIECE_BYTES_MAX // 6)
    mended = mend_piece(halves)
    assert mended is not None
    assert b"ud83d" not in mended
    assert mend_piece(halves + "longer") is None


def test_halves_in_two_pieces_are_one_character() -> None:
    """What the second goes on with; a half that nothing goes on with is replaced, or left out."""
    halves = Halves()
    assert halves.mend(r'{"a":"x\ud83d"}') == b'{"a":"x"}'
    assert halves.held == rb"\ud83d"
    assert halves.mend(r'{"a":"\ude00y"}') == rb'{"a":"\ud83d\ude00y"}'
    assert halves.held == b""
    assert halves.mend(r'{"a":"\ude00y"}') == rb'{"a":"\ufffdy"}'
    # Three in a row, each cut; one that is no half at all, and a long piece.
    assert halves.mend(r'{"a":"\ud83d"}') == b'{"a":""}'
    assert halves.mend(r'{"a":"\ude00\ud83d"}') == rb'{"a":"\ud83d\ude00"}'
    assert halves.mend(r'{"a":"\\ud83d"}') is None
    assert halves.mend(r"\ud83d" * PIECE_BYTES_MAX + '"') is None
