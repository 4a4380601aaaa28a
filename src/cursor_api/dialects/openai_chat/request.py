"""OpenAI's chat request to the domain's: roles, content in all its spellings, images, calls.

Rules of this file:
- A request may have twenty thousand parts: the work on it stops after so many of them, for
  whoever drives it to let others have their turn.
- Where in the request something stands is put into words only for somebody who got it wrong.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from cursor_api.dialects.openai.documents import read_file
from cursor_api.dialects.openai.images import read_image
from cursor_api.dialects.openai_chat.calls import PLAIN, Spelling
from cursor_api.dialects.openai_chat.decode import decode_chat
from cursor_api.dialects.openai_chat.features import read_features
from cursor_api.dialects.openai_chat.parameters import (
    list_allowed,
    read_conversation,
    read_custom,
    read_parameters,
)
from cursor_api.dialects.openai_chat.schema import (
    TEXT_PARTS,
    ChatIn,
    FunctionIn,
    ImageUrlIn,
    LongPartIn,
    MessageIn,
    PartIn,
    ToolCallIn,
)
from cursor_api.dialects.openai_chat.strays import refuse_system
from cursor_api.domain.chat import ChatRequest, Native, Origin
from cursor_api.domain.content import (
    Image,
    LinkedImage,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.errors import Fault, invalid_request, quote
from cursor_api.domain.features import Feature
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.cache_marks import mark_last
from cursor_api.wire.json_bounds import SLICE_BYTES
from cursor_api.wire.json_decode import without_mark
from cursor_api.wire.json_lenient import NOTHING, find_objects
from cursor_api.wire.json_texts import decode_arguments, decode_text
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.surrogates import LONE_SURROGATES, decode_mended
from cursor_api.wire.work_units import Step, call_units, image_units

NAME: Final = "openai_chat"
ROLES: dict[str, Role] = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.USER,
    "function": Role.USER,
}
# In its class, Python 3.11 takes long to find a member.
_ASSISTANT: Final = Role.ASSISTANT
RESULT_ROLES = frozenset({"tool", "function"})
IMAGE_PARTS = frozenset({"image_url", "input_image"})
# Places of parts that an answer's header names.
IGNORED_MAX = 20

# The message and its part.
Place = tuple[int, int]


class Style(Struct, frozen=True):
    """What of a request only the spelling of its answer needs."""

    include_usage: bool = False
    calls: Spelling = PLAIN


_PLAIN: Final = Style()


def parse_request(body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
    """Parse the body of POST /v1/chat/completions; only a large one takes more than one step.

    Raises Fault (INVALID_REQUEST, with `param` in OpenAI's spelling such as
    `messages[0].content`) and nothing else, whatever the bytes.
    """
    given = without_mark(body)
    chat, body = yield from decode_mended(given, partial(decode_chat, limits=limits.json))
    if len(body) > SLICE_BYTES:
        yield
    _check(chat, limits)
    _check_tools(chat, body, limits)
    conversion = _Conversion(chat.messages, limits)
    messages = yield from conversion.messages()
    request = ChatRequest(
        chat.model,
        messages,
        is_stream=bool(chat.stream),
        parameters=partial(read_parameters, body),
        origin=Origin(
            Native(NAME, body, _wants_usage(chat)),
            read_features(chat, conversion.places),
            read_conversation(chat.prompt_cache_key),
        ),
    )
    ignored = conversion.ignored if body is given else (LONE_SURROGATES, *conversion.ignored)
    return ParsedRequest(request, _style(chat), ignored)


def _style(chat: ChatIn) -> Style:
    if chat.stream_options is None and chat.tools is NOTHING and chat.functions is NOTHING:
        return _PLAIN
    calls = PLAIN
    if bytes(memoryview(chat.functions)[:1]) == b"[":
        calls = Spelling(has_functions=True)
    elif custom := read_custom(chat.tools):
        calls = Spelling(custom=custom)
    return Style(_wants_usage(chat), calls)


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
    if chat.system is not NOTHING:
        refuse_system(chat.system)
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
    if chat.n is not None and chat.n < 1:
        raise invalid_request(
            "'n' is the number of answers that are wanted: leave it out or send 1.",
            code="integer_below_min_value",
            param="n",
        )


def _check_tools(chat: ChatIn, body: bytes, limits: RequestLimits) -> None:
    """Each is an object, so that few have to be counted."""
    if body.count(b"{") <= limits.tools_max:
        return
    for name, raw, find in (
        ("tools", chat.tools, find_objects),
        ("functions", chat.functions, find_objects),
        ("tool_choice", chat.tool_choice, list_allowed),
    ):
        count = 0 if raw is NOTHING else len(find(raw))
        if count > limits.tools_max:
            raise invalid_request(
                f"'{name}' holds {count} tools; the limit is {limits.tools_max}.",
                code="array_above_max_length",
                param=name,
            )


def _wants_usage(chat: ChatIn) -> bool:
    options = chat.stream_options
    return options is not None and bool(options.include_usage)


def _count_parts(messages: Sequence[MessageIn]) -> int:
    count = 0
    for message in messages:
        if isinstance(message.content, list):
            count += len(message.content)
        if message.tool_calls:
            count += len(message.tool_calls)
    return count


class _Conversion:
    """Turns messages into the domain's, and stops after every so many units of work.

    `ignored` are the places of parts that were left out, `places` those of the first part of each
    kind that not every upstream takes.
    """

    __slots__ = ("_answered_to", "_given", "_limits", "_step", "ignored", "places")

    def __init__(self, given: Sequence[MessageIn], limits: RequestLimits) -> None:
        self._given = given
        self._limits = limits
        self._step = Step()
        # The last message of the model's, once somebody wants to know.
        self._answered_to: int | None = None
        self.ignored: tuple[str, ...] = ()
        self.places: dict[Feature, str] = {}

    def messages(self) -> Generator[None, None, tuple[Message, ...]]:
        found: list[Message] = []
        for index, message in enumerate(self._given):
            name = message.role
            role = ROLES.get(name)
            if role is None:
                raise _unknown_role(message, index)
            parts: list[Part] = []
            content = message.content
            if isinstance(content, list):
                yield from self._add_parts(content, index, parts)
            elif content:
                parts.append(Text(content))
            if not parts and message.refusal:
                parts.append(Text(message.refusal, is_refusal=True))
            if role is _ASSISTANT:
                yield from self._add_said_by_model(message, parts)
            elif name in RESULT_ROLES:
                # Before `tools`, a function's result named the function in place of the call.
                call_id = message.tool_call_id or message.name or ""
                parts = [ToolResult(call_id, tuple(parts))]  # type: ignore[arg-type]  # no other
            if message.cache_control is not NOTHING and parts:
                mark_last(parts, message.cache_control)
            found.append(Message(role, tuple(parts)))
            if self._step.is_done(1):
                yield
        return tuple(found)

    def _add_parts(
        self, given: Sequence[PartIn], index: int, parts: list[Part]
    ) -> Generator[None, None, None]:
        for number, part in enumerate(given):
            if type(part) is LongPartIn:
                parts += map(Text, part.pieces)
                units = 1
            else:
                units = _add_part(part, (index, number), parts, self._limits)
                if not units:
                    units = self._add_other(part, (index, number), parts)
                elif units > 1:
                    self._note_image(parts[-1], (index, number))
            if part.cache_control is not NOTHING and parts:
                mark_last(parts, part.cache_control)
            if self._step.is_done(units):
                yield

    def _note_image(self, image: Part, place: Place) -> None:
        """Keep where the first image is, and the first of those that are named by an address."""
        index, number = place
        self.places.setdefault(Feature.IMAGES, f"messages[{index}].content[{number}]")
        if isinstance(image, LinkedImage):
            self.places.setdefault(Feature.IMAGE_LINKS, _path(place, "image_url"))

    def _add_other(self, part: PartIn, place: Place, parts: list[Part]) -> int:
        """A document, or a part that only an upstream of this dialect gets; the units of work.

        A question without it would be another one, so that it needs such an upstream. In what was
        said before it may come from another gateway, and no client takes it out again.
        """
        found = read_file(part.file) if part.type == "file" else ()
        parts += found
        document = found[0] if found else None
        if isinstance(document, Text):
            return 1
        index, number = place
        where = f"messages[{index}].content[{number}]"
        if not self._is_past(index):
            feature = Feature.OTHER_CONTENT if document is None else Feature.DOCUMENTS
            self.places.setdefault(feature, f"{where}.type")
        elif document is not None:
            self.places.setdefault(Feature.EARLIER_DOCUMENTS, where)
        elif len(self.ignored) < IGNORED_MAX:
            self.ignored += (where,)
        return 1 if document is None else image_units(document)

    def _is_past(self, index: int) -> bool:
        """Whether the model has answered to a message."""
        if self._answered_to is None:
            answers = (at for at, one in enumerate(self._given) if one.role == "assistant")
            self._answered_to = max(answers, default=-1)
        return index <= self._answered_to

    def _add_said_by_model(
        self, message: MessageIn, parts: list[Part]
    ) -> Generator[None, None, None]:
        """Its reasoning before the rest of what it said, and its calls after."""
        reasoning = message.reasoning_content
        if reasoning is NOTHING:
            reasoning = message.reasoning
        if reasoning is not NOTHING:
            thoughts = yield from decode_text(reasoning)
            parts[:0] = [Thinking(thought) for thought in thoughts if thought]
        for call in message.tool_calls or ():
            if call.function is not None:
                found = yield from _function_call(call.id or "", call.function)
            else:
                found = _other_call(call)
            parts.append(found)
            if call.cache_control is not NOTHING:
                mark_last(parts, call.cache_control)
            if self._step.is_done(call_units(len(found.arguments))):
                yield
        if message.function_call is not None:
            called = message.function_call
            parts.append((yield from _function_call(called.name or "", called)))


def _unknown_role(message: MessageIn, index: int) -> Fault:
    return invalid_request(
        f"Invalid value for 'messages[{index}].role': {quote(message.role)}."
        f" Supported values are {', '.join(ROLES)}.",
        code="invalid_value",
        param=f"messages[{index}].role",
    )


def _add_part(part: PartIn, place: Place, parts: list[Part], limits: RequestLimits) -> int:
    """What a part says, if it says anything; gives the units of work, 0 for an unknown type."""
    if part.type in TEXT_PARTS:
        if part.text is None:
            raise _missing(place, "text")
        if part.text:
            parts.append(Text(part.text))
        return 1
    if part.type in IMAGE_PARTS:
        image = _image(part, place, limits)
        parts.append(image)
        return image_units(image)
    if part.type != "refusal":
        return 0
    if part.refusal is None:
        raise _missing(place, "refusal")
    if part.refusal:
        parts.append(Text(part.refusal, is_refusal=True))
    return 1


def _image(part: PartIn, place: Place, limits: RequestLimits) -> Image | LinkedImage:
    url, name = part.image_url, "image_url"
    if isinstance(url, ImageUrlIn):
        url, name = url.url, "image_url.url"
    if url is None:
        raise _missing(place, name)
    return read_image(url, _path(place, name), limits.image_bytes_max)


def _function_call(id_: str, function: FunctionIn) -> Generator[None, None, ToolUse]:
    return ToolUse(id_, function.name or "", (yield from decode_arguments(function.arguments)))


def _other_call(call: ToolCallIn) -> ToolUse:
    """A call to a custom tool, whose arguments are any text; or one of no known kind."""
    custom = call.custom
    if custom is None:
        return ToolUse(call.id or "", "", b"")
    return ToolUse(call.id or "", custom.name or "", (custom.input or "").encode())


def _path(place: Place, name: str) -> str:
    index, number = place
    return f"messages[{index}].content[{number}].{name}"


def _missing(place: Place, name: str) -> Fault:
    path = _path(place, name)
    return invalid_request(
        f"Missing required parameter: '{path}'.", code="missing_required_parameter", param=path
    )
