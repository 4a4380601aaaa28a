"""What clients of OpenAI's Responses write, as types.

Rules of this file:
- What depends on an item's type is `Raw` and read once that is known: items of unknown types may
  hold anything under the same names.
- Every field that is not named here is skipped, whatever it holds.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from cursor_api.wire.json_lenient import NOTHING

# `gc=False`: these structs form no cycles, and a large body would otherwise make the collector
# walk hundreds of thousands of them.

# An answer's id: this, and the id of its request, which the ids of its items have in them too.
ID_PREFIX: Final = "resp_"


class ImageUrlIn(Struct, gc=False):
    """`{"url": …, "detail": …}`, as chat completions spell it."""

    url: str | None = None
    detail: Raw = NOTHING


class PartIn(Struct, gc=False):
    """One piece of a `content`, an `output` or a `summary`."""

    type: str = ""
    text: Raw = NOTHING
    refusal: str | None = None
    image_url: str | ImageUrlIn | None = None
    detail: Raw = NOTHING
    # of a file
    filename: str | None = None
    file_data: str | None = None
    file_url: str | None = None


class WhoseIn(Struct, gc=False):
    """Of an item, what says whether it is the model's."""

    type: str | None = None
    role: str | None = None


class ItemIn(Struct, gc=False):
    """One item of the input: a message where it has a role and no type."""

    type: str | None = None
    role: str | None = None
    content: Raw = NOTHING
    id: Raw = NOTHING
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: Raw = NOTHING
    input: Raw = NOTHING
    output: Raw = NOTHING
    summary: Raw = NOTHING
    encrypted_content: str | None = None


class ResponsesIn(Struct, gc=False):
    """The body of POST /v1/responses."""

    model: str
    input: Raw = NOTHING
    instructions: Raw = NOTHING
    stream: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    background: bool | None = None
    conversation: Raw = NOTHING
    messages: Raw = NOTHING
    tools: Raw = NOTHING
    tool_choice: Raw = NOTHING
    parallel_tool_calls: Raw = NOTHING
    text: Raw = NOTHING
    reasoning: Raw = NOTHING
    temperature: Raw = NOTHING
    top_p: Raw = NOTHING
    top_logprobs: Raw = NOTHING
    max_output_tokens: Raw = NOTHING
    metadata: Raw = NOTHING
    user: Raw = NOTHING
    safety_identifier: Raw = NOTHING
    prompt_cache_key: Raw = NOTHING
    service_tier: Raw = NOTHING
    stream_options: Raw = NOTHING
    prompt: Raw = NOTHING
    truncation: Raw = NOTHING
    moderation: Raw = NOTHING
    context_management: Raw = NOTHING
    include: Raw = NOTHING


ITEM: Final = msgspec.json.Decoder(ItemIn)
WHOSE: Final = msgspec.json.Decoder(WhoseIn)
PART: Final = msgspec.json.Decoder(PartIn)
BODY: Final = msgspec.json.Decoder(ResponsesIn)
