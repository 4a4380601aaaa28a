"""What a chat request asks besides its messages: tools, output form, sampling, reasoning.

Rules of this file:
- It is read from the body when somebody asks for it, by which time the body has been found to be
  well-formed JSON within its bounds. That takes 25 ms for ten megabytes of the costliest kind.
- What is of the wrong type or unknown says nothing. A request was never refused for these fields,
  and clients send null and more; an upstream of this dialect gets them as they came.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from cursor_api.domain.chat import (
    Choice,
    Effort,
    OutputForm,
    Parameters,
    Reasoning,
    Sampling,
    Tool,
    ToolChoice,
)
from cursor_api.domain.content import CacheMark

_T = TypeVar("_T")

_NOTHING: Final = Raw(b"null")
# A larger number cannot be a count of tokens.
_Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]

# In the spelling of Anthropic's API, from which clients have brought the marks into this one.
CACHE_TTL_S: Final = {"5m": 300, "1h": 3600}
CHOICES: Final = {"auto": Choice.AUTO, "none": Choice.NONE, "required": Choice.ANY}
# What a function without parameters takes.
NO_ARGUMENTS: Final = b'{"type":"object","properties":{}}'
_EFFORTS: Final = {effort.value: effort for effort in Effort}


class _ParametersIn(Struct, gc=False):
    tools: Raw = _NOTHING
    functions: Raw = _NOTHING
    tool_choice: Raw = _NOTHING
    function_call: Raw = _NOTHING
    parallel_tool_calls: Raw = _NOTHING
    response_format: Raw = _NOTHING
    temperature: Raw = _NOTHING
    top_p: Raw = _NOTHING
    top_k: Raw = _NOTHING
    frequency_penalty: Raw = _NOTHING
    presence_penalty: Raw = _NOTHING
    seed: Raw = _NOTHING
    max_tokens: Raw = _NOTHING
    max_completion_tokens: Raw = _NOTHING
    stop: Raw = _NOTHING
    reasoning_effort: Raw = _NOTHING
    reasoning: Raw = _NOTHING
    user: Raw = _NOTHING
    prompt_cache_key: Raw = _NOTHING


class _FunctionIn(Struct, gc=False):
    name: str
    description: str | None = None
    parameters: Raw = _NOTHING
    strict: bool | None = None
    cache_control: Raw = _NOTHING


class _ToolIn(Struct, gc=False):
    function: _FunctionIn | None = None
    custom: _FunctionIn | None = None
    cache_control: Raw = _NOTHING


class _NameIn(Struct, gc=False):
    name: str


class _NamedChoiceIn(Struct, gc=False):
    function: _NameIn | None = None
    custom: _NameIn | None = None


class _SchemaIn(Struct, gc=False):
    schema: Raw = _NOTHING
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class _FormatIn(Struct, gc=False):
    type: str
    json_schema: _SchemaIn | None = None


class _ReasoningIn(Struct, gc=False):
    effort: Raw = _NOTHING
    max_tokens: Raw = _NOTHING


class _CacheIn(Struct, gc=False):
    type: str
    ttl: Raw = _NOTHING


_BODY: Final = msgspec.json.Decoder(_ParametersIn)
_ITEMS: Final = msgspec.json.Decoder(list[Raw])
_TOOL: Final = msgspec.json.Decoder(_ToolIn)
_FUNCTION: Final = msgspec.json.Decoder(_FunctionIn)
_NAME: Final = msgspec.json.Decoder(_NameIn)
_NAMED_CHOICE: Final = msgspec.json.Decoder(_NamedChoiceIn)
_FORMAT: Final = msgspec.json.Decoder(_FormatIn)
_REASONING: Final = msgspec.json.Decoder(_ReasoningIn)
_CACHE: Final = msgspec.json.Decoder(_CacheIn)
_TEXT: Final = msgspec.json.Decoder(str)
_TEXTS: Final = msgspec.json.Decoder(tuple[str, ...])
_FLAG: Final = msgspec.json.Decoder(bool)
_NUMBER: Final = msgspec.json.Decoder(float)
_WHOLE: Final = msgspec.json.Decoder(int)
_COUNT: Final = msgspec.json.Decoder(_Positive)


def read_parameters(body: bytes) -> Parameters:
    """What the body of a chat request asks; never raises for one that was parsed."""
    given = _BODY.decode(body)
    return Parameters(
        tools=tuple(_tools(given)),
        tool_choice=_tool_choice(given),
        output=_output(given.response_format),
        sampling=Sampling(
            temperature=_find(_NUMBER, given.temperature),
            top_p=_find(_NUMBER, given.top_p),
            top_k=_find(_COUNT, given.top_k),
            frequency_penalty=_find(_NUMBER, given.frequency_penalty),
            presence_penalty=_find(_NUMBER, given.presence_penalty),
            seed=_find(_WHOLE, given.seed),
            output_count_max=_find(_COUNT, given.max_completion_tokens)
            or _find(_COUNT, given.max_tokens),
            stop=_stop(given.stop),
        ),
        reasoning=_reasoning(given),
        user=_find(_TEXT, given.user),
        prompt_cache_key=_find(_TEXT, given.prompt_cache_key),
    )


def read_conversation(prompt_cache_key: Raw) -> str | None:
    """What requests of one conversation share, where the caller names it."""
    return _find(_TEXT, prompt_cache_key) if memoryview(prompt_cache_key) else None


def read_cache_mark(raw: Raw) -> CacheMark | None:
    """`{"type": "ephemeral", "ttl": "1h"}`; None for anything else."""
    given = _find(_CACHE, raw)
    if given is None or given.type != "ephemeral":
        return None
    return CacheMark(CACHE_TTL_S.get(_find(_TEXT, given.ttl) or ""))


def _find(decoder: msgspec.json.Decoder[_T], raw: Raw) -> _T | None:
    """The value, if it is one of this type."""
    if raw is _NOTHING:
        return None
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        return None


def _tools(given: _ParametersIn) -> Iterator[Tool]:
    for raw in _find(_ITEMS, given.tools) or ():
        tool = _find(_TOOL, raw)
        if tool is None:
            continue
        if tool.function is not None:
            yield _function(tool.function, tool.cache_control)
        elif tool.custom is not None:
            custom = tool.custom
            mark = read_cache_mark(tool.cache_control)
            yield Tool(custom.name, custom.description or "", b"", cache=mark)
    for raw in _find(_ITEMS, given.functions) or ():
        function = _find(_FUNCTION, raw)
        if function is not None:
            yield _function(function, _NOTHING)


def _function(function: _FunctionIn, cache_control: Raw) -> Tool:
    mark = read_cache_mark(cache_control) or read_cache_mark(function.cache_control)
    return Tool(
        function.name,
        function.description or "",
        _object(function.parameters) or NO_ARGUMENTS,
        is_strict=bool(function.strict),
        cache=mark,
    )


def _object(raw: Raw) -> bytes | None:
    """A JSON object as it was written; None for any other value."""
    written = bytes(raw)
    return written if written.startswith(b"{") else None


def _tool_choice(given: _ParametersIn) -> ToolChoice | None:
    # Of functions, the spelling before `tools`, one at a time was called.
    is_parallel = (
        _find(_FLAG, given.parallel_tool_calls) is not False
        and _find(_ITEMS, given.functions) is None
    )
    word = _find(_TEXT, given.tool_choice) or _find(_TEXT, given.function_call)
    if word in CHOICES:
        return ToolChoice(CHOICES[word], is_parallel=is_parallel)
    name = _find(_NAME, given.function_call)
    if (named := _find(_NAMED_CHOICE, given.tool_choice)) is not None:
        name = named.function or named.custom or name
    if name is not None:
        return ToolChoice(Choice.NAMED, name.name, is_parallel)
    return None if is_parallel else ToolChoice(Choice.AUTO, is_parallel=False)


def _output(raw: Raw) -> OutputForm | None:
    form = _find(_FORMAT, raw)
    if form is not None and form.type == "json_object":
        return OutputForm()
    if form is None or form.type != "json_schema" or form.json_schema is None:
        return None
    given = form.json_schema
    return OutputForm(
        _object(given.schema), given.name or "", given.description or "", bool(given.strict)
    )


def _stop(raw: Raw) -> tuple[str, ...]:
    if (text := _find(_TEXT, raw)) is not None:
        return (text,)
    return _find(_TEXTS, raw) or ()


def _reasoning(given: _ParametersIn) -> Reasoning | None:
    inner = _find(_REASONING, given.reasoning) or _ReasoningIn()
    word = _find(_TEXT, given.reasoning_effort) or _find(_TEXT, inner.effort)
    effort, budget = _EFFORTS.get(word or ""), _find(_COUNT, inner.max_tokens)
    return None if effort is None and budget is None else Reasoning(effort, budget)
