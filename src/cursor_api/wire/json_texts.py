"""Long JSON in steps: lists item by item, long texts in pieces.

Rules of this file:
- All of it was found to be well-formed JSON before.
- Nothing large is made in one go: Python has a text of ten megabytes with one emoji as forty, and
  what holds the event loop is not its decoding but the new memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Final, TypeVar

import msgspec

# Longer bodies, messages, contents and texts are taken apart. As text the bound is 4 MiB at most.
LONG_BYTES: Final = 1 << 20
# The size of a piece of a long text, and of the messages or parts that are decoded in one step.
PIECE_BYTES: Final = 256 * 1024
# What each message or part adds to its own size, as it costs time however short it is.
ITEM_BYTES: Final = 1024

_T = TypeVar("_T")

_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_LONG_ESCAPE: Final = ord("u")
# `\u4e2d`; all others have two bytes.
_ESCAPE_BYTES: Final = 6
_HIGH_SURROGATE: Final = re.compile(rb"\\u[dD][89abAB]")

_TEXT: Final = msgspec.json.Decoder(str)


def decode_each(
    items: Iterable[msgspec.Raw],
    decoder: msgspec.json.Decoder[_T],
    decode_long: Callable[[msgspec.Raw], Generator[None, None, _T]],
) -> Generator[None, None, list[_T]]:
    """Short ones by `decoder`, some in a step."""
    found: list[_T] = []
    size = 0
    for raw in items:
        length = len(memoryview(raw))
        if length > LONG_BYTES:
            found.append((yield from decode_long(raw)))
        else:
            found.append(decoder.decode(raw))
        size += ITEM_BYTES + length
        if size >= PIECE_BYTES:
            size = 0
            yield
    return found


def decode_text(raw: msgspec.Raw) -> Generator[None, None, list[str]]:
    """A JSON string, in steps and, where it is long, in pieces; nothing for any other value."""
    text = memoryview(raw)
    if text[0] != _QUOTE:
        return []
    if len(text) <= LONG_BYTES:
        return [_TEXT.decode(raw)]
    return (yield from cut_in_steps(text))


def decode_arguments(raw: msgspec.Raw) -> Generator[None, None, bytes]:
    """What a JSON string says, or the JSON text itself of any other value; b"" for null."""
    text = memoryview(raw)
    if text[0] != _QUOTE:
        return b"" if bytes(text[:5]) == b"null" else bytes(text)
    if len(text) <= LONG_BYTES:
        return _TEXT.decode(raw).encode()
    pieces = []
    for piece in cut_text(text, PIECE_BYTES):
        pieces.append(piece.encode())
        yield
    return b"".join(pieces)


def cut_in_steps(text: memoryview) -> Generator[None, None, list[str]]:
    """A long JSON string in pieces; `text` has its quotes."""
    pieces: list[str] = []
    for piece in cut_text(text, PIECE_BYTES):
        pieces.append(piece)
        yield
    return pieces


def cut_text(text: memoryview, size_bytes: int) -> Iterator[str]:
    """A JSON string in pieces of about so many bytes; `text` has its quotes."""
    start, end = 1, len(text) - 1
    while start < end:
        cut = end if end - start <= size_bytes else find_cut(text, start, start + size_bytes)
        yield _TEXT.decode(b'"%b"' % bytes(text[start:cut]))
        start = cut


def find_cut(text: memoryview, start: int, at: int) -> int:
    """Where it can be cut before `at`: within no character, no escape and no pair of escapes."""
    while text[at] & 0xC0 == 0x80:  # noqa: PLR2004 - RFC 3629, section 3
        at -= 1
    for back in range(1, _ESCAPE_BYTES):
        if _is_escape(text, start, at - back):
            size = _ESCAPE_BYTES if text[at - back + 1] == _LONG_ESCAPE else 2
            if size > back:
                at -= back
            break
    before = at - _ESCAPE_BYTES
    if _HIGH_SURROGATE.match(text[before:at]) and _is_escape(text, start, before):
        return before
    return at


def _is_escape(text: memoryview, start: int, at: int) -> bool:
    """Whether an escape begins there: a backslash that no other one has escaped."""
    if text[at] != _BACKSLASH:
        return False
    before = bytes(text[start : at + 1])
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 1
