"""The shared model as the bridge asks it: prompts as one text, results as MCP writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from cursor_api.simulator.model.asks import Tool
from cursor_api.simulator.model.plans import call_of, plan_calls
from cursor_api.simulator.model.subjects import find_subjects

Json = dict[str, Any]

# What a question has to say for a tool to be called though nothing hints at it.
_MUST_CALL = re.compile(r"must call (?:the tool `(?P<name>[^`]+)`|one of the tools)")
_ORDER = re.compile(r"^/sim call (?P<name>\S+)(?: (?P<args>\{.*\}))?$", re.MULTILINE)
_ORDERS = re.compile(r"^/sim .*\n?", re.MULTILINE)


class Call(NamedTuple):
    """A call that the model makes."""

    name: str
    args: Json


def last_words(text: str) -> str:
    """What was asked last: what follows the transcript before it; without orders to us."""
    question = text.rpartition(">\n\n")[2] if "</" in text else text
    return _ORDERS.sub("", question)


def choose_calls(text: str, tools: Mapping[str, Json]) -> Sequence[Call]:
    """Those that the text orders or hints at; `tools` are schemas by name."""
    ordered = [
        Call(found["name"], msgspec.json.decode(found["args"] or "{}"))
        for found in _ORDER.finditer(text)
    ]
    if ordered:
        return ordered
    offered = [Tool(name, schema=schema) for name, schema in tools.items()]
    asked = find_subjects(last_words(text))
    planned = plan_calls(offered, asked)
    if not planned and (must := _MUST_CALL.search(text)):
        named = [tool for tool in offered if must["name"] in {None, tool.name}]
        planned = tuple(call_of(tool, asked) for tool in named[:1])
    return [Call(call.name, call.arguments) for call in planned]


def answer_from(results: Sequence[Json]) -> str:
    """What is said when the tools have answered."""
    return "Result: " + "; ".join(_text_of(result) for result in results)


def _text_of(result: Json) -> str:
    if "message" in result:
        return f"the tool failed: {result['message']}"
    content = result.get("content")
    if not isinstance(content, list):
        return msgspec.json.encode(result).decode()
    return " ".join(
        part["text"] if part.get("type") == "text" else f"[{part.get('type')}]" for part in content
    )
