"""Anthropic's messages requests, written: what an upstream that speaks this dialect is sent.

A request that came in this dialect goes on as it came, unknown fields and all; only what the
gateway decides is written over it, and what the host would refuse (hosts.py). Any other is written
from the domain's values.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from cursor_api.dialects.anthropic_messages.caching import mark_prompt
from cursor_api.dialects.anthropic_messages.enforceable import is_enforceable
from cursor_api.dialects.anthropic_messages.families import Family, family_of
from cursor_api.dialects.anthropic_messages.hosts import suit, takes_system_turns
from cursor_api.dialects.anthropic_messages.parameters import CHOICES
from cursor_api.dialects.anthropic_messages.request import NAME
from cursor_api.dialects.anthropic_messages.system_turns import place_system
from cursor_api.dialects.anthropic_messages.thinking import ThinkingFields, write_thinking
from cursor_api.dialects.anthropic_messages.turns import Object, Turn, write_turns
from cursor_api.domain.chat import (
    ChatRequest,
    Choice,
    OutputForm,
    Parameters,
    Sampling,
    Tool,
    ToolChoice,
)
from cursor_api.domain.content import Role
from cursor_api.wire import free_text
from cursor_api.wire.cache_marks import write_cache_mark
from cursor_api.wire.json_bounds import SLICE_BYTES
from cursor_api.wire.json_steps import encode_messages

# The API refuses longer ones.
USER_CHARS_MAX: Final = 256
# With more the API refuses all of them.
STRICT_TOOLS_MAX: Final = 20
TEMPERATURE_MAX: Final = 1.0

_CHOICES: Final = {choice: word for word, choice in CHOICES.items()}
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])

_encode = msgspec.json.Encoder().encode


class WriteOptions(Struct, frozen=True):
    """What the operator decides, and `host`, who serves.

    `output_count` is allowed where the caller names no number; None: by the model's family.
    `is_cached`: a prompt without marks of the caller's is marked for the upstream's cache.
    """

    output_count: int | None = None
    is_cached: bool = True
    host: str = ""


def can_hold_to(form: OutputForm, model: str) -> bool:
    """Whether the upstream itself can make sure that an answer is of this form."""
    return form.schema is not None and family_of(model).has_forms and is_enforceable(form.schema)


def encode_request(
    request: ChatRequest, model: str, options: WriteOptions, *, is_stream: bool = True
) -> Generator[None, None, bytes]:
    """The body of a request for this model of the upstream's, in steps."""
    decided: Object = {"model": model, "stream": is_stream}
    native = request.origin.native_in(NAME)
    if native is not None:
        if len(native.body) > SLICE_BYTES:
            # A first step is taken at once, beside others'; what is large waits for its turn.
            yield
        passed = _pass_on(request, native.body, model, options.host)
        if len(native.body) > SLICE_BYTES:
            yield
        return _encode({**passed, **decided})
    family = family_of(model)
    written = yield from write_turns(request.messages, has_system_turns=family.has_system_turns)
    yield
    asked = request.parameters
    tools = _tools(asked.tools)
    mark_prompt(tools, written, is_wanted=options.is_cached)
    yield
    fields = _parameters(asked, family, options, written.turns)
    if asked.output is not None and can_hold_to(asked.output, model):
        form = {"type": "json_schema", "schema": Raw(asked.output.schema or b"")}
        output_config = fields.setdefault("output_config", {})
        output_config["format"] = form
    messages = yield from encode_messages(map(_message, written.turns))
    return _encode(
        {
            **decided,
            **suit(fields, model, options.host),
            **({"tools": tools} if tools else {}),
            **({"system": written.system} if written.system else {}),
            "messages": messages,
        }
    )


def _pass_on(request: ChatRequest, body: bytes, model: str, host: str) -> Object:
    """The fields of a request as they came, but for what would be refused."""
    fields = _FIELDS.decode(body)
    passed = suit(fields, model, host)
    has_system = any(message.role is Role.SYSTEM for message in request.messages)
    if has_system and not takes_system_turns(model, host):
        return {**passed, "messages": place_system(fields["messages"])}
    return passed


def _message(turn: Turn) -> Object:
    return {"role": turn.role.value, "content": turn.content}


def _parameters(
    asked: Parameters, family: Family, options: WriteOptions, turns: list[Turn]
) -> dict[str, Any]:
    output_count = asked.sampling.output_count_max or options.output_count or family.output_count
    output_count = min(output_count, family.output_count_max)
    thinking = write_thinking(asked.reasoning, family, output_count, turns, asked.tool_choice)
    found: dict[str, Any] = {"max_tokens": output_count}
    if thinking.thinking is not None:
        found["thinking"] = thinking.thinking
    if thinking.effort is not None:
        found["output_config"] = {"effort": thinking.effort}
    if asked.tool_choice is not None and asked.tools:
        found["tool_choice"] = _tool_choice(asked.tool_choice)
    if asked.user:
        found["metadata"] = {"user_id": asked.user[:USER_CHARS_MAX]}
    return found | _sampling(asked.sampling, family, thinking)


def _sampling(sampling: Sampling, family: Family, thinking: ThinkingFields) -> Object:
    # The API refuses a text of nothing but blanks.
    stop = [text for text in sampling.stop if text.strip()]
    found: Object = {"stop_sequences": stop} if stop else {}
    if not family.has_sampling or thinking.is_on:
        return found
    if sampling.temperature is not None:
        found["temperature"] = min(max(sampling.temperature, 0.0), TEMPERATURE_MAX)
    if sampling.top_p is not None and not (family.has_one_sampler and "temperature" in found):
        found["top_p"] = sampling.top_p
    if sampling.top_k is not None:
        found["top_k"] = sampling.top_k
    return found


def _tools(tools: tuple[Tool, ...]) -> list[Object]:
    strict = [tool for tool in tools if tool.is_strict]
    are_held = len(strict) <= STRICT_TOOLS_MAX
    return [_tool(tool, is_held=are_held and tool.is_strict) for tool in tools]


def _tool(tool: Tool, *, is_held: bool) -> Object:
    found: Object = {"name": tool.name}
    if tool.description:
        found["description"] = tool.description
    found["input_schema"] = _input_schema(tool.schema or free_text.SCHEMA)
    if is_held and is_enforceable(tool.schema):
        found["strict"] = True
    return found | write_cache_mark(tool.cache)


def _input_schema(schema: bytes) -> object:
    """As it was written; one that does not say that it is of an object is made to."""
    fields = _FIELDS.decode(schema)
    return Raw(schema) if "type" in fields else {"type": "object", **fields}


def _tool_choice(choice: ToolChoice) -> Object:
    found: Object = {"type": _CHOICES[choice.kind]}
    if choice.kind is Choice.NAMED:
        found["name"] = choice.name
    if not choice.is_parallel and choice.kind is not Choice.NONE:
        found["disable_parallel_tool_use"] = True
    return found
