"""A chat completion's body as the simulated model is asked it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from cursor_api.simulator.json_api import Json
from cursor_api.simulator.model.asks import Ask, Call, Choice, Result, Role, Tool, Turn
from cursor_api.simulator.scenario import is_thinking_model

_CHOICES: Final = {"none": Choice.NONE, "auto": Choice.AUTO, "required": Choice.REQUIRED}
_ROLES: Final = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.USER,
}
_REASONERS: Final = ("reason", "think", "o1", "o3", "o4")
_NO_REASONING: Final = frozenset({None, "none", "minimal"})


def read_ask(body: Json) -> Ask:
    """The whole request, which was found good; unknown members say nothing."""
    model = body["model"]
    choice, named, offered = _read_choice(body.get("tool_choice"))
    tools = tuple(_read_tool(tool) for tool in body.get("tools") or ())
    effort = body.get("reasoning_effort")
    is_reasoner = is_thinking_model(model) or any(word in model for word in _REASONERS)
    return Ask(
        model=model,
        turns=tuple(_turns(body["messages"])),
        tools=tuple(tool for tool in tools if offered is None or tool.name in offered),
        choice=choice,
        named=named,
        is_parallel=body.get("parallel_tool_calls") is not False,
        form=_read_form(body.get("response_format") or {}),
        is_thinking=effort not in _NO_REASONING or (is_reasoner and effort is None),
    )


def find_question(body: Json) -> str:
    """The last words of the user, "" where there are none."""
    messages = body.get("messages")
    all_messages: list[object] = messages if isinstance(messages, list) else []
    for message in reversed(all_messages):
        if isinstance(message, dict) and message.get("role") == "user":
            return read_text(message.get("content"))
    return ""


def read_text(content: object) -> str:
    """The text of a message's content, in one string or in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "\n".join(text for text in texts if isinstance(text, str))


def _turns(messages: list[Json]) -> Iterator[Turn]:
    """Results of tools that stand in a row are one turn."""
    results: list[Result] = []
    for message in messages:
        if message["role"] == "tool":
            results.append(Result(message["tool_call_id"], read_text(message.get("content"))))
            continue
        if results:
            yield Turn(Role.USER, results=tuple(results))
            results = []
        content = message.get("content")
        kinds = [part.get("type") for part in content] if isinstance(content, list) else []
        yield Turn(
            _ROLES[message["role"]],
            read_text(content),
            tuple(_read_call(call) for call in message.get("tool_calls") or ()),
            image_count=kinds.count("image_url"),
            document_count=kinds.count("file") + kinds.count("input_audio"),
        )
    if results:
        yield Turn(Role.USER, results=tuple(results))


def _read_call(call: Json) -> Call:
    if call.get("type") == "custom":
        custom = call["custom"]
        return Call(custom["name"], {"input": custom["input"]}, call["id"])
    function = call["function"]
    return Call(function["name"], _read_arguments(function["arguments"]), call["id"])


def _read_arguments(text: str) -> Json:
    """Those of an earlier call, which may be anybody's and no JSON at all."""
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {"input": text}
    return found if isinstance(found, dict) else {"input": found}


def _read_tool(tool: Json) -> Tool:
    if tool.get("type") == "custom":
        custom = tool["custom"]
        return Tool(custom["name"], custom.get("description") or "", is_free_text=True)
    function = tool["function"]
    schema = function.get("parameters") or {}
    return Tool(function["name"], function.get("description") or "", schema)


def _read_choice(choice: Any) -> tuple[Choice, str, frozenset[str] | None]:
    """The choice, the name that it names, and the names that it leaves (None: all)."""
    if not isinstance(choice, dict):
        return _CHOICES.get(choice or "auto", Choice.AUTO), "", None
    allowed = choice.get("allowed_tools")
    if allowed:
        names = frozenset(_name_of(tool) for tool in allowed.get("tools") or ())
        return _CHOICES.get(allowed.get("mode", "auto"), Choice.AUTO), "", names
    return Choice.NAMED, _name_of(choice), None


def _name_of(tool: Json) -> str:
    return str((tool.get("function") or tool.get("custom") or {}).get("name", ""))


def _read_form(form: Json) -> Json | None:
    match form.get("type"):
        case "json_object":
            return {}
        case "json_schema":
            return dict(form["json_schema"].get("schema") or {})
        case _:
            return None
