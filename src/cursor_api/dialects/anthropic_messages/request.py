"""Anthropic's messages request to the domain's."""

from __future__ import annotations

import enum
from collections.abc import Generator
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from cursor_api.dialects.anthropic_messages.blocks import (
    IGNORED_MAX,
    IN_MESSAGES,
    IN_SYSTEM,
    Blocks,
    show,
)
from cursor_api.dialects.anthropic_messages.decode import decode_messages
from cursor_api.dialects.anthropic_messages.features import read_features
from cursor_api.dialects.anthropic_messages.parameters import (
    CALLERS_TOOLS,
    read_conversation,
    read_parameters,
    read_thinking,
)
from cursor_api.dialects.anthropic_messages.schema import Content, MessageIn, MessagesIn
from cursor_api.domain.chat import ChatRequest, Native, Origin
from cursor_api.domain.content import Message, Part, Role, Text
from cursor_api.domain.errors import Fault, invalid_request
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.json_bounds import SLICE_BYTES
from cursor_api.wire.json_decode import without_mark
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.surrogates import LONE_SURROGATES, decode_mended

NAME: Final = "anthropic_messages"
ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}
# Of other client APIs: their requests are taken for what they are, and told where they belong.
CHAT_ROLES: Final = frozenset({"developer", "tool", "function"})
CHAT_PATH: Final = "/v1/chat/completions"
ELSEWHERE: Final = {"input": "/v1/responses", "prompt": "/v1/completions"}

_ROLE_CHARS_MAX: Final = 40


class ThinkingShown(enum.Enum):
    """What of the model's thinking the caller gets: its text too, or only what seals it."""

    ALL = "all"
    SEALED = "sealed"
    NONE = "none"


SHOWS_THOUGHTS: Final = frozenset({ThinkingShown.ALL})
SHOWS_SEALS: Final = frozenset({ThinkingShown.ALL, ThinkingShown.SEALED})


class Style(Struct, frozen=True):
    """What of a request only the spelling of its answer needs.

    Whoever did not ask for thinking gets none: programs take the first block for the answer.
    """

    thinking: ThinkingShown = ThinkingShown.NONE


_PLAIN: Final = Style()
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def parse_request(body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
    """Parse the body of POST /v1/messages; only a large one takes more than one step.

    Raises Fault (INVALID_REQUEST, with `param` such as `messages.0.content.1`) and nothing else,
    whatever the bytes.
    """
    given = without_mark(body)
    try:
        asked, body = yield from decode_mended(given, partial(decode_messages, limits=limits.json))
    except Fault as fault:
        raise _explain(fault, given) from fault
    if len(body) > SLICE_BYTES:
        yield
    _check(asked, limits)
    blocks = Blocks(limits)
    messages = yield from _messages(asked, blocks)
    request = ChatRequest(
        asked.model,
        messages,
        is_stream=bool(asked.stream),
        parameters=partial(read_parameters, body),
        origin=Origin(
            Native(NAME, body), read_features(asked, blocks), read_conversation(asked.metadata)
        ),
    )
    mended = () if body is given else (LONE_SURROGATES,)
    return ParsedRequest(request, _style(asked), (*mended, *blocks.ignored, *_ignored_tools(asked)))


def _explain(fault: Fault, body: bytes) -> Fault:
    """Where a request of another shape belongs, as far as one can tell."""
    if fault.param != "messages" or fault.code != "missing_required_parameter":
        return fault
    found = None
    with suppress(msgspec.MsgspecError, RecursionError):
        fields = _FIELDS.decode(body)
        found = next((field for field in ELSEWHERE if field in fields), None)
    if found is None:
        return fault
    return invalid_request(
        f"Field required. A request with '{found}' belongs to {ELSEWHERE[found]}.",
        code="missing_required_parameter",
        param="messages",
    )


def _check(asked: MessagesIn, limits: RequestLimits) -> None:
    if not asked.model:
        raise invalid_request(
            "It is empty; GET /v1/models lists the names.", code="invalid_value", param="model"
        )
    if len(asked.model) > limits.model_chars_max:
        raise invalid_request(
            f"It is longer than {limits.model_chars_max} characters.",
            code="string_above_max_length",
            param="model",
        )
    if not asked.messages:
        raise invalid_request(
            "At least one message is needed.", code="empty_messages", param="messages"
        )
    if len(asked.messages) > limits.messages_max:
        raise invalid_request(
            f"There are {len(asked.messages)} messages; the limit is {limits.messages_max}.",
            code="array_above_max_length",
            param="messages",
        )
    tools = asked.tools or ()
    if len(tools) > limits.tools_max:
        raise invalid_request(
            f"There are {len(tools)} tools; the limit is {limits.tools_max}.",
            code="array_above_max_length",
            param="tools",
        )
    for number, tool in enumerate(tools):
        if tool.type == "function":
            raise invalid_request(
                "Tools here have 'name' and 'input_schema'; a request with tools of the type"
                f" 'function' belongs to {CHAT_PATH}.",
                code="invalid_value",
                param=show(("tools", number, "type")),
            )


def _messages(asked: MessagesIn, blocks: Blocks) -> Generator[None, None, tuple[Message, ...]]:
    found: list[Message] = []
    if asked.system:
        parts = yield from _parts(asked.system, blocks, IN_SYSTEM, ("system",))
        found += [Message(Role.SYSTEM, tuple(parts))] if parts else []
    answers = [at for at, one in enumerate(asked.messages) if one.role == "assistant"]
    answered_to = answers[-1] if answers else -1
    for index, message in enumerate(asked.messages):
        role = ROLES.get(message.role)
        if role is None:
            raise _unknown_role(message, index)
        content = message.content
        if isinstance(content, str):
            found.append(Message(role, (Text(content),) if content else ()))
        else:
            blocks.is_past = index <= answered_to
            known = IN_SYSTEM if role is Role.SYSTEM else IN_MESSAGES
            place = ("messages", index, "content")
            parts = yield from _parts(content, blocks, known, place)
            found.append(Message(role, tuple(parts)))
        if blocks.step.is_done(1):
            yield
    return tuple(found)


def _parts(
    content: Content, blocks: Blocks, known: frozenset[str], place: tuple[str | int, ...]
) -> Generator[None, None, list[Part]]:
    if isinstance(content, str):
        return [Text(content)]
    parts: list[Part] = []
    yield from blocks.add(content, known, place, parts)
    return parts


def _unknown_role(message: MessageIn, index: int) -> Fault:
    role = message.role[:_ROLE_CHARS_MAX]
    advice = f" A request with it belongs to {CHAT_PATH}." if role in CHAT_ROLES else ""
    return invalid_request(
        f"There is no role '{role}' here; the roles are {', '.join(ROLES)}.{advice}",
        code="invalid_value",
        param=show(("messages", index, "role")),
    )


def _ignored_tools(asked: MessagesIn) -> tuple[str, ...]:
    """The places of tools that only Anthropic's own servers have."""
    if not asked.tools:
        return ()
    places = [
        show(("tools", number))
        for number, tool in enumerate(asked.tools)
        if tool.type not in CALLERS_TOOLS
    ]
    return tuple(places[:IGNORED_MAX])


def _style(asked: MessagesIn) -> Style:
    thinking = read_thinking(asked.thinking)
    if thinking is None or thinking.type == "disabled":
        return _PLAIN
    is_omitted = thinking.display == "omitted"
    return Style(ThinkingShown.SEALED if is_omitted else ThinkingShown.ALL)
