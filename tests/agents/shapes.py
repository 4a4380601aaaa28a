"""Requests in the shape and the size of what agents send for a plain hello; every word is ours."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

HELLO: Final = "Say hello."
_SENTENCE: Final = "Work in small steps, say what you do, and leave the folder as you found it. "
_SCHEMA: Final[Json] = {
    "type": "object",
    "properties": {
        "target": {"type": "string", "description": "What it is about."},
        "limit": {"type": ["integer", "null"], "minimum": 0},
        "kinds": {"type": "array", "items": {"enum": ["one", "two"]}},
    },
    "required": ["target"],
    "additionalProperties": False,
}


def _words(size: int) -> str:
    return (_SENTENCE * (size // len(_SENTENCE) + 1))[:size]


def codex(model: str) -> Json:
    """40 KB: items of developers, tools of types that no upstream here has."""
    message: Json = {"type": "message", "role": "developer"}
    tools: list[Json] = [
        {
            "type": "function",
            "name": f"job_{number}",
            "description": _words(1200),
            "strict": False,
            "parameters": _SCHEMA,
        }
        for number in range(12)
    ]
    inner = {"type": "function", "name": "spawn", "parameters": _SCHEMA, "strict": False}
    tools += [
        {"type": "namespace", "name": "team", "description": "Helpers.", "tools": [inner]},
        {"type": "web_search", "external_web_access": False},
        {"type": "custom", "name": "patch", "format": {"type": "text"}, "description": "A patch."},
    ]
    return {
        "model": model,
        "instructions": _words(18_000),
        "input": [
            {**message, "content": [{"type": "input_text", "text": _words(2000)}]},
            {**message, "content": [{"type": "input_text", "text": _words(500)}]},
            {"role": "user", "content": [{"type": "input_text", "text": HELLO}]},
        ],
        "tools": tools,
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "reasoning": {"summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "a-conversation-of-codex",
        "client_metadata": {"installation": "one"},
    }


def claude_code(model: str) -> Json:
    """78 KB: a system text in blocks and one between the messages, and fields of several betas."""
    cached = {"cache_control": {"type": "ephemeral"}}
    return {
        "model": model,
        "max_tokens": 32_000,
        "stream": True,
        "system": [
            {"type": "text", "text": "You help with code."},
            {"type": "text", "text": _words(14_000), **cached},
        ],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": _words(800)},
                    {"type": "text", "text": HELLO, **cached},
                ],
            },
            {"role": "system", "content": [{"type": "text", "text": _words(700), **cached}]},
        ],
        "tools": [
            {
                "name": f"Job{number}",
                "description": _words(2600),
                "input_schema": {"$schema": "https://json-schema.org/draft/2020-12", **_SCHEMA},
            }
            for number in range(22)
        ],
        "thinking": {"type": "adaptive"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "medium"},
        "metadata": {"user_id": "a-user-and-a-session"},
    }


def _chat_tools(count: int, size: int) -> list[Json]:
    return [
        {
            "type": "function",
            "function": {
                "name": f"job_{number}",
                "description": _words(size),
                "parameters": _SCHEMA,
            },
        }
        for number in range(count)
    ]


def opencode(model: str) -> Json:
    """31 KB: an answer of calls has the empty text, and usage is asked for."""
    call = {"id": "call_1", "type": "function", "function": {"name": "job_1", "arguments": "{}"}}
    return {
        "model": model,
        "max_tokens": 4000,
        "messages": [
            {"role": "system", "content": _words(9000)},
            {"role": "user", "content": "What is here?"},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "Nothing."},
            {"role": "assistant", "content": "Nothing is here."},
            {"role": "user", "content": HELLO},
        ],
        "tools": _chat_tools(10, 1700),
        "tool_choice": "auto",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def qwen_code(model: str) -> Json:
    """67 KB: parts in the roles of user and tool, an answer without a text."""
    call = {"id": "call_1", "type": "function", "function": {"name": "job_1", "arguments": "{}"}}
    return {
        "model": model,
        "max_tokens": 8000,
        "messages": [
            {"role": "system", "content": _words(27_000)},
            {"role": "user", "content": [{"type": "text", "text": _words(9000)}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {
                "role": "tool",
                "tool_call_id": "call_1",
                "content": [{"type": "text", "text": "Nothing."}],
            },
            {"role": "assistant", "content": "Nothing is here."},
            {"role": "user", "content": [{"type": "text", "text": HELLO}]},
        ],
        "tools": _chat_tools(14, 1900),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
