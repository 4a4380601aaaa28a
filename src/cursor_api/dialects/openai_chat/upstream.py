"""OpenAI's chat requests, written: what an upstream that speaks this dialect is sent.

A request that came in this dialect goes on as it came, unknown fields and all; only what the
gateway decides is written over it, and an empty list of tools is left out. Any other is written
from the domain's values.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import Final

import msgspec
from msgspec import Raw

from cursor_api.dialects.openai_chat.families import Family, level_of
from cursor_api.dialects.openai_chat.parameters import CHOICES
from cursor_api.dialects.openai_chat.request import NAME
from cursor_api.dialects.openai_chat.tool_names import write_name
from cursor_api.dialects.openai_chat.turns import Object, write_cache_mark, write_messages
from cursor_api.domain.chat import (
    ChatRequest,
    Choice,
    Effort,
    OutputForm,
    Parameters,
    Reasoning,
    Sampling,
    Tool,
    ToolChoice,
)
from cursor_api.wire import free_text
from cursor_api.wire.json_bounds import SLICE_BYTES
from cursor_api.wire.json_lenient import NOTHING
from cursor_api.wire.json_steps import encode_messages
from cursor_api.wire.work_units import STEP_UNITS

# With more OpenAI refuses the request, and others with few more.
STOP_COUNT_MAX: Final = 4

_WORDS: Final = {choice: word for word, choice in CHOICES.items()}
# What a budget in tokens stands for: the efforts that every model with one knows.
_EFFORTS: Final = ((Effort.LOW, 4_096), (Effort.MEDIUM, 16_384), (Effort.HIGH, sys.maxsize))
_FORCED: Final = frozenset({Choice.ANY, Choice.NAMED})
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_OBJECT_TYPE: Final = Raw(b'"object"')

_encode = msgspec.json.Encoder().encode


def encode_request(
    request: ChatRequest, model: str, family: Family
) -> Generator[None, None, bytes]:
    """The body of a request for this model of the upstream's, in steps.

    One that came in this dialect is streamed if the caller's is, every other always; a stream with
    its usage.
    """
    decided: Object = {"model": model, "stream": True}
    if not family.tells_usage:
        decided["stream_options"] = {"include_usage": True}
    native = request.origin.native_in(NAME)
    body_bytes = 0 if native is None else len(native.body)
    if len(request.messages) > STEP_UNITS or body_bytes > SLICE_BYTES:
        # A first step is taken at once, beside those of others; what is large waits for its turn.
        yield
    if native is not None:
        fields = _FIELDS.decode(native.body)
        if body_bytes > SLICE_BYTES:
            yield
        # Its parameters are read where its list of tools is empty, and else by nobody.
        if _is_empty_list(fields.get("tools", NOTHING)) and not request.parameters.tools:
            for name in ("tools", "tool_choice", "parallel_tool_calls"):
                fields.pop(name, None)
        if not request.is_stream:
            fields.pop("stream", None)
            decided = {"model": model}
        elif family.tells_usage:
            fields.pop("stream_options", None)
        return _encode({**fields, **decided})
    messages = yield from encode_messages(write_messages(request.messages, family))
    return _encode({**decided, "messages": messages, **_parameters(request.parameters, family)})


def _is_empty_list(raw: Raw) -> bool:
    """OpenAI and others refuse an empty list of tools, and a choice without tools.

    Clients send them all the same, and any other route answers.
    """
    text = bytes(raw)
    return text[:1] == b"[" and text[1:-1].strip() == b""


def _parameters(asked: Parameters, family: Family) -> Object:
    found: Object = {}
    if asked.tools:
        found["tools"] = [_tool(tool, family) for tool in asked.tools]
        # A choice without tools is refused.
        found |= {} if asked.tool_choice is None else _tool_choice(asked.tool_choice)
    if asked.output is not None:
        found["response_format"] = _output(asked.output)
    found |= _sampling(asked.sampling, family)
    found |= _thinking(asked, family)
    if asked.verbosity is not None and family.has_verbosity:
        found["verbosity"] = asked.verbosity
    if asked.user is not None and family.is_openai:
        found["user"] = asked.user
    if asked.prompt_cache_key is not None and family.is_openai:
        found["prompt_cache_key"] = asked.prompt_cache_key
    return found


def _tool(tool: Tool, family: Family) -> Object:
    function: Object = {"name": write_name(tool.name)}
    if tool.description:
        function["description"] = tool.description
    # A tool that takes any text is known to few servers.
    function["parameters"] = _schema(tool.schema or free_text.SCHEMA)
    if tool.is_strict:
        function["strict"] = True
    cache = write_cache_mark(tool.cache, family)
    return {"type": "function", "function": function, **cache}


def _schema(schema: bytes) -> object:
    """As it was written; one that does not say that it is of an object, or of which, is made to.

    OpenAI refuses a tool without parameters whose schema has no `properties`.
    """
    fields = _FIELDS.decode(schema)
    if "type" in fields and ("properties" in fields or fields["type"] != _OBJECT_TYPE):
        return Raw(schema)
    return {"type": "object", "properties": {}, **fields}


def _tool_choice(choice: ToolChoice) -> Object:
    found: Object = {}
    if choice.kind is Choice.NAMED:
        found["tool_choice"] = {"type": "function", "function": {"name": write_name(choice.name)}}
    else:
        found["tool_choice"] = _WORDS[choice.kind]
    if not choice.is_parallel:
        found["parallel_tool_calls"] = False
    return found


def _output(form: OutputForm) -> Object:
    if form.schema is None:
        return {"type": "json_object"}
    # Anthropic's forms have no name, and none is accepted without one here.
    schema: Object = {"name": form.name or "answer", "schema": Raw(form.schema)}
    if form.description:
        schema["description"] = form.description
    if form.is_strict:
        schema["strict"] = True
    return {"type": "json_schema", "json_schema": schema}


def _sampling(sampling: Sampling, family: Family) -> Object:
    found: Object = {family.output_max: sampling.output_count_max, "seed": sampling.seed}
    if family.has_sampling:
        found |= {
            "stop": list(sampling.stop[:STOP_COUNT_MAX]) or None,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "frequency_penalty": sampling.frequency_penalty,
            "presence_penalty": sampling.presence_penalty,
        }
    if not family.is_openai:
        found["top_k"] = sampling.top_k
    return {name: value for name, value in found.items() if value is not None}


def _thinking(asked: Parameters, family: Family) -> Object:
    """An effort: budgets in tokens are other vendors', and OpenAI refuses them."""
    effort, budget = asked.reasoning or Reasoning()
    if effort is None and budget:
        effort = next(one for one, most in _EFFORTS if budget <= most)
    choice = asked.tool_choice if asked.tools else None
    is_forced = choice is not None and choice.kind in _FORCED
    if family.is_switched and (is_forced or effort is Effort.NONE):
        # With an effort beside it, it is refused; so is a call that is forced upon a thinker.
        return {"thinking": {"type": "disabled"}}
    level = None if effort is None else level_of(effort, family)
    return {} if level is None else {"reasoning_effort": level}
