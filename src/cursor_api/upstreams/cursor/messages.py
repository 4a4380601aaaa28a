"""A chat request as StreamChat's request message, and its response messages as deltas; pure.

Rules of this file:
- Field numbers are those of `aiserver.v1.GetChatRequest` and `StreamChatResponse` as published by
  others; the request is written in the order of the numbers, as the earlier program's encoder does.
- Nothing a caller wrote is dropped: what this text-only wire has no field for becomes text. Only
  what models thought in earlier turns is left out: it was theirs, and is not what they said.
- A request may have ten thousand turns and twenty thousand images: the work on it stops after so
  many of them, for whoever drives it to let others go on.
- Of a response only what callers are meant to see is read. `filled_prompt` (5), which discloses
  Cursor's own system prompt, is skipped without being decoded.
"""

from __future__ import annotations

import binascii
import enum
import functools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from cursor_api.domain.content import Image, Message, Part, Role, Text, ToolResult, ToolUse
from cursor_api.domain.deltas import Citation, CitationDelta, Delta, StatusDelta, TextDelta
from cursor_api.domain.value import Value, replace
from cursor_api.upstreams.cursor.draft import UNIT_SIZE, Draft
from cursor_api.upstreams.cursor.models import LONG_CONTEXT_MODELS
from cursor_api.wire.protobuf import (
    BYTES,
    as_bytes,
    as_string,
    encode_varint,
    field_bytes,
    field_head,
    field_string,
    field_tag,
    field_varint,
    iter_fields,
    string_bytes,
)
from cursor_api.wire.work_units import Step

# What the earlier program states as the path of the open project; it is shown to the model.
PROJECT_PATH: Final = "/path/to/project"
# Stands where a turn is wanted and nobody said anything.
NOTHING_SAID: Final = b" "

# Names of models whose field is kept.
MODELS_KEPT: Final = 64

_UUID_BYTES: Final = 16
_UUID_HEX: Final = 2 * _UUID_BYTES
# A random byte with the two bits of RFC 9562's variant in front.
_VARIANT: Final = bytes([0x80 | value & 0x3F for value in range(256)])
# Where each character of a uuid4 stands among its digits with `_NO_DIGITS` behind them.
_DASH, _VERSION = _UUID_HEX, _UUID_HEX + 1
_UUID4: Final = bytes(
    (
        *(*range(8), _DASH, *range(8, 12), _DASH, _VERSION, *range(13, 16)),
        *(_DASH, *range(16, 20), _DASH, *range(20, 32)),
    )
)
_NO_DIGITS: Final = b"-4".ljust(256 - _UUID_HEX)


def _uuid_head(number: int) -> bytes:
    """What stands before a uuid's characters in a field: it is the same in every request."""
    return field_head(number, len(_UUID4))


class Speaker(enum.IntEnum):
    """ConversationMessage.type."""

    HUMAN = 1
    AI = 2


# In their classes, Python 3.11 takes long to find members.
_SYSTEM: Final = Role.SYSTEM
_HUMAN: Final = Speaker.HUMAN
_AI: Final = Speaker.AI
_SPEAKERS: Final = {Role.USER: _HUMAN, Role.ASSISTANT: _AI}
_NOTHING: Final = (NOTHING_SAID,)
_PROJECT_PATH_FIELD: Final = field_string(5, PROJECT_PATH)
_TEXT_TAG: Final = field_tag(1, BYTES)
_TURN_TAG: Final = field_tag(2, BYTES)
_SPEAKER_FIELDS: Final = {speaker: field_varint(2, speaker) for speaker in Speaker}
_REQUEST_ID_HEAD: Final = _uuid_head(9)
_BUBBLE_ID_HEAD: Final = _uuid_head(13)
_CONVERSATION_ID_HEAD: Final = _uuid_head(15)


class Turn(Value, frozen=True):
    """One message of the conversation as the wire has it; `text` is UTF-8, in pieces."""

    speaker: Speaker
    text: tuple[bytes, ...]
    images: tuple[Image, ...] = ()


class Conversation(Value, frozen=True):
    """Instructions, in pieces (none for none), and turns that alternate.

    The first and the last turn are HUMAN's.
    """

    instructions: tuple[bytes, ...]
    turns: tuple[Turn, ...]


class CursorRequestIds(Value, frozen=True):
    """The random parts of a request, each a uuid4 in ASCII; one bubble id for each turn."""

    request_id: bytes
    conversation_id: bytes
    bubble_ids: tuple[bytes, ...]


