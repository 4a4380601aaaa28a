"""What OpenAI-compatible servers write, as types: chunks of a stream, and whole answers.

Rules of this file:
- Only what is read has a type; every other field is skipped, whatever it holds.
- Servers disagree about details; a field that is spelled in several ways, or is only sometimes of
  the usual type, is `Any` here and looked at where it is used.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from cursor_api.domain.deltas import Citation, Usage, UsageSource
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.surrogates import Halves, mend_piece

# `gc=False`: what is decoded from JSON forms no cycles.


class FunctionIn(Struct, gc=False):
    """A piece of a call. `arguments` is JSON text; some servers send the object itself."""

    name: str | None = None
    arguments: Any = None


class CustomIn(Struct, gc=False):
    """A piece of a call to a tool that takes any text."""

    name: str | None = None
    input: str | None = None


class CallIn(Struct, gc=False):
    """A piece of a call, or all of it. Some servers give no `index`, some no `id`."""

    index: int | None = None
    id: str | None = None
    function: FunctionIn | None = None
    custom: CustomIn | None = None


class PartIn(Struct, gc=False):
    """A piece of content given as parts; `thinking` is a text or parts again."""

    type: str = ""
    text: str | None = None
    thinking: Any = None


class _PageIn(Struct, gc=False):
    url: str
    title: str = ""
    start_index: int = 0
    end_index: int = 0


class _AnnotationIn(Struct, gc=False):
    url_citation: _PageIn


class MessageIn(Struct, gc=False):
    """What is said, in pieces (`delta`) or whole (`message`).

    `reasoning_content` and `reasoning` are vendors' two names for the same. `function_call` is the
    spelling before `tool_calls`.
    """

    content: str | list[PartIn] | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: str | None = None
    tool_calls: list[CallIn] | None = None
    function_call: FunctionIn | None = None
    annotations: Any = None


class ChoiceIn(Struct, gc=False):
    """One of the answers; this gateway asks for one."""

    index: int | None = None
    delta: MessageIn | None = None
    message: MessageIn | None = None
    finish_reason: str | None = None


_NOTHING: Final = Raw(b"")
_EMPTY: Final = frozenset({b"", b"null"})


class ChunkIn(Struct, gc=False):
    """One event of a stream, or a whole answer. `object` is "error" in some servers' errors."""

    choices: list[ChoiceIn] | None = None
    usage: Raw = _NOTHING
    error: Raw = _NOTHING
    object: Any = None

    @property
    def is_error(self) -> bool:
        """Whether it tells of a failure in place of an answer."""
        return self.object == "error" or not is_empty(self.error)


_Count = Annotated[int, Meta(ge=0)]


class _DetailsIn(Struct, gc=False):
    cached_tokens: _Count | None = None
    cache_write_tokens: _Count | None = None
    reasoning_tokens: _Count | None = None


class _UsageIn(Struct, gc=False):
    prompt_tokens: _Count
    completion_tokens: _Count = 0
    prompt_tokens_details: _DetailsIn | None = None
    completion_tokens_details: _DetailsIn | None = None
    # DeepSeek's name for cached tokens.
    prompt_cache_hit_tokens: _Count | None = None


_decode_chunk: Final = msgspec.json.Decoder(ChunkIn).decode
_decode_usage: Final = msgspec.json.Decoder(_UsageIn).decode


def decode_chunk(text: str | bytes, halves: Halves | None = None) -> ChunkIn:
    """One chunk of a stream with these halves; raises Fault(PROTOCOL_ERROR) for what is none."""
    try:
        chunk = _decode_chunk(text)
    # The text is not repeated: it may have megabytes, and words of the conversation.
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        mended = mend_piece(text) if halves is None else halves.mend(text)
        if mended is not None:
            return decode_chunk(mended)
        raise Fault(
            FaultKind.PROTOCOL_ERROR, "The upstream sent something that is no piece of an answer."
        ) from None
    if halves is not None and halves.held:
        halves.held = b""
    return chunk


def read_citations(annotations: object) -> tuple[Citation, ...]:
    """The pages among the annotations of a text; what is none is skipped."""
    found: list[Citation] = []
    for one in annotations if isinstance(annotations, list) else ():
        with suppress(msgspec.ValidationError):
            page = msgspec.convert(one, _AnnotationIn).url_citation
            found.append(Citation(page.url, page.title, page.start_index, page.end_index))
    return tuple(found)


def is_empty(raw: Raw) -> bool:
    """Whether a field is not there or null."""
    return raw is _NOTHING or bytes(raw) in _EMPTY


def read_usage(raw: Raw) -> Usage | None:
    """The counts; None where they are not given in numbers, for the relay to estimate them."""
    try:
        usage = _decode_usage(raw)
    except msgspec.MsgspecError:
        return None
    prompt = usage.prompt_tokens_details or _DetailsIn()
    completion = usage.completion_tokens_details or _DetailsIn()
    return Usage(
        usage.prompt_tokens,
        usage.completion_tokens,
        UsageSource.UPSTREAM,
        cache_read_count=prompt.cached_tokens or usage.prompt_cache_hit_tokens or 0,
        cache_written_count=prompt.cache_write_tokens or 0,
        reasoning_count=completion.reasoning_tokens or 0,
    )
