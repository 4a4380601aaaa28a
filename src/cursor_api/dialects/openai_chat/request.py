"""OpenAI's chat request to the domain's: roles, content in all its spellings, images, calls.

Rules of this file:
- A request may have twenty thousand parts: the work on it stops after so many of them, for
  whoever drives it to let others have their turn.
- Where in the request something stands is put into words only for somebody who got it wrong.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from cursor_api.dialects.openai_chat.decode import decode_arguments, decode_chat
from cursor_api.dialects.openai_chat.schema import (
    TEXT_PARTS,
    ChatIn,
    FunctionIn,
    ImageUrlIn,
    MessageIn,
    PartIn,
    PieceIn,
    ToolCallIn,
)
from cursor_api.domain.chat import ChatRequest, ImagePart, Message, Part, Role, TextPart, ToolCall
from cursor_api.domain.errors import Fault, invalid_request
from cursor_api.ports import ParsedRequest
from cursor_api.wire.images import ImageError, parse_data_url
from cursor_api.wire.json_bounds import SLICE_BYTES
from cursor_api.wire.limits import RequestLimits

ROLES: dict[str, Role] = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}
IMAGE_PARTS = frozenset({"image_url", "input_image"})

# How much of a caller's own word an error message repeats.
QUOTED_CHARS_MAX = 40
# Messages, parts and calls in one step, at about two microseconds each. An image counts as ten, for
# its size may stand behind many segments, and as one more for every so many bytes of base64.
STEP_UNITS = 500
IMAGE_UNITS = 10
IMAGE_UNIT_BYTES = 1_024
# The arguments of a call are decoded here and not with the rest.
ARGUMENT_UNIT_CHARS = 4_096

# The message and its part.
Place = tuple[int, int]


def parse_request(body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
    """Parse the body of POST /v1/chat/completions; only a large one takes more than one step.

    The style is whether the stream ends with the usage.

    Raises Fault (INVALID_REQUEST, with `param` in OpenAI's spelling such as
    `messages[0].content`) and nothing else, whatever the bytes.
    """
    chat = yield from decode_chat(body, limits.json)
    if len(body) > SLICE_BYTES:
        yield
    _check(chat, limits)
    messages = yield from _Conversion(limits).messages(chat.messages)
    options = chat.stream_options
    return ParsedRequest(
        chat=ChatRequest(model=chat.model, messages=messages, is_stream=bool(chat.stream)),
        style=options is not None and bool(options.include_usage),
    )


def _check(chat: ChatIn, limits: RequestLimits) -> None:
    if not chat.model:
        raise invalid_request(
            "'model' is empty; GET /v1/models lists the names.", code="invalid_value", param="model"
        )
    if len(chat.model) > limits.model_chars_max:
        raise invalid_request(
            f"'model' is longer than {limits.model_chars_max} characters.",
            code="string_above_max_length",
            param="model",
        )
    if not chat.messages:
        raise invalid_request(
            "'messages' is empty; at least one message is needed.",
            code="empty_messages",
            param="messages",
        )
    if len(chat.messages) > limits.messages_max:
        raise invalid_request(
            f"'messages' holds {len(chat.messages)} messages; the limit is {limits.messages_max}.",
            code="array_above_max_length",
            param="messages",
        )
    if (count := _count_parts(chat.messages)) > limits.parts_max:
        raise invalid_request(
            f"'messages' holds {count} content parts and tool calls; the limit is"
            f" {limits.parts_max}.",
            code="array_above_max_length",
            param="messages",
        )
    # One answer passed off as several would be a lie, and n answers would be n requests.
    if chat.n is not None and chat.n != 1:
        raise invalid_request(
            "Only one answer per request is possible here: leave 'n' out or send 1.",
            code="unsupported_value",
            param="n",
        )


def _count_parts(messages: Sequence[MessageIn]) -> int:
    count = 0
    for message in messages:
        if isinstance(message.content, list):
            count += len(message.content) - sum(type(part) is PieceIn for part in message.content)
        if message.tool_calls:
            count += len(message.tool_calls)
    return count


class _Conversion:
    """StepRunner messages into the domain's, and stops after every so many units of work."""

    __slots__ = ("_limits", "_units")

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        self._units = 0

    def messages(self, given: Sequence[MessageIn]) -> Generator[None, None, tuple[Message, ...]]:
        found: list[Message] = []
        for index, message in enumerate(given):
            role = ROLES.get(message.role)
            if role is None:
                raise _unknown_role(message, index)
            parts: list[Part] = []
            if isinstance(message.content, list):
                yield from self._parts(message.content, index, parts)
            elif message.content:
                parts.append(TextPart(message.content))
            calls: list[ToolCall] = []
            if message.tool_calls and role is Role.ASSISTANT:
                yield from self._calls(message.tool_calls, calls)
            found.append((yield from _message(role, message, parts, calls)))
            if self._is_step_done(1):
                yield
        return tuple(found)

    def _parts(
        self, given: Sequence[PartIn], index: int, parts: list[Part]
    ) -> Generator[None, None, None]:
        number = -1
        for part in given:
            number += type(part) is not PieceIn
            found = _part(part, (index, number), self._limits)
            if found is not None:
                parts.append(found)
            if self._is_step_done(
                IMAGE_UNITS + len(found.data) // IMAGE_UNIT_BYTES
                if isinstance(found, ImagePart)
                else 1
            ):
                yield

    def _calls(
        self, given: Sequence[ToolCallIn], calls: list[ToolCall]
    ) -> Generator[None, None, None]:
        for call in given:
            calls.append((yield from _tool_call(call)))
            if self._is_step_done(1 + len(calls[-1].arguments) // ARGUMENT_UNIT_CHARS):
                yield

    def _is_step_done(self, units: int) -> bool:
        self._units += units
        if self._units < STEP_UNITS:
            return False
        self._units = 0
        return True


def _unknown_role(message: MessageIn, index: int) -> Fault:
    return invalid_request(
        f"Invalid value for 'messages[{index}].role': {_quote(message.role)}."
        f" Supported values are {', '.join(ROLES)}.",
        code="invalid_value",
        param=f"messages[{index}].role",
    )


def _message(
    role: Role, message: MessageIn, parts: list[Part], calls: list[ToolCall]
) -> Generator[None, None, Message]:
    if not parts and message.refusal:
        parts.append(TextPart(message.refusal))
    if role is Role.TOOL:
        # Before `tools`, a function's result named the function in place of the call.
        return Message(role, tuple(parts), tool_call_id=message.tool_call_id or message.name)
    if role is Role.ASSISTANT and message.function_call is not None:
        called = message.function_call
        calls.append((yield from _function_call(called.name or "", called)))
    return Message(role, tuple(parts), tuple(calls))


def _part(part: PartIn, place: Place, limits: RequestLimits) -> Part | None:
    """What a part says; None when it says nothing."""
    if part.type in TEXT_PARTS:
        text, name = part.text, "text"
    elif part.type in IMAGE_PARTS:
        return _image(part, place, limits)
    elif part.type == "refusal":
        text, name = part.refusal, "refusal"
    else:
        path = _path(place, "type")
        raise invalid_request(
            f"Invalid value for '{path}': {_quote(part.type)}. This gateway takes"
            " text (text, input_text, output_text, refusal) and images (image_url,"
            " input_image).",
            code="unsupported_value",
            param=path,
        )
    if text is None:
        raise _missing(place, name)
    return TextPart(text) if text else None


def _image(part: PartIn, place: Place, limits: RequestLimits) -> ImagePart:
    url, name = part.image_url, "image_url"
    if isinstance(url, ImageUrlIn):
        url, name = url.url, "image_url.url"
    if url is None:
        raise _missing(place, name)
    if url[:8].lower().startswith(("http://", "https://")):
        path = _path(place, name)
        raise invalid_request(
            f"'{path}' is a web address. This gateway fetches no address that a caller gives:"
            " send the image itself as data:image/png;base64,…",
            code="unsupported_value",
            param=path,
        )
    try:
        return parse_data_url(url, limits.image_bytes_max)
    except ImageError as error:
        path = _path(place, name)
        raise invalid_request(f"'{path}' {error}.", code="invalid_image_url", param=path) from error


def _tool_call(call: ToolCallIn) -> Generator[None, None, ToolCall]:
    id_ = call.id or ""
    if call.function is not None:
        return (yield from _function_call(id_, call.function))
    if call.custom is not None:
        return ToolCall(id_, call.custom.name or "", call.custom.input or "")
    return ToolCall(id_, "", "")


def _function_call(id_: str, function: FunctionIn) -> Generator[None, None, ToolCall]:
    arguments = yield from decode_arguments(function.arguments)
    return ToolCall(id_, function.name or "", arguments[0], tuple(arguments[1:]))


def _path(place: Place, name: str) -> str:
    index, number = place
    return f"messages[{index}].content[{number}].{name}"


def _missing(place: Place, name: str) -> Fault:
    path = _path(place, name)
    return invalid_request(
        f"Missing required parameter: '{path}'.", code="missing_required_parameter", param=path
    )


def _quote(word: str) -> str:
    if len(word) > QUOTED_CHARS_MAX:
        word = word[:QUOTED_CHARS_MAX] + "…"
    return f"'{word}'"
