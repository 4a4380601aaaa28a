"""What OpenAI's API refuses in a chat, in its words."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

from cursor_api.simulator.json_api import Json, Refusal
from cursor_api.simulator.openai.asks import read_text
from cursor_api.simulator.openai.errors import INVALID, invalid

_ROLES: Final = ("system", "assistant", "user", "function", "tool", "developer")
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]+")
_NAME_PATTERN: Final = "^[a-zA-Z0-9_-]+$"
NAME_CHARS_MAX: Final = 64
TOOLS_MAX: Final = 128
CHOICES_MAX: Final = 128
STOPS_MAX: Final = 4
TEMPERATURE_MAX: Final = 2
TOP_LOGPROBS_MAX: Final = 20


def check_chat(body: Json) -> None:
    """Raise Refusal for the first thing that is wrong."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("you must provide a model parameter")
    if not isinstance(body.get("messages"), list):
        raise invalid(
            "Missing required parameter: 'messages'.", "messages", "missing_required_parameter"
        )
    if not body["messages"]:
        raise invalid(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an"
            " empty array instead.",
            "messages",
            "empty_array",
        )
    _check_messages(body["messages"])
    _check_tools(body)
    _check_numbers(body)
    if body.get("stream_options") is not None and not body.get("stream"):
        raise invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        )
    _check_form(body)


def check_model(model: str, models: tuple[str, ...]) -> None:
    """Raise Refusal for a model that is not served."""
    if models and model not in models:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            INVALID,
            f"The model `{model}` does not exist or you do not have access to it.",
            code="model_not_found",
        )


def check_context(tokens: int, tokens_max: int) -> None:
    """Raise Refusal for a prompt that is too long."""
    if tokens > tokens_max:
        raise invalid(
            f"This model's maximum context length is {tokens_max} tokens. However, your messages"
            f" resulted in {tokens} tokens. Please reduce the length of the messages.",
            "messages",
            "context_length_exceeded",
        )


def _check_messages(messages: list[Any]) -> None:
    owed: dict[str, None] = {}
    for at, message in enumerate(messages):
        place = f"messages[{at}]"
        if not isinstance(message, dict):
            raise invalid(f"Invalid type for '{place}': expected an object.", place, "invalid_type")
        role = message.get("role")
        if role not in _ROLES:
            supported = ", ".join(f"'{one}'" for one in _ROLES[:-1])
            raise invalid(
                f"Invalid value: '{role}'. Supported values are: {supported}, and '{_ROLES[-1]}'.",
                f"{place}.role",
                "invalid_value",
            )
        if role == "tool":
            call_id = message.get("tool_call_id")
            if call_id not in owed:
                raise invalid(
                    "Invalid parameter: messages with role 'tool' must be a response to a"
                    " preceeding message with 'tool_calls'.",
                    f"{place}.role",
                )
            del owed[call_id]
        else:
            _check_owed(owed, place)
            owed = dict.fromkeys(str(call.get("id")) for call in message.get("tool_calls") or ())
        _check_content(message, role, place)
    _check_owed(owed, f"messages[{len(messages)}]")


def _check_content(message: Json, role: str, place: str) -> None:
    content = message.get("content")
    if content is None and not (role == "assistant" and _has_more(message)):
        raise invalid(
            f"Invalid value for 'content': expected a string, got null. {place}",
            f"{place}.content",
        )
    parts = content if isinstance(content, list) and role != "user" else ()
    if any(isinstance(part, dict) and part.get("type") == "image_url" for part in parts):
        raise invalid(
            f"Invalid '{place}'. Image URLs are only allowed for messages with role 'user', but"
            f" this message with role '{role}' contains an image URL.",
            place,
            "invalid_value",
        )


def _has_more(message: Json) -> bool:
    """Whether an assistant's message says something without content."""
    return any(message.get(name) for name in ("tool_calls", "refusal", "audio", "function_call"))


