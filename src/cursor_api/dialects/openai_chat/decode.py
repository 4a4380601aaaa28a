"""The body of a chat request, decoded; a long one message by message, its long texts in pieces.

Rules of this file:
- What comes out is what the plain decoder gives, but for a long text, which is a `LongPartIn`. What
  is not understood here is left to the plain decoder, which says what is wrong with it, and where.
- Nothing large is made in one go: Python has a text of ten megabytes with one emoji as forty, and
  what holds the event loop is not its decoding but the new memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import Final, TypeVar

import msgspec

from cursor_api.dialects.openai_chat.schema import (
    TEXT_PARTS,
    ChatIn,
    LongPartIn,
    MessageIn,
    PartIn,
)
from cursor_api.wire.json_bounds import JsonLimits
from cursor_api.wire.json_decode import check_json, decode_checked

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


class _RawChat(ChatIn, gc=False):
    messages: list[msgspec.Raw]  # type: ignore[assignment]


class _RawMessage(MessageIn, gc=False):
    content: msgspec.Raw = msgspec.Raw(b"null")  # type: ignore[assignment]


class _RawPart(PartIn, gc=False):
    text: msgspec.Raw = msgspec.Raw(b"null")  # type: ignore[assignment]


_CHAT: Final = msgspec.json.Decoder(ChatIn)
_RAW_CHAT: Final = msgspec.json.Decoder(_RawChat)
_MESSAGE: Final = msgspec.json.Decoder(MessageIn)
_RAW_MESSAGE: Final = msgspec.json.Decoder(_RawMessage)
_CONTENT: Final[msgspec.json.Decoder[str | list[PartIn] | None]] = msgspec.json.Decoder(
    str | list[PartIn] | None
)
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_PART: Final = msgspec.json.Decoder(PartIn)
_RAW_PART: Final = msgspec.json.Decoder(_RawPart)
_TEXT: Final = msgspec.json.Decoder(str)


def decode_chat(body: bytes, limits: JsonLimits) -> Generator[None, None, ChatIn]:
    """A chat request's body, in steps; raises Fault and nothing else."""
    yield from check_json(body, limits)
    if len(body) > LONG_BYTES:
        # Whatever that stumbles over, the plain decoder has the words for.
        with suppress(msgspec.MsgspecError, RecursionError):
            return (yield from _decode_long(body))
    return decode_checked(_CHAT, body, limits)


def _decode_long(body: bytes) -> Generator[None, None, ChatIn]:
    chat = _RAW_CHAT.decode(body)
    yield
    messages = yield from _decode_each(chat.messages, _MESSAGE, _decode_message)
    return ChatIn(**(msgspec.structs.asdict(chat) | {"messages": messages}))


def _decode_each(
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


def _decode_message(raw: msgspec.Raw) -> Generator[None, None, MessageIn]:
    message = _RAW_MESSAGE.decode(raw)
    yield
    content = yield from _decode_content(message.content)
    return MessageIn(**(msgspec.structs.asdict(message) | {"content": content}))


def _decode_content(raw: msgspec.Raw) -> Generator[None, None, str | list[PartIn] | None]:
    text = memoryview(raw)
    if len(text) <= LONG_BYTES:
        return _CONTENT.decode(raw)
    if text[0] == _QUOTE:
        return [LongPartIn("text", pieces=(yield from _cut_in_steps(text)))]
    return (yield from _decode_each(_ITEMS.decode(raw), _PART, _decode_part))


def _decode_part(raw: msgspec.Raw) -> Generator[None, None, PartIn]:
    part = _RAW_PART.decode(raw)
    text = memoryview(part.text)
    if len(text) <= LONG_BYTES or text[0] != _QUOTE:
        return _PART.decode(raw)
    yield
    if part.type not in TEXT_PARTS:
        # Nobody reads its text.
        return PartIn(part.type, None, part.refusal, part.image_url)
    pieces = yield from _cut_in_steps(text)
    return LongPartIn(part.type, cache_control=part.cache_control, pieces=pieces)


def decode_text(raw: msgspec.Raw) -> Generator[None, None, list[str]]:
    """A JSON string, in steps and, where it is long, in pieces; nothing for any other value."""
    text = memoryview(raw)
    if text[0] != _QUOTE:
        return []
    if len(text) <= LONG_BYTES:
        return [_TEXT.decode(raw)]
    return (yield from _cut_in_steps(text))


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


def _cut_in_steps(text: memoryview) -> Generator[None, None, list[str]]:
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
