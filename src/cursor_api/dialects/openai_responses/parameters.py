"""What a request for a response asks besides its input: tools, output form, sampling, reasoning.

Rules of this file:
- It is read when somebody asks for it. What is of the wrong type or unknown says nothing.
- Tools are understood in the spelling of chat completions as well: there are clients that mix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct

from cursor_api.dialects.openai_responses.namespaces import join_name
from cursor_api.dialects.openai_responses.schema import ResponsesIn
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
from cursor_api.domain.errors import Fault, invalid_request
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.wire.free_text import describe_tool
from cursor_api.wire.json_lenient import (
    COUNT,
    FLAG,
    NO_ARGUMENTS,
    NOTHING,
    NUMBER,
    TEXT,
    TEXTS,
    find_object,
    find_objects,
    find_value,
)
from cursor_api.wire.limits import RequestLimits

CHOICES: Final = {"auto": Choice.AUTO, "none": Choice.NONE, "required": Choice.ANY}
KNOWN_TOOLS: Final = frozenset({"function", "custom"})
DEFAULT_TIERS: Final = frozenset({None, "auto", "default"})
# Of `include`; what else can be asked for there is always given, or belongs to tools left out.
LOGPROBS: Final = "message.output_text.logprobs"
USUAL_MODES: Final = frozenset({None, "standard"})
USUAL_TRUNCATION: Final = frozenset({None, "disabled"})
USUAL_VERBOSITY: Final = frozenset({None, "medium"})
# Tools that an answer's header names.
IGNORED_MAX: Final = 20
_EFFORTS: Final = {effort.value: effort for effort in Effort}


class _FunctionIn(Struct, gc=False):
    name: str = ""
    description: str | None = None
    parameters: Raw = NOTHING
    strict: bool | None = None
    format: Raw = NOTHING


class _ToolIn(_FunctionIn, gc=False):
    type: str = ""
    function: _FunctionIn | None = None
    custom: _FunctionIn | None = None
    # of a namespace
    tools: Raw = NOTHING


class _ChoiceIn(Struct, gc=False):
    type: str = ""
    name: str = ""
    namespace: str | None = None
    mode: str = ""
    tools: Raw = NOTHING
    function: _FunctionIn | None = None
    custom: _FunctionIn | None = None


class _FormatIn(Struct, gc=False):
    type: str = ""
    name: str | None = None
    description: str | None = None
    schema: Raw = NOTHING
    strict: bool | None = None


class _TextIn(Struct, gc=False):
    format: Raw = NOTHING
    verbosity: Raw = NOTHING


class _ReasoningIn(Struct, gc=False):
    effort: Raw = NOTHING
    mode: Raw = NOTHING
    max_tokens: Raw = NOTHING


_TOOL: Final = msgspec.json.Decoder(_ToolIn)
_CHOICE: Final = msgspec.json.Decoder(_ChoiceIn)
_FORMAT: Final = msgspec.json.Decoder(_FormatIn)
_TEXT_IN: Final = msgspec.json.Decoder(_TextIn)
_REASONING: Final = msgspec.json.Decoder(_ReasoningIn)


class Tools(Struct, frozen=True):
    """`custom` are the names of those that take any text, `ignored` what was left out.

    `grouped` has the namespace and the name in it of each that is in one.
    """

    known: tuple[Tool, ...] = ()
    custom: frozenset[str] = frozenset()
    ignored: tuple[str, ...] = ()
    grouped: Mapping[str, tuple[str, str]] = {}


NO_TOOLS: Final = Tools()


def read_tools(raw: Raw, limits: RequestLimits) -> Tools:
    """Functions and custom tools; every other type, such as `web_search`, is named as ignored.

    Raises Fault(INVALID_REQUEST) for too many.
    """
    known: list[Tool] = []
    ignored: list[str] = []
    grouped: dict[str, tuple[str, str]] = {}
    for namespace, tool in _flatten(raw, limits):
        if tool.type not in KNOWN_TOOLS:
            ignored.append(f"tools.{_one_word(tool.type)}")
            continue
        inner = tool.function or tool.custom or tool
        name = join_name(namespace, inner.name)
        if name != inner.name:
            grouped[name] = (namespace, inner.name)
        is_custom = tool.type == "custom"
        schema = b"" if is_custom else find_object(inner.parameters) or NO_ARGUMENTS
        description = inner.description or ""
        if is_custom:
            description = describe_tool(description, inner.format)
        known.append(Tool(name, description, schema, bool(inner.strict)))
    return Tools(
        tuple(known),
        frozenset(tool.name for tool in known if not tool.schema),
        tuple(dict.fromkeys(ignored))[:IGNORED_MAX],
        grouped,
    )


def check_choice(raw: Raw, limits: RequestLimits) -> None:
    """Raise Fault(INVALID_REQUEST) where `allowed_tools` names too many."""
    if len(memoryview(raw)) > limits.tools_max:
        choice = find_value(_CHOICE, raw)
        if choice is not None and len(find_objects(choice.tools)) > limits.tools_max:
            raise _too_many("tool_choice.tools", limits)


def _too_many(param: str, limits: RequestLimits) -> Fault:
    return invalid_request(
        f"'{param}' holds more than {limits.tools_max} tools, the limit.",
        code="array_above_max_length",
        param=param,
    )


def _flatten(raw: Raw, limits: RequestLimits) -> Iterator[tuple[str, _ToolIn]]:
    """Each tool with its namespace, "" for one that is in none."""
    tools = find_objects(raw)
    count = len(tools)
    if count > limits.tools_max:
        raise _too_many("tools", limits)
    for one in tools:
        tool = find_value(_TOOL, one)
        if tool is None:
            continue
        if tool.type != "namespace":
            yield "", tool
            continue
        grouped = find_objects(tool.tools)
        count += len(grouped)
        if count > limits.tools_max:
            raise _too_many("tools", limits)
        for inner in grouped:
            if (found := find_value(_TOOL, inner)) is not None:
                yield tool.name, found


def read_parameters(given: ResponsesIn, tools: Tools) -> Parameters:
    """What the body asks; never raises for one that was parsed."""
    known, choice = _choose(given, tools.known)
    return Parameters(
        tools=known,
        tool_choice=choice,
        output=_output(given.text),
        sampling=Sampling(
            temperature=find_value(NUMBER, given.temperature),
            top_p=find_value(NUMBER, given.top_p),
            output_count_max=find_value(COUNT, given.max_output_tokens),
        ),
        reasoning=_reasoning(given.reasoning),
        # The newer name says why it is wanted.
        user=find_value(TEXT, given.user) or find_value(TEXT, given.safety_identifier),
        prompt_cache_key=find_value(TEXT, given.prompt_cache_key),
        verbosity=_verbosity(given.text),
    )


def read_features(
    given: ResponsesIn, tools: Tools, places: Mapping[Feature, str]
) -> tuple[RequestedFeature, ...]:
    """What it asks for that not every upstream has."""
    found: list[RequestedFeature] = []
    if tools.known:
        found.append(RequestedFeature(Feature.TOOLS, "tools"))
    if given.tool_choice is not NOTHING:
        choice = _choose(given, tools.known)[1]
        if choice is not None and choice.kind in {Choice.ANY, Choice.NAMED}:
            found.append(RequestedFeature(Feature.FORCED_TOOLS, "tool_choice"))
    if given.text is not NOTHING and _output(given.text) is not None:
        found.append(RequestedFeature(Feature.OUTPUT_FORM, "text.format"))
    if given.text is not NOTHING and _verbosity(given.text) not in USUAL_VERBOSITY:
        found.append(RequestedFeature(Feature.VERBOSITY, "text.verbosity"))
    if given.reasoning is not NOTHING and _reasoning(given.reasoning) is not None:
        found.append(RequestedFeature(Feature.REASONING, "reasoning"))
    found += _read_numbers(given)
    found += _read_own(given)
    found += [RequestedFeature(feature, param) for feature, param in places.items()]
    return tuple(found)


def _read_numbers(given: ResponsesIn) -> Iterator[RequestedFeature]:
    numbers = (
        (given.max_output_tokens, Feature.OUTPUT_MAX, "max_output_tokens"),
        (given.temperature, Feature.TEMPERATURE, "temperature"),
        (given.top_p, Feature.TOP_P, "top_p"),
        (given.top_logprobs, Feature.LOGPROBS, "top_logprobs"),
    )
    for raw, feature, param in numbers:
        if raw is NOTHING or (value := find_value(NUMBER, raw)) is None:
            continue
        if value or feature is not Feature.LOGPROBS:
            yield RequestedFeature(feature, param)


def _read_own(given: ResponsesIn) -> Iterator[RequestedFeature]:
    """What no upstream of another dialect has a word for."""
    if LOGPROBS in (find_value(TEXTS, given.include) or ()):
        yield RequestedFeature(Feature.LOGPROBS, "include")
    if find_value(TEXT, given.truncation) not in USUAL_TRUNCATION:
        yield RequestedFeature(Feature.OWN, "truncation")
    if given.reasoning is not NOTHING and _mode(given.reasoning) not in USUAL_MODES:
        yield RequestedFeature(Feature.OWN, "reasoning.mode")
    if find_object(given.moderation) is not None:
        yield RequestedFeature(Feature.OWN, "moderation")
    if bytes(memoryview(given.context_management)[:1]) == b"[":
        yield RequestedFeature(Feature.OWN, "context_management")
    if find_value(TEXT, given.service_tier) not in DEFAULT_TIERS:
        yield RequestedFeature(Feature.SERVICE_TIER, "service_tier")


def _one_word(kind: str) -> str:
    """A caller's word as it may stand in a header."""
    return "".join(one for one in kind[:40] if one.isascii() and (one.isalnum() or one in "_-."))