def _check_owed(owed: dict[str, None], place: str) -> None:
    if owed:
        raise invalid(
            "An assistant message with 'tool_calls' must be followed by tool messages responding"
            " to each 'tool_call_id'. The following tool_call_ids did not have response messages:"
            f" {', '.join(owed)}",
            place,
        )


def _check_tools(body: Json) -> None:
    tools = body.get("tools")
    if tools is None:
        if body.get("tool_choice") is not None:
            raise invalid(
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are"
                " specified.",
                "tool_choice",
            )
        return
    if not isinstance(tools, list) or not tools or len(tools) > TOOLS_MAX:
        raise invalid(f"Invalid 'tools': expected an array of 1 to {TOOLS_MAX} elements.", "tools")
    names = []
    for at, tool in enumerate(tools):
        inner = tool.get(tool.get("type")) if isinstance(tool, dict) else None
        name = inner.get("name") if isinstance(inner, dict) else None
        place = f"tools[{at}].function.name"
        if not isinstance(name, str):
            raise invalid(
                f"Missing required parameter: '{place}'.", place, "missing_required_parameter"
            )
        if len(name) > NAME_CHARS_MAX:
            raise invalid(
                f"Invalid '{place}': string too long. Expected a string with maximum length"
                f" {NAME_CHARS_MAX}, but got a string with length {len(name)} instead.",
                place,
                "string_above_max_length",
            )
        if not _NAME.fullmatch(name):
            raise invalid(
                f"Invalid '{place}': string does not match pattern. Expected a string that matches"
                f" the pattern '{_NAME_PATTERN}'.",
                place,
                "invalid_value",
            )
        names.append(name)
    choice = body.get("tool_choice")
    named = (choice.get("function") or {}).get("name") if isinstance(choice, dict) else None
    if named and named not in names:
        raise invalid(
            f"Invalid value for 'tool_choice': tool '{named}' was not found in 'tools'.",
            "tool_choice",
        )


def _check_numbers(body: Json) -> None:
    bounds = {
        "n": (1, CHOICES_MAX),
        "temperature": (0, TEMPERATURE_MAX),
        "top_p": (0, 1),
        "max_tokens": (1, 10**9),
        "max_completion_tokens": (1, 10**9),
        "top_logprobs": (0, TOP_LOGPROBS_MAX),
        "presence_penalty": (-2, 2),
        "frequency_penalty": (-2, 2),
    }
    for name, (least, most) in bounds.items():
        value = body.get(name)
        if isinstance(value, int | float) and not least <= value <= most:
            is_low = value < least
            said, bound = ("below minimum", ">=") if is_low else ("above maximum", "<=")
            kind = "integer" if isinstance(value, int) else "decimal"
            raise invalid(
                f"Invalid '{name}': {kind} {said} value. Expected a value {bound}"
                f" {least if is_low else most}, but got {value} instead.",
                name,
                f"{kind}_{'below_min' if is_low else 'above_max'}_value",
            )
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > STOPS_MAX:
        raise invalid(
            f"Invalid 'stop': array too long. Expected an array with maximum length {STOPS_MAX},"
            f" but got an array with length {len(stop)} instead.",
            "stop",
            "array_above_max_length",
        )


def _check_form(body: Json) -> None:
    form = body.get("response_format") or {}
    kind = form.get("type")
    if kind == "json_schema":
        inner = form.get("json_schema")
        if not isinstance(inner, dict) or not inner.get("name"):
            raise invalid(
                "Missing required parameter: 'response_format.json_schema.name'.",
                "response_format.json_schema.name",
                "missing_required_parameter",
            )
    elif kind == "json_object":
        said = " ".join(read_text(message.get("content")) for message in body["messages"])
        if "json" not in said.lower():
            raise invalid(
                "'messages' must contain the word 'json' in some form, to use 'response_format' of"
                " type 'json_object'.",
                "messages",
            )