def new_ids(bubble_count: int, random_bytes: Callable[[int], bytes]) -> CursorRequestIds:
    """Fresh ids for a request of so many turns.

    One draw of random bytes cut up: a uuid4 of the standard library costs a system call each.
    """
    drawn = bytearray(random_bytes(_UUID_BYTES * (bubble_count + 2)))
    drawn[8::_UUID_BYTES] = drawn[8::_UUID_BYTES].translate(_VARIANT)
    digits = binascii.hexlify(drawn)
    # Each id in one call, which looks its characters up: put together of slices it takes more than
    # twice as long, and a long conversation has hundreds.
    ids = [
        _UUID4.translate(digits[at : at + _UUID_HEX] + _NO_DIGITS)
        for at in range(0, len(digits), _UUID_HEX)
    ]
    return CursorRequestIds(ids[0], ids[1], tuple(ids[2:]))


def to_conversation(
    messages: Sequence[Message], default_instructions: str = ""
) -> Generator[None, None, Conversation]:
    """Messages in any order of roles, as the alternation that StreamChat expects; in steps.

    System texts join with a blank line, wherever they stood; `default_instructions` are for callers
    who give none. A turn that says NOTHING_SAID is put between two of the same speaker, and at
    either end where the human's is missing. Results of tools in a row share one turn.

    Raises ProtobufError where a text has no UTF-8 form (a lone surrogate).
    """
    writer = _Writer()
    yield from writer.write(messages)
    return writer.close(default_instructions)


