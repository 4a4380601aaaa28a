"""What Anthropic-compatible servers write, as types: events of a stream, and whole answers.

Rules of this file:
- One flat type for all events, and one for all blocks: each is decoded once, whatever it is.
- Only what is read has a type; every other field is skipped, whatever it holds.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.json_lenient import NOTHING
from cursor_api.wire.surrogates import Halves, mend_piece

# `gc=False`: what is decoded from JSON forms no cycles.

_Count = Annotated[int, Meta(ge=0)]


class BlockIn(Struct, gc=False):
    """A block as it begins in a stream, or whole. `input` is an object."""

    type: str = ""
    id: str | None = None
    name: str | None = None
    input: Raw = NOTHING
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    citations: Any = None


class StopDetailsIn(Struct, gc=False):
    """Why the model refuses."""

    explanation: str | None = None


class DeltaIn(Struct, gc=False):
    """A piece of a block, or of the message itself."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    citation: Any = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetailsIn | None = None


class MessageIn(Struct, gc=False):
    """A message as it begins in a stream, or whole."""

    type: str = ""
    content: list[BlockIn] | None = None
    usage: Raw = NOTHING
    error: Raw = NOTHING
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetailsIn | None = None


class EventIn(Struct, gc=False):
    """One event of a stream. `index` is the number of the block that it is about."""

    type: str = ""
    index: int = 0
    message: MessageIn | None = None
    content_block: BlockIn | None = None
    delta: DeltaIn | None = None
    usage: Raw = NOTHING


class _OutputDetailsIn(Struct, gc=False):
    thinking_tokens: _Count | None = None


class _UsageIn(Struct, gc=False):
    input_tokens: _Count | None = None
    output_tokens: _Count | None = None
    cache_read_input_tokens: _Count | None = None
    cache_creation_input_tokens: _Count | None = None
    output_tokens_details: _OutputDetailsIn | None = None


_decode_event: Final = msgspec.json.Decoder(EventIn).decode
decode_message: Final = msgspec.json.Decoder(MessageIn).decode
_decode_usage: Final = msgspec.json.Decoder(_UsageIn).decode


def decode_event(text: str | bytes, halves: Halves | None = None) -> EventIn:
    """One event of a stream with these halves; raises what msgspec does for what is none."""
    try:
        event = _decode_event(text)
    except msgspec.DecodeError:
        mended = mend_piece(text) if halves is None else halves.mend(text)
        if mended is None:
            raise
        return _decode_event(mended)
    if halves is not None and halves.held:
        halves.held = b""
    return event


def not_of_an_answer() -> Fault:
    """For bytes that are none; they are not repeated: they may be words of the conversation."""
    return Fault(
        FaultKind.PROTOCOL_ERROR, "The upstream sent something that is no piece of an answer."
    )


class Counts:
    """The tokens of one answer, of which each event tells some, from the beginning on."""

    __slots__ = ("_cache_read", "_cache_written", "_input", "_is_told", "_output", "_thinking")

    def __init__(self) -> None:
        self._input = self._output = self._cache_read = self._cache_written = self._thinking = 0
        self._is_told = False

    def __repr__(self) -> str:
        return f"Counts({self.read()})"

    def take(self, raw: Raw) -> None:
        """Take in what an event tells; what is not told in numbers says nothing."""
        try:
            told = _decode_usage(raw)
        except msgspec.MsgspecError:
            return
        self._is_told = True
        # They only grow: an event that has no figure of its own may say 0.
        self._input = max(self._input, told.input_tokens or 0)
        self._output = max(self._output, told.output_tokens or 0)
        self._cache_read = max(self._cache_read, told.cache_read_input_tokens or 0)
        self._cache_written = max(self._cache_written, told.cache_creation_input_tokens or 0)
        if told.output_tokens_details is not None:
            thinking = told.output_tokens_details.thinking_tokens
            self._thinking = max(self._thinking, thinking or 0)

    def read(self) -> Usage | None:
        """All counts; None where none was told. `input_tokens` are those beside the cache's."""
        if not self._is_told:
            return None
        return Usage(
            self._input + self._cache_read + self._cache_written,
            self._output,
            UsageSource.UPSTREAM,
            cache_read_count=self._cache_read,
            cache_written_count=self._cache_written,
            reasoning_count=self._thinking,
        )
