"""The body of a messages request, decoded; a long one message by message, long texts in pieces.

Rules of this file:
- What comes out is what the plain decoder gives, but for a long text, which is a `LongBlockIn`.
  What is not understood here is left to the plain decoder, which says what is wrong with it.
- Nothing large is made in one go (wire/json_texts.py).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Raw

from cursor_api.dialects.anthropic_messages.schema import (
    BlockIn,
    Content,
    LongBlockIn,
    MessageIn,
    MessagesIn,
)
from cursor_api.wire.json_bounds import JsonLimits
from cursor_api.wire.json_decode import check_json, decode_checked
from cursor_api.wire.json_lenient import NOTHING
from cursor_api.wire.json_texts import LONG_BYTES, cut_in_steps, decode_each

_QUOTE: Final = ord('"')


class _RawMessages(MessagesIn, gc=False):
    messages: list[Raw]  # type: ignore[assignment]
    system: Raw = NOTHING  # type: ignore[assignment]


class _RawMessage(MessageIn, gc=False):
    content: Raw  # type: ignore[assignment]


class _RawBlock(BlockIn, gc=False):
    text: Raw = NOTHING  # type: ignore[assignment]
    thinking: Raw = NOTHING  # type: ignore[assignment]


_BODY: Final = msgspec.json.Decoder(MessagesIn)
_RAW_BODY: Final = msgspec.json.Decoder(_RawMessages)
_MESSAGE: Final = msgspec.json.Decoder(MessageIn)
_RAW_MESSAGE: Final = msgspec.json.Decoder(_RawMessage)
_CONTENT: Final[msgspec.json.Decoder[Content | None]] = msgspec.json.Decoder(Content | None)
_ITEMS: Final = msgspec.json.Decoder(list[Raw])
_BLOCK: Final = msgspec.json.Decoder(BlockIn)
_RAW_BLOCK: Final = msgspec.json.Decoder(_RawBlock)


def decode_messages(body: bytes, limits: JsonLimits) -> Generator[None, None, MessagesIn]:
    """A request's body, in steps; raises Fault and nothing else."""
    yield from check_json(body, limits)
    if len(body) > LONG_BYTES:
        # What fails there is decoded again in one go, whose errors name the field.
        with suppress(msgspec.MsgspecError, RecursionError):
            return (yield from _decode_long(body))
        yield
    return decode_checked(_BODY, body, limits)


def decode_content(raw: Raw) -> Generator[None, None, Content | None]:
    """What is said in a message or a block; raises msgspec's error where it is no content."""
    text = memoryview(raw)
    if len(text) <= LONG_BYTES:
        return _CONTENT.decode(raw)
    if text[0] == _QUOTE:
        return [LongBlockIn("text", pieces=(yield from cut_in_steps(text)))]
    return (yield from decode_each(_ITEMS.decode(raw), _BLOCK, _decode_block))


def _decode_long(body: bytes) -> Generator[None, None, MessagesIn]:
    asked = _RAW_BODY.decode(body)
    yield
    system = yield from decode_content(asked.system)
    messages = yield from decode_each(asked.messages, _MESSAGE, _decode_message)
    decoded = {"messages": messages, "system": system}
    return MessagesIn(**(msgspec.structs.asdict(asked) | decoded))


def _decode_message(raw: Raw) -> Generator[None, None, MessageIn]:
    message = _RAW_MESSAGE.decode(raw)
    yield
    content = yield from decode_content(message.content)
    if content is None:
        return _MESSAGE.decode(raw)
    return MessageIn(message.role, content)


def _decode_block(raw: Raw) -> Generator[None, None, BlockIn]:
    block = _RAW_BLOCK.decode(raw)
    texts = {"text": memoryview(block.text), "thinking": memoryview(block.thinking)}
    if all(len(text) <= LONG_BYTES or text[0] != _QUOTE for text in texts.values()):
        return _BLOCK.decode(raw)
    yield
    text = texts.get(block.type)
    if text is None or text[0] != _QUOTE:
        # Nobody reads the long one.
        unread = {"text": None, "thinking": None}
        return BlockIn(**(msgspec.structs.asdict(block) | unread))
    pieces = yield from cut_in_steps(text)
    return LongBlockIn(
        block.type, signature=block.signature, cache_control=block.cache_control, pieces=pieces
    )
