"""Halves of characters, which JavaScript leaves where it cuts a text within an emoji.

In a request such a half stands in a conversation for ever: whoever has it in the history could ask
nothing more. Hence it becomes U+FFFD, as in any browser that writes it down, and the answer says
so. In an answer it is what a server in between has cut: one emoji is no reason to end it, and where
both halves come, in two pieces, it is one again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import Any, Final, TypeVar

import msgspec

from cursor_api.domain.errors import Fault
from cursor_api.wire.json_texts import find_cut

# What the answer names it, beside parameters.
LONE_SURROGATES: Final = "lone_surrogates"
# In one step: of nothing but halves two milliseconds' work.
SLICE_BYTES: Final = 32 * 1024

# A longer piece of an answer was not cut for streaming.
PIECE_BYTES_MAX: Final = 64 * 1024

_T = TypeVar("_T")

_HIGH: Final = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW: Final = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE: Final = re.compile(rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW))
# Of a string: a second half at its beginning, and a first one at its end, whose backslash is not
# escaped itself.
_BEGINS: Final = re.compile(rb'"(%b)' % _LOW)
_ENDS: Final = re.compile(rb'(?<!\\)(%b)"' % _HIGH)
# As long as what it replaces, so that places in the text stay.
_REPLACEMENT: Final = rb"\ufffd"


def replace_lone_surrogates(body: bytes) -> Generator[None, None, bytes]:
    """The same JSON text without halves of pairs; the very same object where there are none."""
    if len(body) > SLICE_BYTES:
        # To decode it has taken as long as a step may last.
        yield
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    mended: bytearray | None = None
    text = memoryview(body)
    start = 0
    while start < len(body):
        end = len(body)
        if end - start > SLICE_BYTES:
            end = find_cut(text, start, start + SLICE_BYTES)
        # A backslash that is escaped escapes nothing. Runs of them are read from the left.
        plain = body[start:end].replace(rb"\\", b"__")
        for found in _LONE.finditer(plain):
            if mended is None:
                mended = bytearray(body)
            place = start + found.start()
            mended[place : place + len(_REPLACEMENT)] = _REPLACEMENT
        start = end
        if start < len(body):
            yield
    return body if mended is None else bytes(mended)


def mend_piece(piece: str | bytes) -> bytes | None:
    """A piece of an answer without halves of pairs; None where there are none, or it is long."""
    body = piece.encode() if isinstance(piece, str) else piece
    if len(body) > PIECE_BYTES_MAX:
        return None
    steps = replace_lone_surrogates(body)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return None if end.value is body else bytes(end.value)


class Halves:
    """Mends the pieces of one answer.

    `held` is the half that the last one ended with. It is set to b"" where the next one needs no
    mending: it is no character then.
    """

    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held = b""

    def mend(self, piece: str | bytes) -> bytes | None:
        """A piece without halves of pairs; None where there are none, or it is long."""
        body = piece.encode() if isinstance(piece, str) else piece
        held, self.held = self.held, b""
        whole = body
        if held and (low := _BEGINS.search(body)):
            whole = body[: low.start(1)] + held + body[low.start(1) :]
        if len(body) <= PIECE_BYTES_MAX and (high := _ENDS.search(whole)):
            self.held = high[1]
            whole = whole[: high.start(1)] + whole[high.end(1) :]
        mended = mend_piece(whole)
        return whole if mended is None and whole is not body else mended


def decode_piece(piece: str | bytes) -> Any:
    """Any JSON value, without halves of pairs; raises what msgspec does, and RecursionError."""
    try:
        return msgspec.json.decode(piece)
    except msgspec.DecodeError:
        mended = mend_piece(piece)
        if mended is None:
            raise
    return msgspec.json.decode(mended)


def decode_mended(
    body: bytes, decode: Callable[[bytes], Generator[None, None, _T]]
) -> Generator[None, None, tuple[_T, bytes]]:
    """What `decode` makes of a body, and the body: without halves of pairs, where it had some.

    They are not looked for before: where there are none, that takes longer than to decode.
    """
    try:
        return (yield from decode(body)), body
    except Fault as fault:
        if fault.code != "invalid_json":
            raise
        mended = yield from replace_lone_surrogates(body)
        if mended is body:
            raise
    return (yield from decode(mended)), mended
