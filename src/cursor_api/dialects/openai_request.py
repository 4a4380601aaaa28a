"""OpenAI's chat request to the domain's: roles, content in all its spellings, images, calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cursor_api.dialects.images import ImageError, parse_data_url
from cursor_api.dialects.openai_errors import RequestFault
from cursor_api.dialects.openai_schema import (
    ChatIn,
    FunctionIn,
    ImageUrlIn,
    MessageIn,
    PartIn,
    ToolCallIn,
    decode_chat,
    decode_json_text,
)
from cursor_api.domain.chat import ChatRequest, ImagePart, Message, Part, Role, TextPart, ToolCall

ROLES: dict[str, Role] = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}
TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
IMAGE_PARTS = frozenset({"image_url", "input_image"})

# How much of a caller's own word an error message repeats.
QUOTED_CHARS_MAX = 40


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """What one request may hold. The body's size is limited before it comes here.

    `messages_max`: long agent sessions run to some thousand turns; a 10 MiB body could hold
    600,000, and each costs work again in every later stage.
    `parts_max`: content parts and tool calls of all messages together; 10 MiB could hold three
    million empty ones, which would keep the event loop busy for seconds.
    `image_bytes_max`: the strictest of the vision models takes 5 MB an image.
    `model_chars_max`: real ids stay below 100; the catalogue compares an unknown one with every
    name it has, which takes quadratic time.
    """

    messages_max: int = 10_000
    parts_max: int = 20_000
    image_bytes_max: int = 5 * 1024 * 1024
    model_chars_max: int = 256


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A request, and what of it concerns only the answer's spelling.

    `include_usage` asks for a usage chunk and matters only when the answer is streamed.
    """

    chat: ChatRequest
    include_usage: bool = False


def parse_request(body: bytes, limits: ParseLimits) -> ParsedRequest:
    """Parse the body of POST /v1/chat/completions.

    Raises RequestFault (INVALID_REQUEST, with `param` in OpenAI's spelling such as
    `messages[0].content`) and nothing else, whatever the bytes.
    """
    chat = decode_chat(body)
    _check(chat, limits)
    options = chat.stream_options
    return ParsedRequest(
        chat=ChatRequest(
            model=chat.model,
            messages=tuple(
                _message(message, f"messages[{index}]", limits)
                for index, message in enumerate(chat.messages)
            ),
            is_stream=bool(chat.stream),
        ),
        include_usage=options is not None and bool(options.include_usage),
    )


def _check(chat: ChatIn, limits: ParseLimits) -> None:
    if not chat.model:
        raise RequestFault(
            "'model' is empty; GET /v1/models lists the names.", code="invalid_value", param="model"
        )
    if len(chat.model) > limits.model_chars_max:
        raise RequestFault(
            f"'model' is longer than {limits.model_chars_max} characters.",
            code="string_above_max_length",
            param="model",
        )
    if not chat.messages:
        raise RequestFault(
            "'messages' is empty; at least one message is needed.",
            code="empty_messages",
            param="messages",
        )
    if len(chat.messages) > limits.messages_max:
        raise RequestFault(
            f"'messages' holds {len(chat.messages)} messages; the limit is {limits.messages_max}.",
            code="array_above_max_length",
            param="messages",
        )
    if (count := _count_parts(chat.messages)) > limits.parts_max:
        raise RequestFault(
            f"'messages' holds {count} content parts and tool calls; the limit is"
            f" {limits.parts_max}.",
            code="array_above_max_length",
            param="messages",
        )
    # One answer passed off as several would be a lie, and n answers would be n requests.
    if chat.n is not None and chat.n != 1:
        raise RequestFault(
            "Only one answer per request is possible here: leave 'n' out or send 1.",
            code="unsupported_value",
            param="n",
        )


def _count_parts(messages: Sequence[MessageIn]) -> int:
    count = 0
    for message in messages:
        if isinstance(message.content, list):
            count += len(message.content)
        if message.tool_calls:
            count += len(message.tool_calls)
    return count


def _message(message: MessageIn, path: str, limits: ParseLimits) -> Message:
    role = ROLES.get(message.role)
    if role is None:
        raise RequestFault(
            f"Invalid value for '{path}.role': {_quote(message.role)}."
            f" Supported values are {', '.join(ROLES)}.",
            code="invalid_value",
            param=f"{path}.role",
        )
    if isinstance(message.content, str):
        parts = _text(message.content)
    else:
        parts = _parts(message.content or (), f"{path}.content", limits)
    if not parts and message.refusal:
        parts = _text(message.refusal)
    if role is Role.TOOL:
        # Before `tools`, a function's result named the function in place of the call.
        return Message(role, parts, tool_call_id=message.tool_call_id or message.name)
    if role is Role.ASSISTANT and (message.tool_calls or message.function_call):
        return Message(role, parts, tool_calls=_tool_calls(message))
    return Message(role, parts)


def _text(text: str | None) -> tuple[Part, ...]:
    return (TextPart(text),) if text else ()


def _parts(parts: Sequence[PartIn], path: str, limits: ParseLimits) -> tuple[Part, ...]:
    found: list[Part] = []
    for index, part in enumerate(parts):
        if part.type in TEXT_PARTS:
            found.extend(_text(_required(part.text, f"{path}[{index}].text")))
        elif part.type == "refusal":
            found.extend(_text(_required(part.refusal, f"{path}[{index}].refusal")))
        elif part.type in IMAGE_PARTS:
            found.append(_image(part, f"{path}[{index}].image_url", limits))
        else:
            raise RequestFault(
                f"Invalid value for '{path}[{index}].type': {_quote(part.type)}. This gateway takes"
                " text (text, input_text, output_text, refusal) and images (image_url,"
                " input_image).",
                code="unsupported_value",
                param=f"{path}[{index}].type",
            )
    return tuple(found)


def _image(part: PartIn, path: str, limits: ParseLimits) -> ImagePart:
    if isinstance(part.image_url, ImageUrlIn):
        path += ".url"
        url = _required(part.image_url.url, path)
    else:
        url = _required(part.image_url, path)
    if url[:8].lower().startswith(("http://", "https://")):
        raise RequestFault(
            f"'{path}' is a web address. This gateway fetches no address that a caller gives:"
            " send the image itself as data:image/png;base64,…",
            code="unsupported_value",
            param=path,
        )
    try:
        return parse_data_url(url, limits.image_bytes_max)
    except ImageError as error:
        raise RequestFault(f"'{path}' {error}.", code="invalid_image_url", param=path) from error


def _tool_calls(message: MessageIn) -> tuple[ToolCall, ...]:
    calls = [_tool_call(call) for call in message.tool_calls or ()]
    if message.function_call is not None:
        name, arguments = _function(message.function_call)
        calls.append(ToolCall(name, name, arguments))
    return tuple(calls)


def _tool_call(call: ToolCallIn) -> ToolCall:
    if call.function is not None:
        name, arguments = _function(call.function)
    elif call.custom is not None:
        name, arguments = call.custom.name or "", call.custom.input or ""
    else:
        name, arguments = "", ""
    return ToolCall(call.id or "", name, arguments)


def _function(function: FunctionIn) -> tuple[str, str]:
    return function.name or "", decode_json_text(function.arguments)


def _required(value: str | None, path: str) -> str:
    if value is None:
        raise RequestFault(
            f"Missing required parameter: '{path}'.", code="missing_required_parameter", param=path
        )
    return value


def _quote(word: str) -> str:
    if len(word) > QUOTED_CHARS_MAX:
        word = word[:QUOTED_CHARS_MAX] + "…"
    return f"'{word}'"
