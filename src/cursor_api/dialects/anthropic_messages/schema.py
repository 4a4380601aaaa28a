"""What Anthropic's clients write, as types.

Rules of this file:
- Only what every request needs has a type. The rest is `Raw`: of it one learns whether it was
  given, and what it says is read when somebody asks (parameters.py).
- Blocks have one type for all kinds. Fields that kinds use for different things (`content`,
  `source`) are `Raw`, so that a kind which is not known here does not spoil the request.
- A text is decoded in one call; a long one is taken apart before (decode.py).
"""

from __future__ import annotations

from msgspec import Raw, Struct

from cursor_api.wire.json_lenient import NOTHING

# `gc=False`: these structs form no cycles, and a large body would otherwise make the collector
# walk hundreds of thousands of them.


class BlockIn(Struct, gc=False):
    """One piece of a `content` list, or of `system`."""

    type: str
    text: str | None = None
    # of an image, a document or a search result
    source: Raw = NOTHING
    title: str | None = None
    # of what the model thought
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    # of a call
    id: str | None = None
    name: str | None = None
    input: Raw = NOTHING
    # of a call's result; a search result has `content` as well
    tool_use_id: str | None = None
    content: Raw = NOTHING
    is_error: bool | None = None
    # of a tool that was found
    tool_name: str | None = None
    cache_control: Raw = NOTHING


class LongBlockIn(BlockIn, gc=False):
    """A block whose text or thinking is long: it is in `pieces`. Never decoded as such."""

    pieces: list[str] = []


# A long text in place of a string is a list of one LongBlockIn.
Content = str | list[BlockIn]


class MessageIn(Struct, gc=False):
    """One turn."""

    role: str
    content: Content


class ToolIn(Struct, gc=False):
    """A tool of the caller's has no type, or the type `custom`."""

    type: str | None = None


class MessagesIn(Struct, gc=False):
    """The body of POST /v1/messages."""

    model: str
    messages: list[MessageIn]
    system: Content | None = None
    stream: bool | None = None
    tools: list[ToolIn] | None = None
    tool_choice: Raw = NOTHING
    max_tokens: Raw = NOTHING
    stop_sequences: Raw = NOTHING
    temperature: Raw = NOTHING
    top_p: Raw = NOTHING
    top_k: Raw = NOTHING
    thinking: Raw = NOTHING
    output_config: Raw = NOTHING
    # Where the form of the output was before `output_config`.
    output_format: Raw = NOTHING
    metadata: Raw = NOTHING
    service_tier: Raw = NOTHING
    speed: Raw = NOTHING
    inference_geo: Raw = NOTHING
    container: Raw = NOTHING
    mcp_servers: Raw = NOTHING
    context_management: Raw = NOTHING


class SourceIn(Struct, gc=False):
    """Where an image or a document is; `content` is text or blocks."""

    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    content: Raw = NOTHING
