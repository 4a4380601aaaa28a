"""The StreamChat messages as the server sees them: requests decoded strictly, answers encoded.

This is the simulator's own reading of the protobuf definition; it shares only the field codec
with the gateway's, so that a mistake in one mapping does not hide the same mistake in the other.
"""

from __future__ import annotations

import enum
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cursor_api.simulator.cursor.refusals import BAD_REQUEST, Refusal
from cursor_api.simulator.model.forms import is_form_alone
from cursor_api.wire.protobuf import (
    ProtobufError,
    as_bytes,
    as_int,
    as_string,
    field_bytes,
    field_string,
    iter_fields,
)


class Speaker(enum.IntEnum):
    """`ConversationMessage.type`."""

    HUMAN = 1
    AI = 2


@dataclass(frozen=True, slots=True)
class ReceivedImage:
    """An image of a message: what identifies it, not its bytes. Width and height are pixels."""

    size_bytes: int
    width: int
    height: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation, exactly as it was sent."""

    speaker: Speaker
    text: str
    bubble_id: str
    images: tuple[ReceivedImage, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatAsk:
    """What a `GetChatRequest` says. Absent texts are empty."""

    model: str = ""
    turns: tuple[Turn, ...] = ()
    instructions: str = ""
    project_path: str = ""
    request_id: str = ""
    conversation_id: str = ""
    web_search: str = ""
    links: tuple[str, ...] = ()
    is_long_context: bool = False

    @property
    def question(self) -> str:
        """The last human turn's text, but for one that says the form of the answer alone."""
        humans = [turn.text for turn in self.turns if turn.speaker is Speaker.HUMAN]
        if len(humans) > 1 and is_form_alone(humans[-1]):
            humans.pop()
        return humans[-1] if humans else ""


class _Fields:
    """The fields of one message; `where` is its name in refusals."""

    def __init__(self, data: bytes, where: str) -> None:
        self._where = where
        self._values: dict[int, list[int | bytes]] = {}
        with self._refusing(""):
            for number, _wire_type, value in iter_fields(data):
                self._values.setdefault(number, []).append(value)

    def messages(self, number: int) -> list[bytes]:
        """Every value of a repeated field of messages or bytes."""
        with self._refusing(f" field {number}"):
            return [as_bytes(value) for value in self._values.get(number, [])]

    def message(self, number: int) -> bytes:
        """The last value, empty when absent."""
        return (self.messages(number) or [b""])[-1]

    def integer(self, number: int) -> int:
        """The last value, 0 when absent."""
        with self._refusing(f" field {number}"):
            return as_int((self._values.get(number) or [0])[-1])

    def text(self, number: int) -> str:
        """The last value, empty when absent."""
        with self._refusing(f" field {number}"):
            return as_string((self._values.get(number) or [b""])[-1])

    def identifier(self, number: int, name: str) -> str:
        """A text that must be a UUID."""
        text = self.text(number)
        try:
            uuid.UUID(text)
        except ValueError as error:
            raise bad_request(f"{name} (field {number}) is not a UUID: {text!r:.80}") from error
        return text

    @contextmanager
    def _refusing(self, what: str) -> Iterator[None]:
        try:
            yield
        except ProtobufError as error:
            raise bad_request(f"{self._where}{what} is malformed: {error}") from error


def bad_request(detail: str) -> Refusal:
    """ERROR_BAD_REQUEST, naming what was wrong."""
    return Refusal.numbered(BAD_REQUEST, detail)


def decode_ask(payload: bytes) -> ChatAsk:
    """Decode a `GetChatRequest`; raises Refusal for what the real server would not take.

    The conversation must begin and end with the human and alternate, as the editor sends it.
    """
    fields = _Fields(payload, "GetChatRequest")
    context = _Fields(fields.message(4), "explicit_context")
    details = _Fields(fields.message(7), "model_details")
    turns = tuple(_decode_turn(data, at) for at, data in enumerate(fields.messages(2)))
    _check_order(turns)
    if not details.text(1):
        raise bad_request("model_details.model_name (field 7.1) is missing")
    return ChatAsk(
        model=details.text(1),
        turns=turns,
        instructions=context.text(1),
        project_path=fields.text(5),
        request_id=fields.identifier(9, "request_id"),
        conversation_id=fields.identifier(15, "conversation_id"),
        web_search=fields.text(17),
        links=tuple(_decode_link(data) for data in fields.messages(21)),
        is_long_context=bool(fields.integer(22)),
    )


