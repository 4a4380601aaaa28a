"""The body of POST /v1/responses to the domain's request."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import partial
from typing import Final

import msgspec
from msgspec import Raw, Struct

from cursor_api.dialects.openai_responses.echo import read_echo
from cursor_api.dialects.openai_responses.items import Conversion
from cursor_api.dialects.openai_responses.parameters import (
    NO_TOOLS,
    check_choice,
    read_features,
    read_parameters,
    read_tools,
)
from cursor_api.dialects.openai_responses.schema import BODY, ResponsesIn
from cursor_api.domain.chat import ChatRequest, Origin
from cursor_api.domain.content import Message, Part, Role, Text
from cursor_api.domain.errors import invalid_request
from cursor_api.domain.kept import Thread
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.json_bounds import SLICE_BYTES
from cursor_api.wire.json_decode import check_json, decode_checked, without_mark
from cursor_api.wire.json_lenient import ITEMS, NOTHING, TEXT, find_value
from cursor_api.wire.json_texts import decode_text
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.surrogates import LONE_SURROGATES, decode_mended

NAME: Final = "openai_responses"

_QUOTE: Final = b'"'
_TEXT_MESSAGE: Final = b'[{"type":"message","role":"user","content":%b}]'


class Style(Struct, frozen=True):
    """What of a request only the spelling of its answer needs.

    `custom` are the names of tools that take any text. `echo` is what of the request its answer
    repeats: fields of a JSON object, each with a comma behind it. `is_compaction`: the answer is
    one item that stands for the conversation. `grouped` has the namespace and the name of each
    tool that is in one.
    """

    custom: frozenset[str] = frozenset()
    echo: bytes = b""
    is_compaction: bool = False
    grouped: Mapping[str, tuple[str, str]] = {}


def parse_request(body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
    """Parse a body; only a large one takes more than one step.

    Raises Fault (INVALID_REQUEST, with `param` in OpenAI's spelling such as `input[0].content[1]`)
    and nothing else, whatever the bytes.
    """
    given = without_mark(body)
    asked, body = yield from decode_mended(given, partial(_decode, limits=limits))
    if len(body) > SLICE_BYTES:
        yield
    _check(asked, limits)
    head, conversation, read = yield from _read_input(asked, limits)
    # Who is to write a summary shall not call a tool for it.
    tools = NO_TOOLS if read.is_compaction else read_tools(asked.tools, limits)
    references = tuple(read.references.values())
    chat = ChatRequest(
        asked.model,
        # What it names is found later, and all is read once more then.
        tuple(head) if references else (*head, *conversation),
        is_stream=bool(asked.stream),
        parameters=partial(read_parameters, asked, tools),
        origin=Origin(
            None,
            read_features(asked, tools, read.places),
            find_value(TEXT, asked.prompt_cache_key),
        ),
    )
    is_kept = asked.store is not False
    thread = None
    if is_kept or asked.previous_response_id or references:
        thread = Thread(
            asked.previous_response_id or None,
            is_kept,
            len(head),
            _items(asked.input) if is_kept or references else b"",
            references,
        )
    mended = () if body is given else (LONE_SURROGATES,)
    echo = read_echo(asked, is_kept=is_kept)
    style = Style(tools.custom, echo, read.is_compaction, tools.grouped)
    return ParsedRequest(chat, style, (*mended, *read.ignored, *tools.ignored), thread)


def read_items(items: bytes, limits: RequestLimits) -> Generator[None, None, list[Message]]:
    """The messages that a JSON list of items holds."""
    return (yield from Conversion(ITEMS.decode(items), limits).messages())


def _decode(body: bytes, limits: RequestLimits) -> Generator[None, None, ResponsesIn]:
    yield from check_json(body, limits.json)
    return decode_checked(BODY, body, limits.json)


def _check(asked: ResponsesIn, limits: RequestLimits) -> None:
    if not asked.model:
        raise invalid_request(
            "'model' is empty; GET /v1/models lists the names.", code="invalid_value", param="model"
        )
    if len(asked.model) > limits.model_chars_max:
        raise invalid_request(
            f"'model' is longer than {limits.model_chars_max} characters.",
            code="string_above_max_length",
            param="model",
        )
    check_choice(asked.tool_choice, limits)
    if asked.input is NOTHING and asked.messages is not NOTHING:
        raise invalid_request(
            "This body has 'messages', as chat completions have: send it to"
            " /v1/chat/completions, or its messages as 'input' to this address.",
            code="unsupported_value",
            param="messages",
        )
    if asked.background:
        raise invalid_request(
            "Answers in the background are not possible here: leave 'background' out.",
            code="unsupported_value",
            param="background",
        )
    if asked.conversation is not NOTHING and bytes(asked.conversation) != b"null":
        raise invalid_request(
            "This gateway keeps no conversations: go on from an answer by 'previous_response_id',"
            " or send the whole conversation as 'input'.",
            code="unsupported_value",
            param="conversation",
        )
    if asked.prompt is not NOTHING and bytes(asked.prompt) != b"null":
        raise invalid_request(
            "'prompt' names a text that is kept at OpenAI, which is not known here: send what it"
            " says as 'instructions' and 'input'.",
            code="unsupported_value",
            param="prompt",
        )


def _read_input(
    asked: ResponsesIn, limits: RequestLimits
) -> Generator[None, None, tuple[list[Message], list[Message], Conversion]]:
    """The instructions, the conversation, and what was noted while reading it."""
    head: list[Message] = []
    if asked.instructions is not NOTHING:
        said: list[Part] = [
            Text(text) for text in (yield from decode_text(asked.instructions)) if text
        ]
        head = [Message(Role.SYSTEM, tuple(said))] if said else []
    raw = asked.input
    first = bytes(memoryview(raw)[:1])
    if first == _QUOTE:
        texts: tuple[Part, ...] = tuple(
            [Text(text) for text in (yield from decode_text(raw)) if text]
        )
        return head, [Message(Role.USER, texts)], Conversion((), limits)
    if first != b"[":
        if raw is NOTHING:
            raise invalid_request(
                "Missing required parameter: 'input'.",
                code="missing_required_parameter",
                param="input",
            )
        raise invalid_request(
            "Invalid type for 'input': expected a string or an array.",
            code="invalid_type",
            param="input",
        )
    items = ITEMS.decode(raw)
    if len(items) > limits.messages_max:
        raise invalid_request(
            f"'input' holds {len(items)} items; the limit is {limits.messages_max}.",
            code="array_above_max_length",
            param="input",
        )
    conversion = Conversion(items, limits)
    found = yield from conversion.messages()
    if not found and not asked.previous_response_id:
        raise invalid_request(
            "'input' says nothing; at least one message is needed.",
            code="empty_messages",
            param="input",
        )
    return head, found, conversion


def _items(raw: Raw) -> bytes:
    """An input as a JSON list of items, on one line."""
    written = bytes(raw)
    if written.startswith(_QUOTE):
        return _TEXT_MESSAGE % written
    return msgspec.json.format(written, indent=-1)
