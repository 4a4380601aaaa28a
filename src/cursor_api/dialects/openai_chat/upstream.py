"""OpenAI's chat requests, written: what an upstream that speaks this dialect is sent.

A request that came in this dialect goes on as it came, unknown fields and all; only what the
gateway decides is written over it. Any other is written from the domain's values.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Generator, Iterator
from typing import Final, assert_never

import msgspec
from msgspec import Raw

from cursor_api.dialects.openai_chat.parameters import CHOICES
from cursor_api.dialects.openai_chat.request import NAME
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
from cursor_api.domain.content import (
    CacheMark,
    Image,
    LinkedImage,
    Message,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.wire.json_bounds import SLICE_BYTES
from cursor_api.wire.json_lenient import CACHE_TTL_S
from cursor_api.wire.json_steps import encode_messages

_Object = dict[str, object]

_WORDS: Final = {choice: word for word, choice in CHOICES.items()}
_TTLS: Final = {ttl_s: word for word, ttl_s in CACHE_TTL_S.items()}
# What a budget in tokens stands for: the efforts that every model with one knows.
_EFFORTS: Final = ((Effort.LOW, 4_096), (Effort.MEDIUM, 16_384), (Effort.HIGH, sys.maxsize))
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])

_encode = msgspec.json.Encoder().encode


def encode_request(request: ChatRequest, model: str) -> Generator[None, None, bytes]:
    """The body of a request for this model of the upstream's, in steps.

    One that came in this dialect is streamed if the caller's is, every other always; a stream with
    its usage.
    """
    decided: _Object = {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    native = request.origin.native_in(NAME)
    if native is not None:
        fields = _FIELDS.decode(native.body)
        if len(native.body) > SLICE_BYTES:
            yield
        if not request.is_stream:
            fields.pop("stream", None)
            decided = {"model": model}
        return _encode({**fields, **decided})
    messages = yield from encode_messages(
        one for message in request.messages for one in _messages(message)
    )
    return _encode({**decided, "messages": messages, **_parameters(request.parameters)})


def _messages(message: Message) -> Iterator[_Object]:
    """What the domain has in one message: results of tools are messages of their own here."""
    content: list[_Object] = []
    calls: list[_Object] = []
    thoughts: list[str] = []
    for part in message.parts:
        match part:
            case Text() | Image() | LinkedImage():
                content.append(_part(part))
            case Thinking():
                # For a seal and what is under it this dialect has no place.
                thoughts += [] if part.is_redacted else [part.text]
            case ToolUse():
                calls.append(_call(part))
            case ToolResult():
                yield _result(part)
            case _:
                assert_never(part)
    if not content and not calls and not thoughts and message.parts:
        return
    found: _Object = {"role": message.role.value, "content": _content(content)}
    if thoughts:
        found["reasoning_content"] = "".join(thoughts)
    if calls:
        found["tool_calls"] = calls
    yield found


def _part(part: Text | Image | LinkedImage) -> _Object:
    if isinstance(part, LinkedImage):
        return {"type": "image_url", "image_url": {"url": part.url}, **_cache(part.cache)}
    if isinstance(part, Image):
        data = base64.b64encode(part.data).decode()
        url = f"data:{part.media_type};base64,{data}"
        return {"type": "image_url", "image_url": {"url": url}, **_cache(part.cache)}
    kind = "refusal" if part.is_refusal else "text"
    return {"type": kind, kind: part.text, **_cache(part.cache)}


def _content(parts: list[_Object]) -> object:
    """A plain text as a plain string, which every server of this dialect takes."""
    if len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        return parts[0]["text"]
    return parts or None


def _call(part: ToolUse) -> _Object:
    function = {"name": part.name, "arguments": part.arguments.decode()}
    return {"id": part.id, "type": "function", "function": function, **_cache(part.cache)}


def _result(part: ToolResult) -> _Object:
    parts = [_part(one) for one in part.parts]
    if part.is_error:
        # In words, as this dialect has no field for it.
        parts.insert(0, {"type": "text", "text": "Error: "})
    return {
        "role": "tool",
        "tool_call_id": part.call_id,
        "content": _content(parts),
        **_cache(part.cache),
    }


def _cache(mark: CacheMark | None) -> _Object:
    if mark is None:
        return {}
    ttl = {"ttl": _TTLS[mark.ttl_s]} if mark.ttl_s in _TTLS else {}
    return {"cache_control": {"type": "ephemeral", **ttl}}


def _parameters(asked: Parameters) -> _Object:
    found: _Object = {}
    if asked.tools:
        found["tools"] = [_tool(tool) for tool in asked.tools]
    if asked.tool_choice is not None:
        found |= _tool_choice(asked.tool_choice)
    if asked.output is not None:
        found["response_format"] = _output(asked.output)
    found |= _sampling(asked.sampling)
    if asked.reasoning is not None:
        found |= _reasoning(asked.reasoning)
    if asked.user is not None:
        found["user"] = asked.user
    if asked.prompt_cache_key is not None:
        found["prompt_cache_key"] = asked.prompt_cache_key
    return found


def _tool(tool: Tool) -> _Object:
    kind = "function" if tool.schema else "custom"
    inner: _Object = {"name": tool.name}
    if tool.description:
        inner["description"] = tool.description
    if tool.schema:
        inner["parameters"] = Raw(tool.schema)
    if tool.is_strict:
        inner["strict"] = True
    return {"type": kind, kind: inner, **_cache(tool.cache)}


def _tool_choice(choice: ToolChoice) -> _Object:
    found: _Object = {}
    if choice.kind is Choice.NAMED:
        found["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    else:
        found["tool_choice"] = _WORDS[choice.kind]
    if not choice.is_parallel:
        found["parallel_tool_calls"] = False
    return found


def _output(form: OutputForm) -> _Object:
    if form.schema is None:
        return {"type": "json_object"}
    # Anthropic's forms have no name, and none is accepted without one here.
    schema: _Object = {"name": form.name or "answer", "schema": Raw(form.schema)}
    if form.description:
        schema["description"] = form.description
    if form.is_strict:
        schema["strict"] = True
    return {"type": "json_schema", "json_schema": schema}


def _sampling(sampling: Sampling) -> _Object:
    found: _Object = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        "seed": sampling.seed,
        "max_completion_tokens": sampling.output_count_max,
        "stop": list(sampling.stop) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _reasoning(reasoning: Reasoning) -> _Object:
    """An effort: budgets in tokens are other vendors', and OpenAI refuses them."""
    effort, budget = reasoning
    if effort is None and budget:
        effort = next(one for one, most in _EFFORTS if budget <= most)
    return {} if effort is None else {"reasoning_effort": effort.value}
