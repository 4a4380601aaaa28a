"""What a messages request asks besides its messages: tools, output form, sampling, thinking.

Rules of this file:
- It is read from the body when somebody asks for it, by which time the body has been found to be
  well-formed JSON within its bounds.
- What is of the wrong type or unknown says nothing: clients send more than any one upstream knows,
  and an upstream of this dialect gets it as it came.
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
from cursor_api.wire.json_lenient import (
    COUNT,
    ITEMS,
    NO_ARGUMENTS,
    NOTHING,
    NUMBER,
    TEXT,
    TEXTS,
    find_object,
    find_value,
)

CHOICES: Final = {"auto": Choice.AUTO, "any": Choice.ANY, "none": Choice.NONE, "tool": Choice.NAMED}
FORCED: Final = frozenset({Choice.ANY, Choice.NAMED})
# The others are Anthropic's own: its servers run them, or know what they take.
CALLERS_TOOLS: Final = frozenset({None, "custom"})
_EFFORTS: Final = {effort.value: effort for effort in Effort}


class _ParametersIn(Struct, gc=False):
    tools: Raw = NOTHING
    tool_choice: Raw = NOTHING
    max_tokens: Raw = NOTHING
    stop_sequences: Raw = NOTHING
    temperature: Raw = NOTHING
    top_p: Raw = NOTHING
    top_k: Raw = NOTHING
    thinking: Raw = NOTHING
    output_config: Raw = NOTHING
    output_format: Raw = NOTHING
    metadata: Raw = NOTHING


class _ToolIn(Struct, gc=False):
    name: str
    type: str | None = None
    description: str | None = None
    input_schema: Raw = NOTHING
    strict: bool | None = None
    input_examples: Raw = NOTHING
    cache_control: Raw = NOTHING


class _ChoiceIn(Struct, gc=False):
    type: str
    name: str = ""
    disable_parallel_tool_use: bool | None = None


class ThinkingIn(Struct, gc=False):
    """`display` says whether the caller wants to read it, or only to bring it back."""

    type: str
    budget_tokens: Raw = NOTHING
    display: str | None = None


class _OutputIn(Struct, gc=False):
    effort: Raw = NOTHING
    format: Raw = NOTHING


class _FormatIn(Struct, gc=False):
    type: str
    schema: Raw = NOTHING


class _MetadataIn(Struct, gc=False):
    user_id: str | None = None


_BODY: Final = msgspec.json.Decoder(_ParametersIn)
_TOOL: Final = msgspec.json.Decoder(_ToolIn)
_CHOICE: Final = msgspec.json.Decoder(_ChoiceIn)
_THINKING: Final = msgspec.json.Decoder(ThinkingIn)
_OUTPUT: Final = msgspec.json.Decoder(_OutputIn)
_FORMAT: Final = msgspec.json.Decoder(_FormatIn)
_METADATA: Final = msgspec.json.Decoder(_MetadataIn)


def read_parameters(body: bytes) -> Parameters:
    """What the body of a request asks; never raises for one that was parsed."""
    given = _BODY.decode(body)
    return Parameters(
        tools=tuple(_tools(given.tools)),
        tool_choice=read_tool_choice(given.tool_choice),
        output=read_output(given.output_config) or _form(given.output_format),
        sampling=Sampling(
            temperature=find_value(NUMBER, given.temperature),
            top_p=find_value(NUMBER, given.top_p),
            top_k=find_value(COUNT, given.top_k),
            output_count_max=find_value(COUNT, given.max_tokens),
            stop=find_value(TEXTS, given.stop_sequences) or (),
        ),
        reasoning=_reasoning(read_thinking(given.thinking), read_effort(given.output_config)),
        user=read_user(given.metadata),
    )


def read_tool_choice(raw: Raw) -> ToolChoice | None:
    """`{"type": "tool", "name": …}` and its like; None for anything else."""
    given = find_value(_CHOICE, raw)
    kind = CHOICES.get(given.type) if given is not None else None
    if given is None or kind is None:
        return None
    name = given.name if kind is Choice.NAMED else ""
    return ToolChoice(kind, name, is_parallel=not given.disable_parallel_tool_use)


def read_thinking(raw: Raw) -> ThinkingIn | None:
    """Whether and how the model shall think; None for anything else."""
    return find_value(_THINKING, raw)


def read_output(raw: Raw) -> OutputForm | None:
    """The form of the output in `output_config`; None where text is wanted."""
    output = find_value(_OUTPUT, raw)
    return None if output is None else _form(output.format)


def read_effort(raw: Raw) -> Effort | None:
    """The effort in `output_config`; None where there is none, or no known one."""
    output = find_value(_OUTPUT, raw)
    return None if output is None else _EFFORTS.get(find_value(TEXT, output.effort) or "")


def read_conversation(metadata: Raw) -> str | None:
    """What requests of one conversation share, where the caller names it.

    Claude Code writes its session into `metadata.user_id`; of others that is a person, who may
    have many conversations.
    """
    user = read_user(metadata)
    return user if user is not None and "session" in user else None


def read_user(raw: Raw) -> str | None:
    """`metadata.user_id`; None for anything else."""
    metadata = find_value(_METADATA, raw)
    return None if metadata is None else metadata.user_id


def _tools(raw: Raw) -> Iterator[Tool]:
    for one in find_value(ITEMS, raw) or ():
        tool = find_value(_TOOL, one)
        if tool is not None and tool.type in CALLERS_TOOLS:
            yield Tool(
                tool.name,
                _description(tool),
                find_object(tool.input_schema) or NO_ARGUMENTS,
                is_strict=bool(tool.strict),
                cache=find_cache_mark(tool.cache_control),
            )


def _description(tool: _ToolIn) -> str:
    """With the examples of its input: no other client API has a place for them."""
    examples = bytes(tool.input_examples).decode()
    if not examples.startswith("["):
        return tool.description or ""
    return f"{tool.description or ''}\n\nExamples of its input:\n{examples}".lstrip()


def _form(raw: Raw) -> OutputForm | None:
    form = find_value(_FORMAT, raw)
    if form is None or form.type != "json_schema":
        return None
    # There is no other way than strictly here.
    return OutputForm(find_object(form.schema), is_strict=True)


def _reasoning(thinking: ThinkingIn | None, effort: Effort | None) -> Reasoning | None:
    if thinking is not None and thinking.type == "disabled":
        return Reasoning(Effort.NONE)
    budget = None
    if thinking is not None and thinking.type == "enabled":
        budget = find_value(COUNT, thinking.budget_tokens)
    return None if effort is None and budget is None else Reasoning(effort, budget)
