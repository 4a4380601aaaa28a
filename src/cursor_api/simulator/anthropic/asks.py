"""A Messages body as the simulated model is asked it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cursor_api.simulator.json_api import Json
from cursor_api.simulator.model.asks import Ask, Call, Choice, Result, Role, Tool, Turn

_CHOICES: Final = {
    "auto": Choice.AUTO,
    "any": Choice.REQUIRED,
    "none": Choice.NONE,
    "tool": Choice.NAMED,
}
_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}


def read_ask(body: Json) -> Ask:
    """The whole request, which was found good; unknown members say nothing."""
    choice = body.get("tool_choice") or {}
    system = read_text(body.get("system"))
    first = (Turn(Role.SYSTEM, system),) if system else ()
    return Ask(
        model=body["model"],
        turns=(*first, *_turns(body["messages"])),
        tools=tuple(_tools(body.get("tools") or [])),
        choice=_CHOICES.get(choice.get("type", "auto"), Choice.AUTO),
        named=choice.get("name", ""),
        is_parallel=not choice.get("disable_parallel_tool_use"),
        form=_read_form(body),
        is_thinking=is_thinking(body),
    )


def is_thinking(body: Json) -> bool:
    """Whether thoughts are asked for."""
    thinking = body.get("thinking")
    return isinstance(thinking, dict) and thinking.get("type") in {"enabled", "adaptive"}


def find_question(body: Json) -> str:
    """The last words of the user that stand beside no results, "" where there are none."""
    messages = body.get("messages")
    all_messages: list[object] = messages if isinstance(messages, list) else []
    for message in reversed(all_messages):
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            if not any(one.get("type") == "tool_result" for one in blocks_of(content)):
                return read_text(content)
    return ""


def blocks_of(content: object) -> list[Json]:
    """A message's content as blocks; a string is one of text."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def read_text(content: object) -> str:
    """The text of all blocks of text."""
    texts = (one.get("text") for one in blocks_of(content) if one.get("type") == "text")
    return "\n".join(text for text in texts if isinstance(text, str))


def _turns(messages: list[Json]) -> Iterator[Turn]:
    for message in messages:
        blocks = blocks_of(message["content"])
        kinds = [one.get("type") for one in blocks]
        yield Turn(
            _ROLES[message["role"]],
            read_text(message["content"]),
            tuple(
                Call(one["name"], one["input"], one["id"])
                for one in blocks
                if one.get("type") == "tool_use"
            ),
            tuple(_result(one) for one in blocks if one.get("type") == "tool_result"),
            image_count=kinds.count("image"),
            document_count=kinds.count("document"),
        )


def _result(block: Json) -> Result:
    text = read_text(block.get("content"))
    return Result(block["tool_use_id"], text, bool(block.get("is_error")))


def _tools(tools: list[Json]) -> Iterator[Tool]:
    """Those that the caller runs; tools of the server's own are not called."""
    for tool in tools:
        if tool.get("type") in {None, "custom"}:
            schema: Any = tool.get("input_schema") or {}
            yield Tool(tool["name"], tool.get("description") or "", schema)


def _read_form(body: Json) -> Json | None:
    """The schema of the answer, in the newer place or in the older one."""
    config = body.get("output_config") or {}
    form = config.get("format") or body.get("output_format") or {}
    return dict(form.get("schema") or {}) if form.get("type") == "json_schema" else None
