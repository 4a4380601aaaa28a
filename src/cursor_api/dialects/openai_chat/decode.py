"""The body of a chat request, decoded; a long one message by message, its long texts in pieces.

Rules of this file:
- What comes out is what the plain decoder gives, but for a long text, which is a `LongPartIn`. What
  is not understood here is left to the plain decoder, which says what is wrong with it, and where.
- Nothing large is made in one go (wire/json_texts.py).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Raw

from cursor_api.dialects.openai_chat.schema import (
    TEXT_PARTS,
    ChatIn,
    LongPartIn,
    MessageIn,
    PartIn,
)
from cursor_api.wire.json_bounds import JsonLimits
from cursor_api.wire.json_decode import check_json, decode_checked
from cursor_api.wire.json_lenient import NOTHING
from cursor_api.wire.json_texts import LONG_BYTES, cut_in_steps, decode_each

_QUOTE: Final = ord('"')


class _RawChat(ChatIn, gc=False):
    messages: list[Raw]  # type: ignore[assignment]


class _RawMessage(MessageIn, gc=False):
    content: Raw = NOTHING  # type: ignore[assignment]


class _RawPart(PartIn, gc=False):
    text: Raw = NOTHING  # type: ignore[assignment]


_CHAT: Final = msgspec.json.Decoder(ChatIn)
_RAW_CHAT: Final = msgspec.json.Decoder(_RawChat)
_MESSAGE: Final = msgspec.json.Decoder(MessageIn)
_RAW_MESSAGE: Final = msgspec.json.Decoder(_RawMessage)
_CONTENT: Final[msgspec.json.Decoder[str | list[PartIn] | None]] = msgspec.json.Decoder(
    str | list[PartIn] | None
)
_ITEMS: Final = msgspec.json.Decoder(list[Raw])
_PART: Final = msgspec.json.Decoder(PartIn)
_RAW_PART: Final = msgspec.json.Decoder(_RawPart)


def decode_chat(body: bytes, limits: JsonLimits) -> Generator[None, None, ChatIn]:
    """A chat request's body, in steps; raises Fault and nothing else."""
    yield from check_json(body, limits)
    if len(body) > LONG_BYTES:
        # What fails there is decoded again in one go, whose errors name the field.
        with suppress(msgspec.MsgspecError, RecursionError):
            return (yield from _decode_long(body))
        yield
    return decode_checked(_CHAT, body, limits)


def _decode_long(body: bytes) -> Generator[None, None, ChatIn]:
    chat = _RAW_CHAT.decode(body)
    yield
    messages = yield from decode_each(chat.messages, _MESSAGE, _decode_message)
    return ChatIn(**(msgspec.structs.asdict(chat) | {"messages": messages}))


def _decode_message(raw: Raw) -> Generator[None, None, MessageIn]:
    message = _RAW_MESSAGE.decode(raw)
    yield
    content = yield from _decode_content(message.content)
    return MessageIn(**(msgspec.structs.asdict(message) | {"content": content}))


def _decode_content(raw: Raw) -> Generator[None, None, str | list[PartIn] | None]:
    text = memoryview(raw)
    if len(text) <= LONG_BYTES:
        return _CONTENT.decode(raw)
    if text[0] == _QUOTE:
        return [LongPartIn("text", pieces=(yield from cut_in_steps(text)))]
    return (yield from decode_each(_ITEMS.decode(raw), _PART, _decode_part))


def _decode_part(raw: Raw) -> Generator[None, None, PartIn]:
    part = _RAW_PART.decode(raw)
    text = memoryview(part.text)
    if len(text) <= LONG_BYTES or text[0] != _QUOTE:
        return _PART.decode(raw)
    yield
    if part.type not in TEXT_PARTS:
        # Nobody reads its text.
        return PartIn(part.type, None, part.refusal, part.image_url)
    pieces = yield from cut_in_steps(text)
    return LongPartIn(part.type, cache_control=part.cache_control, pieces=pieces)
