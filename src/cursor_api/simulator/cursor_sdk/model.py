"""The scripted model behind the simulated bridge: when it calls which tool, and with what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

Json = dict[str, Any]

_PATH = re.compile(r"[\w./~-]*[\w-]+\.[A-Za-z]\w{0,7}\b|(?:/[\w.-]+)+")
_PLACE = re.compile(r"\b(?:in|for|of|at) ((?:[A-Z\u00c0-\u00de][\w'-]+ ?)+)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])")
# What a question has to say for a tool to be called though nothing hints at it.
_MUST_CALL = re.compile(r"must call (?:the tool `(?P<name>[^`]+)`|one of the tools)")
_ORDER = re.compile(r"^/sim call (?P<name>\S+)(?: (?P<args>\{.*\}))?$", re.MULTILINE)
_ORDERS = re.compile(r"^/sim .*\n?", re.MULTILINE)
# Words of tools' names that say nothing of what they are about.
_EMPTY_WORDS = frozenset({"get", "the", "tool", "run", "do", "call", "fetch", "for", "and", "list"})
DEPTH_MAX = 4


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
    question = last_words(text)
    words = {word.lower() for word in _WORD.findall(question)}
    hinted = [name for name in tools if _name_words(name) & words]
    if not hinted and _PATH.search(question):
        hinted = [name for name in tools if "read" in _name_words(name)][:1]
    if not hinted and (must := _MUST_CALL.search(text)):
        hinted = [must["name"]] if must["name"] else list(tools)[:1]
    return [Call(name, fill(tools[name], question)) for name in hinted if name in tools]


def _name_words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)} - _EMPTY_WORDS


def fill(schema: Json, question: str, depth: int = 0) -> Json:
    """Arguments that the schema allows, with what the question names."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or depth == DEPTH_MAX:
        return {}
    wanted = schema.get("required") or list(properties)
    return {
        name: _value(name, properties[name], question, depth)
        for name in wanted
        if isinstance(properties.get(name), dict)
    }


def _value(name: str, schema: Json, question: str, depth: int) -> Any:
    if schema.get("enum"):
        named = [one for one in schema["enum"] if str(one).lower() in question.lower()]
        return (named or schema["enum"])[0]
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "integer" | "number" as wanted:
            number = _number_in(question)
            return int(number) if wanted == "integer" else number
        case "boolean":
            return True
        case "array":
            return [_value(name, schema.get("items") or {}, question, depth + 1)]
        case "object":
            return fill(schema, question, depth + 1)
        case _:
            return _text_for(name, question)


def _number_in(question: str) -> float:
    found = _NUMBER.search(question)
    return float(found[0]) if found else 1.0


def _text_for(name: str, question: str) -> str:
    if re.search(r"path|file", name, re.IGNORECASE) and (found := _PATH.search(question)):
        return found[0]
    if re.search(r"city|place|location|town|country", name, re.IGNORECASE) and (
        found := _PLACE.search(question)
    ):
        return found[1].strip()
    return question.strip()[:200]


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
