"""Long JSON in steps and in pieces. That a cut text is the same text: tests/property."""

from __future__ import annotations

import sys
from collections.abc import Generator

import msgspec
import pytest

from cursor_api.wire.json_texts import (
    LONG_BYTES,
    PIECE_BYTES,
    cut_in_steps,
    decode_arguments,
    decode_each,
    decode_text,
)
from tests.steps import count_steps, finish


def test_a_long_text_comes_in_pieces() -> None:
    """One emoji makes four bytes of each character of its own piece, and of no other."""
    raw = msgspec.json.encode("a" * LONG_BYTES + "\U0001f600")
    pieces, step_count = count_steps(cut_in_steps(memoryview(raw)))
    assert "".join(pieces) == "a" * LONG_BYTES + "\U0001f600"
    assert max(map(sys.getsizeof, pieces)) < 5 * PIECE_BYTES
    assert step_count > LONG_BYTES // PIECE_BYTES
    assert finish(decode_text(msgspec.Raw(raw))) == pieces
    assert finish(decode_arguments(msgspec.Raw(raw))) == "".join(pieces).encode()


def test_items_are_decoded_some_in_a_step() -> None:
    """A long one takes steps of its own."""
    raws = [msgspec.Raw(b'"%b"' % (b"a" * size)) for size in (1, PIECE_BYTES, LONG_BYTES, 2)]
    decoder = msgspec.json.Decoder(str)
    found, step_count = count_steps(decode_each(raws, decoder, _decode_long))
    assert found == ["a", "a" * PIECE_BYTES, "long", "aa"]
    assert step_count == 4


def _decode_long(_raw: msgspec.Raw) -> Generator[None, None, str]:
    yield
    return "long"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'"{\\"a\\": 1}"', '{"a": 1}'),
        (b'{"a" : [1, "\xc3\xa9"]}', '{"a" : [1, "é"]}'),
        (b"null", ""),
        (b'""', ""),
        (b"7", "7"),
    ],
)
def test_tool_arguments_are_json_text_or_the_value_itself(raw: bytes, text: str) -> None:
    """A string is unpacked once; any other value keeps the caller's own spelling."""
    assert finish(decode_arguments(msgspec.Raw(raw))) == text.encode()


@pytest.mark.parametrize(
    ("raw", "texts"),
    [(b'"a\\n"', ["a\n"]), (b"null", []), (b"7", []), (b'{"a":1}', []), (b'["a"]', [])],
)
def test_a_text_that_need_not_be_one_is_nothing_of_any_other_type(
    raw: bytes, texts: list[str]
) -> None:
    """A client's own field was never a reason to refuse its request."""
    assert finish(decode_text(msgspec.Raw(raw))) == texts
