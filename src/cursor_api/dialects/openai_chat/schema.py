"""What OpenAI's clients write, as types.

Rules of this file:
- Only what the gateway reads has a type. Every other field and message key is skipped, whatever
  it holds: clients send `tools`, `metadata`, `temperature` and more, this wire serves none.
- A text is decoded in one call; a long one is taken apart before (decode.py).
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

# `gc=False`: these structs form no cycles, and a large body would otherwise make the collector
# walk hundreds of thousands of them.


class ImageUrlIn(Struct, gc=False):
    """`{"url": …, "detail": …}`."""

    url: str | None = None


class PartIn(Struct, gc=False):
    """One piece of a `content` list."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | ImageUrlIn | None = None


class PieceIn(PartIn, gc=False):
    """More of a long text: no part that anybody wrote, and never decoded as such."""


class FunctionIn(Struct, gc=False):
    """`arguments` is JSON text; some clients send the object itself, hence Raw."""

    name: str | None = None
    arguments: msgspec.Raw = msgspec.Raw(b'""')


class CustomIn(Struct, gc=False):
    """A call to a tool with free-form input."""

    name: str | None = None
    input: str | None = None


class ToolCallIn(Struct, gc=False):
    """A call the assistant made in an earlier turn."""

    id: str | None = None
    function: FunctionIn | None = None
    custom: CustomIn | None = None


class MessageIn(Struct, gc=False):
    """One turn. `function_call` and the role `function` are the spelling before `tools`."""

    role: str
    content: str | list[PartIn] | None = None
    refusal: str | None = None
    name: str | None = None
    tool_calls: list[ToolCallIn] | None = None
    tool_call_id: str | None = None
    function_call: FunctionIn | None = None


class StreamOptionsIn(Struct, gc=False):
    """`{"include_usage": true}`."""

    include_usage: bool | None = None


class ChatIn(Struct, gc=False):
    """The body of POST /v1/chat/completions."""

    model: str
    messages: list[MessageIn]
    stream: bool | None = None
    stream_options: StreamOptionsIn | None = None
    n: int | None = None


# What a text may be called; the answers of one model are the questions of another.
TEXT_PARTS = frozenset({"text", "input_text", "output_text"})

_QUOTE = ord('"')
_TEXT_DECODER = msgspec.json.Decoder(str)


def decode_json_text(raw: msgspec.Raw) -> str:
    """A JSON string's text, or the JSON text itself of any other value; "" for null."""
    text = memoryview(raw)
    if text[0] == _QUOTE:
        return _TEXT_DECODER.decode(raw)
    return "" if bytes(text[:5]) == b"null" else str(text, "utf-8")
