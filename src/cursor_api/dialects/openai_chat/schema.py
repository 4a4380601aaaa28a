"""What OpenAI's clients write, as types.

Rules of this file:
- Only what every request needs has a type: the messages. Every other field is skipped, whatever it
  holds; `tools`, `temperature` and their like are read when somebody asks (parameters.py). What is
  `Raw` here is read leniently: of the wrong type it says nothing.
- A text is decoded in one call; a long one is taken apart before (decode.py).
"""

from __future__ import annotations

from msgspec import Raw, Struct

from cursor_api.wire.json_lenient import NOTHING

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
    file: Raw = NOTHING
    cache_control: Raw = NOTHING


class LongPartIn(PartIn, gc=False):
    """A part whose text is long: it is in `pieces`. Made in decode.py, never decoded as such."""

    pieces: list[str] = []


class FunctionIn(Struct, gc=False):
    """`arguments` is JSON text; some clients send the object itself, hence Raw."""

    name: str | None = None
    arguments: Raw = Raw(b'""')


class CustomIn(Struct, gc=False):
    """A call to a tool with free-form input."""

    name: str | None = None
    input: str | None = None


class ToolCallIn(Struct, gc=False):
    """A call the assistant made in an earlier turn."""

    id: str | None = None
    function: FunctionIn | None = None
    custom: CustomIn | None = None
    cache_control: Raw = NOTHING


class MessageIn(Struct, gc=False):
    """One turn. `function_call` and the role `function` are the spelling before `tools`."""

    role: str
    content: str | list[PartIn] | None = None
    refusal: str | None = None
    name: str | None = None
    tool_calls: list[ToolCallIn] | None = None
    tool_call_id: str | None = None
    function_call: FunctionIn | None = None
    # Neither is OpenAI's own: vendors of thinking models spell it in one of these two ways.
    reasoning_content: Raw = NOTHING
    reasoning: Raw = NOTHING
    cache_control: Raw = NOTHING


class StreamOptionsIn(Struct, gc=False):
    """`{"include_usage": true}`."""

    include_usage: bool | None = None


class ChatIn(Struct, gc=False):
    """The body of POST /v1/chat/completions; what is NOTHING was not given."""

    model: str
    messages: list[MessageIn]
    stream: bool | None = None
    stream_options: StreamOptionsIn | None = None
    # Whether calls are spelled as before `tools`.
    functions: Raw = NOTHING
    # Whether they are given says what an upstream has to be able to do (features.py).
    tools: Raw = NOTHING
    tool_choice: Raw = NOTHING
    function_call: Raw = NOTHING
    response_format: Raw = NOTHING
    n: int | None = None
    max_tokens: Raw = NOTHING
    max_completion_tokens: Raw = NOTHING
    stop: Raw = NOTHING
    reasoning_effort: Raw = NOTHING
    reasoning: Raw = NOTHING
    temperature: Raw = NOTHING
    top_p: Raw = NOTHING
    top_k: Raw = NOTHING
    frequency_penalty: Raw = NOTHING
    presence_penalty: Raw = NOTHING
    seed: Raw = NOTHING
    logprobs: Raw = NOTHING
    top_logprobs: Raw = NOTHING
    logit_bias: Raw = NOTHING
    service_tier: Raw = NOTHING
    verbosity: Raw = NOTHING
    modalities: Raw = NOTHING
    web_search_options: Raw = NOTHING
    moderation: Raw = NOTHING
    prompt_cache_key: Raw = NOTHING
    # Of Anthropic's messages, which were sent to the wrong address.
    system: Raw = NOTHING


# What a text may be called; the answers of one model are the questions of another.
TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