def _decode_turn(data: bytes, at: int) -> Turn:
    where = f"conversation[{at}]"
    fields = _Fields(data, where)
    kind = fields.integer(2)
    if kind not in tuple(Speaker):
        raise bad_request(f"{where}.type is {kind}, neither 1 (human) nor 2 (AI)")
    images = tuple(_decode_image(image, f"{where}.images") for image in fields.messages(10))
    text = fields.text(1)
    if not text and not images:
        raise bad_request(f"{where}.text is empty")
    return Turn(Speaker(kind), text, fields.identifier(13, f"{where}.bubble_id"), images)


def _decode_image(data: bytes, where: str) -> ReceivedImage:
    fields = _Fields(data, where)
    pixels = fields.message(1)
    if not pixels:
        raise bad_request(f"{where}.data is empty")
    size = _Fields(fields.message(2), f"{where}.dimension")
    digest = hashlib.sha256(pixels).hexdigest()
    return ReceivedImage(len(pixels), size.integer(1), size.integer(2), digest)


def _decode_link(data: bytes) -> str:
    fields = _Fields(data, "external_links")
    return fields.text(1)


def _check_order(turns: tuple[Turn, ...]) -> None:
    if not turns:
        raise bad_request("conversation (field 2) is empty")
    for at, turn in enumerate(turns):
        expected = Speaker.AI if at % 2 else Speaker.HUMAN
        if turn.speaker is not expected:
            raise bad_request(
                f"conversation[{at}] is by {turn.speaker.name}, expected {expected.name}"
            )
    if turns[-1].speaker is not Speaker.HUMAN:
        raise bad_request("conversation does not end with the human")


def encode_text(text: str) -> bytes:
    """`StreamChatResponse {1 text}`."""
    return field_string(1, text)


def encode_prompt(prompt: str) -> bytes:
    """`StreamChatResponse {4 document_citation (empty), 5 filled_prompt}`."""
    return field_bytes(4, b"") + field_string(5, prompt)


def encode_status(message: str) -> bytes:
    """`StreamChatResponse {12 status_updates}`; an empty message clears the status."""
    return field_bytes(12, field_bytes(1, field_string(1, message)) if message else b"")


def encode_web_citation(url: str, title: str, page: str) -> bytes:
    """`StreamChatResponse {11 web_citation {1 rep {1 url, 2 title, 3 page text}}}`."""
    reference = field_string(1, url) + field_string(2, title) + field_string(3, page)
    return field_bytes(11, field_bytes(1, reference))


# Stands where Cursor's own system prompt does, and is about as long, so that the echo is
# compressed as it is in every real trace.
PREAMBLE = (
    "You are answered by a simulator. It speaks the StreamChat wire of the Cursor editor so that "
    "a gateway can be tried, tested and measured without an account and without a network. "
    "Nothing that is written here leaves this computer, and no model reads it: the text that "
    "follows is chosen from a small collection by looking at a few words of the question. "
    "This paragraph stands where the real upstream repeats its own instructions to the model. "
    "A gateway must drop it: it is not part of the answer, it was never meant for the person "
    "who asked, and it repeats the whole conversation, which is nobody's business to log. "
    "It is this long for a reason. A payload of 1,024 bytes or more is compressed on this wire, "
    "the real instructions are always longer than that, and so the first frame of every real "
    "answer is a compressed one. A client that reads the flag byte as part of the length, or "
    "that decodes each network read on its own, fails on exactly this frame, and shows the "
    "reader either nothing at all or a page of unreadable characters. Below follow the fields "
    "that were decoded from the request, so that whoever looks at a recording sees what was "
    "sent and how it was understood."
)


def fill_prompt(ask: ChatAsk) -> str:
    """The prompt echo: everything decoded, between the real echo's markers."""
    facts = [
        PREAMBLE,
        f"model: {ask.model}",
        f"request_id: {ask.request_id}",
        f"conversation_id: {ask.conversation_id}",
        f"workspace_root_path: {ask.project_path}",
        f"instructions: {ask.instructions}",
    ]
    parts = ["<|BEGIN_SYSTEM|>\n" + "\n".join(facts) + "\n<|END_SYSTEM|>\n"]
    for turn in ask.turns:
        name = "USER" if turn.speaker is Speaker.HUMAN else "ASSISTANT"
        images = "".join(
            f"[image {image.width}x{image.height} {image.size_bytes} bytes {image.sha256}]\n"
            for image in turn.images
        )
        parts.append(f"<|BEGIN_{name}|>\n{images}{turn.text}<|END_{name}|>\n")
    return "".join(parts)
