"""Which tools a question asks for, and with what arguments.

Rules: what the user names is called by its name; a file that is named is read (or written, where
that is asked), a place's weather is asked, a command is run, a search is made. One tool is chosen
for each of these, however many the caller offers, as agents offer dozens. Any other tool is called
where all the words of its name are in the question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from cursor_api.simulator.model.asks import Call, Schema, Tool
from cursor_api.simulator.model.fill import fill
from cursor_api.simulator.model.subjects import Subjects

_WORD: Final = re.compile(r"[a-z]+|[\u3400-\u9fff]+")
_JOINT: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-. ]+")
# Words of a tool's name that say nothing about its matter.
_EMPTY: Final = re.compile(
    r"an?|the|get|fetch|list|show|do|make|run|call|tool|current|mcp|function|look|up|lookup|query|of"
    r"|for|in|my|user|v[0-9]"
)
_LEAST_WORD: Final = 3

_WRITE_ASKED: Final = re.compile(
    r"\b(?:write|create|save|edit|change|append|modify|update|replace)\b|写|创建|保存|修改|编辑",
    re.IGNORECASE,
)
_SEARCH_ASKED: Final = re.compile(
    r"\b(?:search|grep|find|look(?:ing)? for|look up)\b|搜索|查找|查询|搜一下", re.IGNORECASE
)
_WEATHER_ASKED: Final = re.compile(
    r"weather|forecast|temperature|rain|sunny|cold|warm|天气|气温|下雨", re.IGNORECASE
)


class Kind(NamedTuple):
    """A kind of work: the tool for it, and what the question must have.

    `tool` is looked for in the tool's name, `argument` among the names of its arguments.
    """

    tool: re.Pattern[str]
    argument: re.Pattern[str]
    about: Callable[[Subjects], Iterator[Subjects]]


def _each_path(asked: Subjects) -> Iterator[Subjects]:
    if not _WRITE_ASKED.search(asked.question):
        yield from (replace(asked, paths=(path,)) for path in asked.paths)


def _written_path(asked: Subjects) -> Iterator[Subjects]:
    if asked.paths and _WRITE_ASKED.search(asked.question):
        yield asked


def _each_place(asked: Subjects) -> Iterator[Subjects]:
    if _WEATHER_ASKED.search(asked.question):
        yield from (replace(asked, places=(place,)) for place in asked.places or ("Paris",))


def _each_command(asked: Subjects) -> Iterator[Subjects]:
    yield from (replace(asked, commands=(command,)) for command in asked.commands)


def _search(asked: Subjects) -> Iterator[Subjects]:
    if _SEARCH_ASKED.search(asked.question):
        yield asked


_PATH_ARGUMENT: Final = re.compile(r"path|file", re.IGNORECASE)
KINDS: Final = (
    Kind(re.compile(r"weather|forecast|temperature"), re.compile("."), _each_place),
    Kind(
        re.compile(r"bash|shell|terminal|command|exec|(?:^|_)run"),
        re.compile(r"command|cmd", re.IGNORECASE),
        _each_command,
    ),
    Kind(re.compile(r"write|create|save|edit"), _PATH_ARGUMENT, _written_path),
    Kind(re.compile(r"read|view|cat(?:$|_)|open|load|get_?file|show"), _PATH_ARGUMENT, _each_path),
    Kind(
        re.compile(r"search|grep|find|query|lookup"),
        re.compile(r"query|pattern|^q$|keyword|term|search", re.IGNORECASE),
        _search,
    ),
)


def plan_calls(tools: Sequence[Tool], asked: Subjects) -> tuple[Call, ...]:
    """The calls that the question asks for, in the order of its kinds of work; maybe none."""
    planned = [call for tool in tools if _is_named(tool, asked) for call in _calls(tool, asked)]
    taken = {call.name for call in planned}
    for kind in KINDS if not planned else ():
        abouts = list(kind.about(asked))
        tool = _tool_for(kind, tools) if abouts else None
        if tool is not None and tool.name not in taken:
            planned += [call_of(tool, about) for about in abouts]
            taken.add(tool.name)
    # Beside other work a common word, such as Task, is no call.
    spoken_of = (tool for tool in tools if _is_spoken_of(tool, asked) and tool.name not in taken)
    planned += [call_of(tool, asked) for tool in spoken_of if not planned or _is_distinct(tool)]
    return tuple({_key(call): call for call in planned}.values())


def call_of(tool: Tool, asked: Subjects) -> Call:
    """A call of the tool, its arguments from what the question speaks of."""
    if tool.is_free_text:
        text = next(iter((*asked.commands, *asked.quoted)), asked.question)
        return Call(tool.name, {"input": text})
    found = fill(_as_object(tool.schema), asked, is_optional_filled=False)
    arguments = found if isinstance(found, dict) else {}
    return Call(tool.name, arguments | _worth_having(tool.schema, asked, arguments))


def is_same(one: Call, other: Call) -> bool:
    """Whether two calls ask for the same."""
    return _key(one) == _key(other)


def _key(call: Call) -> str:
    return f"{call.name}({sorted(call.arguments.items(), key=str)})"


def _calls(tool: Tool, asked: Subjects) -> list[Call]:
    """A tool that is named, once for each thing that its kind of work has in the question."""
    kinds = (kind for kind in KINDS if _fits(kind, tool))
    abouts = next((found for kind in kinds if (found := list(kind.about(asked)))), [asked])
    return [call_of(tool, about) for about in abouts]


def _worth_having(schema: Schema, asked: Subjects, found: dict[str, object]) -> dict[str, object]:
    """Optional arguments that the question has something for, where none is required."""
    properties = schema.get("properties")
    if found or schema.get("required") or not isinstance(properties, dict):
        return {}
    speaks_of = (
        (r"city|location|place", asked.places),
        (r"path|file", asked.paths),
        (r"command|cmd", asked.commands),
        (r"query|pattern|search", asked.quoted),
    )
    named = [
        name
        for name in properties
        for pattern, values in speaks_of
        if values and re.search(pattern, name, re.IGNORECASE)
    ]
    wanted = {**schema, "required": named}
    filled = fill(wanted, asked, is_optional_filled=False) if named else {}
    return filled if isinstance(filled, dict) else {}


def _as_object(schema: Schema) -> Schema:
    return schema if schema.get("type") or "$ref" in schema else {**schema, "type": "object"}


def _snake(name: str) -> str:
    return _JOINT.sub("_", name).lower()


def _fits(kind: Kind, tool: Tool) -> bool:
    arguments = tool.schema.get("properties") or {}
    has_argument = any(kind.argument.search(name) for name in arguments)
    return bool(kind.tool.search(_snake(tool.name))) and (has_argument or tool.is_free_text)


def _tool_for(kind: Kind, tools: Sequence[Tool]) -> Tool | None:
    """The first whose name and arguments fit; else the first whose description does."""
    named = next((tool for tool in tools if _fits(kind, tool)), None)
    if named is not None:
        return named
    described = (
        tool
        for tool in tools
        if kind.tool.search(tool.description.lower())
        and any(kind.argument.search(name) for name in tool.schema.get("properties") or {})
    )
    return next(described, None)


def _is_named(tool: Tool, asked: Subjects) -> bool:
    """Whether the question has the tool's very name, which must be more than a common word."""
    name = re.escape(tool.name)
    bare = rf"(?<![A-Za-z0-9_]){name}(?![A-Za-z0-9_])"
    called = rf"`{name}`|\b{name} tool\b|\btool {name}\b|{name} ?工具|工具 ?{name}"
    return re.search(bare if _is_distinct(tool) else called, asked.question) is not None


def _is_distinct(tool: Tool) -> bool:
    """Whether its name is of several words, which nobody says by chance."""
    return re.search(r"[_\-]|[a-z][A-Z]", tool.name) is not None


def _is_spoken_of(tool: Tool, asked: Subjects) -> bool:
    """Whether all the words of its name are in the question."""
    if any(_fits(kind, tool) for kind in KINDS):
        return False  # what its kind of work needs is not in the question
    said = set(_WORD.findall(asked.question.lower()))
    said |= {word.removesuffix("s") for word in said}
    words = [word for word in _snake(tool.name).split("_") if not _EMPTY.fullmatch(word)]
    return any(len(word) >= _LEAST_WORD for word in words) and all(
        word in said or word.removesuffix("s") in said for word in words
    )