class _Writer:
    """Puts messages into turns, which begin with the human's and alternate."""

    __slots__ = ("_instructions", "_results", "_turns")

    def __init__(self) -> None:
        self._instructions: Draft | None = None
        # Of tools, which share a turn.
        self._results: Draft | None = None
        self._turns: list[Turn] = []

    def write(self, messages: Sequence[Message]) -> Iterator[None]:
        """All of them, in steps."""
        names: dict[str, str] | None = None
        step = Step()
        for message in messages:
            role, parts = message.role, message.parts
            if role is _SYSTEM:
                draft = self._instructions = self._instructions or Draft()
            elif parts and type(parts[0]) is ToolResult and _are_results(parts):
                draft = self._results = self._results or Draft()
            else:
                self._end_results()
                if len(parts) == 1 and type(parts[0]) is Text:
                    # Most messages are like this.
                    text = parts[0].text
                    self._append(_SPEAKERS[role], (string_bytes(text) or NOTHING_SAID,))
                    if step.is_done(1 + len(text) // UNIT_SIZE):
                        yield
                    continue
                draft = Draft()
            draft.begin_paragraph()
            if names is None:
                names = _tool_names(messages)
            # The message itself is work, too.
            for done in chain((1,), draft.add_parts(parts, names)):
                if step.is_done(done):
                    yield
            if draft is not self._instructions and draft is not self._results:
                self._append_draft(_SPEAKERS[role], draft)
        self._end_results()

    def close(self, default_instructions: str) -> Conversation:
        """What they have become."""
        turns, instructions = self._turns, self._instructions
        if len(turns) % 2 == 0:
            turns.append(Turn(_HUMAN, _NOTHING))
        text: tuple[bytes, ...] = ()
        if instructions is not None:
            text = tuple(instructions.pieces)
            if instructions.images:
                # Instructions have no field for them.
                turns[0] = replace(turns[0], images=(*instructions.images, *turns[0].images))
        if default_instructions and not text:
            text = (string_bytes(default_instructions),)
        return Conversation(text, tuple(turns))

    def _end_results(self) -> None:
        if self._results is not None:
            self._append_draft(_HUMAN, self._results)
            self._results = None

    def _append_draft(self, speaker: Speaker, draft: Draft) -> None:
        text, images = tuple(draft.pieces), tuple(draft.images)
        self._append(speaker, text if text or images else _NOTHING, images)

    def _append(
        self, speaker: Speaker, text: tuple[bytes, ...], images: tuple[Image, ...] = ()
    ) -> None:
        wanted = _AI if len(self._turns) % 2 else _HUMAN
        if speaker is not wanted:
            self._turns.append(Turn(wanted, _NOTHING))
        self._turns.append(Turn(speaker, text, images))


def _tool_names(messages: Sequence[Message]) -> dict[str, str]:
    """By the ids of their calls."""
    return {
        part.id: part.name
        for message in messages
        if message.role is Role.ASSISTANT
        for part in message.parts
        if type(part) is ToolUse
    }


def _are_results(parts: Sequence[Part]) -> bool:
    """Whether there is nothing else."""
    return all(type(part) is ToolResult for part in parts)


def encode_chat_request(
    conversation: Conversation, model: str, ids: CursorRequestIds
) -> Generator[None, None, list[bytes]]:
    """A GetChatRequest, in pieces and in steps. `ids` has a bubble id for each turn.

    Raises ProtobufError where the model has no UTF-8 form. Privacy mode is a header and not
    `enable_ghost_mode` here: the captured request has no such field.
    """
    pieces: list[bytes] = []
    step = Step()
    for turn, bubble_id in zip(conversation.turns, ids.bubble_ids, strict=True):
        fields = _encode_text(turn.text)
        fields.append(_SPEAKER_FIELDS[turn.speaker])
        for image in turn.images:
            fields += _encode_image(image)
            if step.is_done(1):
                yield
        fields += (_BUBBLE_ID_HEAD, bubble_id)
        pieces += (_TURN_TAG, encode_varint(sum(map(len, fields))), *fields)
        if step.is_done(1):
            yield
    if conversation.instructions:
        fields = _encode_text(conversation.instructions)
        pieces += (field_head(4, sum(map(len, fields))), *fields)
    pieces += (
        _PROJECT_PATH_FIELD,
        _encode_model(model),
        _REQUEST_ID_HEAD,
        ids.request_id,
        _CONVERSATION_ID_HEAD,
        ids.conversation_id,
    )
    if model in LONG_CONTEXT_MODELS:
        pieces.append(field_varint(22, 1))
    return pieces


@functools.lru_cache(MODELS_KEPT)
def _encode_model(model: str) -> bytes:
    """Field 7 of a request, {1 name}."""
    return field_bytes(7, field_string(1, model))


def _encode_text(text: tuple[bytes, ...]) -> list[bytes]:
    """Field 1 of these pieces together; absent where there are none, as proto3 has it."""
    return [_TEXT_TAG, encode_varint(sum(map(len, text))), *text] if text else []


def _encode_image(image: Image) -> tuple[bytes, ...]:
    """Field 10 of a turn, {1 data, 2 {1 width, 2 height}}, in pieces."""
    head = field_head(1, len(image.data))
    size = b""
    if image.width and image.height:
        size = field_bytes(2, field_varint(1, image.width) + field_varint(2, image.height))
    return field_head(10, len(head) + len(image.data) + len(size)), head, image.data, size


def decode_chat_response(payload: bytes) -> list[Delta]:
    """What one StreamChatResponse says, `<think>` tags still in its text; often nothing.

    Unknown fields, and known ones of another wire type, are skipped, as protobuf wants it. Raises
    ProtobufError where the message is malformed.
    """
    deltas: list[Delta] = []
    text = ""
    for number, wire_type, value in iter_fields(payload):
        if wire_type != BYTES:
            continue
        if number == 1:
            # Of a field that comes twice the last counts.
            text = as_string(value)
        elif number in _READERS:
            deltas.extend(_READERS[number](as_bytes(value)))
    if text:
        deltas.append(TextDelta(text))
    return deltas


def _read_web_citation(payload: bytes) -> Iterator[Delta]:
    """{1 repeated {1 url, 2 title, 3 text of the page}}."""
    yield from _citation_delta(
        Citation(url=texts.get(1, ""), title=texts.get(2, ""))
        for texts in _read_items(payload, (1, 2))
    )


def _read_document_citation(payload: bytes) -> Iterator[Delta]:
    """{1 repeated {1 doc_name, 2 page_url, 3 chunk, 4 score, 5 page_title}}; mostly empty."""
    yield from _citation_delta(
        Citation(url=texts.get(2, ""), title=texts.get(5) or texts.get(1, ""))
        for texts in _read_items(payload, (1, 2, 5))
    )


def _citation_delta(citations: Iterable[Citation]) -> Iterator[Delta]:
    named = tuple(citation for citation in citations if citation.url or citation.title)
    if named:
        yield CitationDelta(named)


def _read_status(payload: bytes) -> Iterator[Delta]:
    """{1 repeated {1 message, 2 metadata}}; an empty one clears the status."""
    if not payload:
        yield StatusDelta("")
    for texts in _read_items(payload, (1,)):
        yield StatusDelta(texts.get(1, ""))


def _read_items(payload: bytes, numbers: tuple[int, ...]) -> Iterator[dict[int, str]]:
    """The messages in repeated field 1, each as the texts of the fields asked for."""
    for number, wire_type, item in iter_fields(payload):
        if number == 1 and wire_type == BYTES:
            yield {
                inner: as_string(value)
                for inner, inner_type, value in iter_fields(as_bytes(item))
                if inner in numbers and inner_type == BYTES
            }


_READERS: Final[dict[int, Callable[[bytes], Iterator[Delta]]]] = {
    4: _read_document_citation,
    11: _read_web_citation,
    12: _read_status,
}