def _choose(
    given: ResponsesIn, tools: tuple[Tool, ...]
) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """The tools that may be called, and how; `allowed_tools` leaves the others out."""
    is_parallel = find_value(FLAG, given.parallel_tool_calls) is not False
    raw = given.tool_choice
    word = find_value(TEXT, raw)
    choice = None if word is not None else find_value(_CHOICE, raw)
    if choice is not None and choice.type == "allowed_tools":
        named = [find_value(_CHOICE, item) for item in find_objects(choice.tools)]
        names = {
            join_name(one.namespace, (one.function or one.custom or one).name)
            for one in named
            if one is not None
        }
        tools = tuple(tool for tool in tools if tool.name in names)
        word = choice.mode or "auto"
    elif choice is not None:
        name = (choice.function or choice.custom or choice).name
        if choice.type in KNOWN_TOOLS and name:
            name = join_name(choice.namespace, name)
            return tools, ToolChoice(Choice.NAMED, name, is_parallel)
    if word in CHOICES:
        return tools, ToolChoice(CHOICES[word], is_parallel=is_parallel)
    return tools, None if is_parallel else ToolChoice(Choice.AUTO, is_parallel=False)


def _output(raw: Raw) -> OutputForm | None:
    text = find_value(_TEXT_IN, raw)
    form = None if text is None else find_value(_FORMAT, text.format)
    if form is None:
        return None
    if form.type == "json_object":
        return OutputForm()
    if form.type != "json_schema":
        return None
    return OutputForm(
        find_object(form.schema), form.name or "", form.description or "", bool(form.strict)
    )


def _verbosity(raw: Raw) -> str | None:
    text = find_value(_TEXT_IN, raw)
    return None if text is None else find_value(TEXT, text.verbosity)


def _mode(raw: Raw) -> str | None:
    given = find_value(_REASONING, raw)
    return None if given is None else find_value(TEXT, given.mode)


def _reasoning(raw: Raw) -> Reasoning | None:
    given = find_value(_REASONING, raw)
    if given is None:
        return None
    effort = _EFFORTS.get(find_value(TEXT, given.effort) or "")
    budget = find_value(COUNT, given.max_tokens)
    return None if effort is None and budget is None else Reasoning(effort, budget)
