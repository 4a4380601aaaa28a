"""What a chat request asks besides its messages: tools, output form, sampling, reasoning.

Rules of this file:
- It is read from the body when somebody asks for it, by which time the body has been found to be
  well-formed JSON within its bounds. That takes 25 ms for ten megabytes of the costliest kind.
- What is of the wrong type or unknown says nothing. A request was never refused for these fields,
  and clients send null and more; an upstream of this dialect gets them as they came.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

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
from cursor_api.wire.cache_marks import find_cache_mark
from cursor_api.wire.free_text import describe_tool
from cursor_api.wire.json_lenient import (
    COUNT,
    FLAG,
    ITEMS,
    NO_ARGUMENTS,
    NOTHING,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    find_object,
    find_objects,
    find_value,
)

CHOICES: Final = {"auto": Choice.AUTO, "none": Choice.NONE, "required": Choice.ANY}
# In every request that has such a tool.
_CUSTOM: Final = b'"custom"'
# OpenAI takes no more; what is asked beyond that is refused there.
ANSWERS_MAX: Final = 128
_EFFORTS: Final = {effort.value: effort for effort in Effort}


class _ParametersIn(Struct, gc=False):
    tools: Raw = NOTHING
    functions: Raw = NOTHING
    tool_choice: Raw = NOTHING
    function_call: Raw = NOTHING
    parallel_tool_calls: Raw = NOTHING
    response_format: Raw = NOTHING
    temperature: Raw = NOTHING
    top_p: Raw = NOTHING
    top_k: Raw = NOTHING
    frequency_penalty: Raw = NOTHING
    presence_penalty: Raw = NOTHING
    seed: Raw = NOTHING
    max_tokens: Raw = NOTHING
    max_completion_tokens: Raw = NOTHING
    stop: Raw = NOTHING
    n: Raw = NOTHING
    reasoning_effort: Raw = NOTHING
    reasoning: Raw = NOTHING
    user: Raw = NOTHING
    safety_identifier: Raw = NOTHING
    prompt_cache_key: Raw = NOTHING


class _FunctionIn(Struct, gc=False):
    name: str
    description: str | None = None
    parameters: Raw = NOTHING
    strict: bool | None = None
    cache_control: Raw = NOTHING


class _CustomIn(Struct, gc=False):
    name: str
    description: str | None = None
    format: Raw = NOTHING


class _ToolIn(Struct, gc=False):
    function: _FunctionIn | None = None
    custom: _CustomIn | None = None
    cache_control: Raw = NOTHING


class _NameIn(Struct, gc=False):
    name: str


class _NamedIn(Struct, gc=False):
    function: _NameIn | None = None
    custom: _NameIn | None = None


class _AllowedIn(Struct, gc=False):
    mode: str = "auto"
    tools: Raw = NOTHING


class _ChoiceIn(_NamedIn, gc=False):
    allowed_tools: _AllowedIn | None = None


class _SchemaIn(Struct, gc=False):
    schema: Raw = NOTHING
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class _FormatIn(Struct, gc=False):
    type: str
    json_schema: _SchemaIn | None = None


class _ReasoningIn(Struct, gc=False):
    effort: Raw = NOTHING
    max_tokens: Raw = NOTHING


_BODY: Final = msgspec.json.Decoder(_ParametersIn)
_TOOL: Final = msgspec.json.Decoder(_ToolIn)
_FUNCTION: Final = msgspec.json.Decoder(_FunctionIn)
_NAME: Final = msgspec.json.Decoder(_NameIn)
_NAMED: Final = msgspec.json.Decoder(_NamedIn)
_CHOICE: Final = msgspec.json.Decoder(_ChoiceIn)
_FORMAT: Final = msgspec.json.Decoder(_FormatIn)
_REASONING: Final = msgspec.json.Decoder(_ReasoningIn)


def read_parameters(body: bytes) -> Parameters:
    """What the body of a chat request asks; never raises for one that was parsed."""
    given = _BODY.decode(body)
    tools, choice = _choose(given)
    return Parameters(
        tools=tools,
        tool_choice=choice,
        output=_output(given.response_format),
        sampling=Sampling(
            temperature=find_value(NUMBER, given.temperature),
            top_p=find_value(NUMBER, given.top_p),
            top_k=find_value(COUNT, given.top_k),
            frequency_penalty=find_value(NUMBER, given.frequency_penalty),
            presence_penalty=find_value(NUMBER, given.presence_penalty),
            seed=find_value(WHOLE, given.seed),
            output_count_max=find_value(COUNT, given.max_completion_tokens)
            or find_value(COUNT, given.max_tokens),
            stop=_stop(given.stop),
        ),
        reasoning=_reasoning(given),
        answers_count=min(find_value(COUNT, given.n) or 1, ANSWERS_MAX),
        # The newer name says why it is wanted.
        user=find_value(TEXT, given.user) or find_value(TEXT, given.safety_identifier),
        prompt_cache_key=find_value(TEXT, given.prompt_cache_key),
    )


def read_conversation(prompt_cache_key: Raw) -> str | None:
    """What requests of one conversation share, where the caller names it."""
    return find_value(TEXT, prompt_cache_key)


def read_custom(tools: Raw) -> frozenset[str]:
    """The names of the tools that take any text."""
    if _CUSTOM not in bytes(tools):
        # Nearly always, and twenty tools take long to read.
        return frozenset()
    return frozenset(tool.name for tool in _tools(_ParametersIn(tools)) if not tool.schema)


def is_forced(tool_choice: Raw) -> bool:
    """Whether a choice that is an object makes the model call: but for tools to choose from."""
    allowed = _find_allowed(tool_choice)
    return allowed is None or allowed.mode != "auto"


def list_allowed(tool_choice: Raw) -> list[Raw]:
    """The tools to choose from, as they are named there."""
    allowed = _find_allowed(tool_choice)
    return [] if allowed is None else find_objects(allowed.tools)


def _find_allowed(tool_choice: Raw) -> _AllowedIn | None:
    choice = find_value(_CHOICE, tool_choice)
    return None if choice is None else choice.allowed_tools


def _tools(given: _ParametersIn) -> Iterator[Tool]:
    for raw in find_objects(given.tools):
        tool = find_value(_TOOL, raw)
        if tool is None:
            continue
        if tool.function is not None:
            yield _function(tool.function, tool.cache_control)
        elif tool.custom is not None:
            custom = tool.custom
            description = describe_tool(custom.description or "", custom.format)
            mark = find_cache_mark(tool.cache_control)
            yield Tool(custom.name, description, b"", cache=mark)
    for raw in find_objects(given.functions):
        function = find_value(_FUNCTION, raw)
        if function is not None:
            yield _function(function, NOTHING)


def _function(function: _FunctionIn, cache_control: Raw) -> Tool:
    mark = find_cache_mark(cache_control) or find_cache_mark(function.cache_control)
    return Tool(
        function.name,
        function.description or "",
        find_object(function.parameters) or NO_ARGUMENTS,
        is_strict=bool(function.strict),
        cache=mark,
    )


def _choose(given: _ParametersIn) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """The tools that may be called, and how; `allowed_tools` leaves the others out."""
    tools = tuple(_tools(given))
    # Of functions, the spelling before `tools`, one at a time was called.
    is_parallel = (
        find_value(FLAG, given.parallel_tool_calls) is not False
        and find_value(ITEMS, given.functions) is None
    )
    word = find_value(TEXT, given.tool_choice) or find_value(TEXT, given.function_call)
    name = find_value(_NAME, given.function_call)
    if (choice := find_value(_CHOICE, given.tool_choice)) is not None:
        name = choice.function or choice.custom or name
        if (allowed := choice.allowed_tools) is not None:
            names = _names(allowed.tools)
            tools = tuple(tool for tool in tools if tool.name in names)
            word = allowed.mode
    if word in CHOICES:
        return tools, ToolChoice(CHOICES[word], is_parallel=is_parallel)
    if name is not None:
        return tools, ToolChoice(Choice.NAMED, name.name, is_parallel)
    return tools, None if is_parallel else ToolChoice(Choice.AUTO, is_parallel=False)


def _names(tools: Raw) -> frozenset[str]:
    """Those of tools that are named and no more."""
    named = [find_value(_NAMED, one) for one in find_objects(tools)]
    inner = [one.function or one.custom for one in named if one is not None]
    return frozenset(one.name for one in inner if one is not None)


def _output(raw: Raw) -> OutputForm | None:
    form = find_value(_FORMAT, raw)
    if form is not None and form.type == "json_object":
        return OutputForm()
    if form is None or form.type != "json_schema" or form.json_schema is None:
        return None
    given = form.json_schema
    return OutputForm(
        find_object(given.schema), given.name or "", given.description or "", bool(given.strict)
    )


def _stop(raw: Raw) -> tuple[str, ...]:
    if (text := find_value(TEXT, raw)) is not None:
        return (text,)
    return find_value(TEXTS, raw) or ()


def _reasoning(given: _ParametersIn) -> Reasoning | None:
    inner = find_value(_REASONING, given.reasoning) or _ReasoningIn()
    word = find_value(TEXT, given.reasoning_effort) or find_value(TEXT, inner.effort)
    effort, budget = _EFFORTS.get(word or ""), find_value(COUNT, inner.max_tokens)
    return None if effort is None and budget is None else Reasoning(effort, budget)
