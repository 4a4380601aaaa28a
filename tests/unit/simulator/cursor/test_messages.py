from __future__ import annotations

import hashlib

import pytest

from cursor_api.simulator.cursor.messages import (
    PREAMBLE,
    ChatAsk,
    ReceivedImage,
    Speaker,
    Turn,
    decode_ask,
    encode_prompt,
    encode_status,
    encode_text,
    encode_web_citation,
    fill_prompt,
)
from cursor_api.simulator.cursor.refusals import BAD_REQUEST, Refusal
from cursor_api.wire.protobuf import field_bytes, field_string, field_varint
from tests.unit.simulator.asking import REQUEST_VECTOR, encode_ask
from tests.unit.simulator.cursor_recording import sample_ask

BUBBLE = "11111111-1111-4111-8111-111111111111"


def turn(text: str = "hi", kind: int = 1, bubble: str = BUBBLE, images: bytes = b"") -> bytes:
    """A message of a conversation, as a field of the request."""
    said = field_string(1, text) + field_varint(2, kind) + images + field_string(13, bubble)
    return field_bytes(2, said)


def image(pixels: bytes = b"\x89PNG") -> bytes:
    """An image of 64 by 48 pixels, as a field of a message."""
    size = field_varint(1, 64) + field_varint(2, 48)
    return field_bytes(10, field_bytes(1, pixels) + field_bytes(2, size))


REST = (
    field_bytes(7, field_string(1, "gpt-4o"))
    + field_string(9, "22222222-2222-4222-8222-222222222222")
    + field_string(15, "33333333-3333-4333-8333-333333333333")
)


def test_the_request_vector_decodes() -> None:
    """The 168 public bytes say what they are known to say."""
    assert decode_ask(REQUEST_VECTOR[5:]) == ChatAsk(
        model="gpt-4o",
        turns=(Turn(Speaker.HUMAN, "hi", BUBBLE),),
        instructions="Be brief.",
        project_path="/path/to/project",
        request_id="22222222-2222-4222-8222-222222222222",
        conversation_id="33333333-3333-4333-8333-333333333333",
    )


def test_a_sample_survives_the_wire() -> None:
    """What a test writes is what the simulator reads."""
    ask = sample_ask("你好 👋", links=("https://example.com",))
    assert decode_ask(encode_ask(ask)) == ask


def test_images_are_known_by_size_and_digest() -> None:
    """Their bytes are not kept; a message may be an image alone."""
    (seen,) = decode_ask(turn("", images=image()) + REST).turns
    assert seen.images == (ReceivedImage(4, 64, 48, hashlib.sha256(b"\x89PNG").hexdigest()),)


def test_unknown_fields_are_passed_over() -> None:
    """The editor sends far more than is read here."""
    more = field_varint(24, 1) + field_bytes(99, b"\xff") + field_string(17, "full_search")
    assert decode_ask(turn() + REST + more).web_search == "full_search"


REFUSED = {
    "conversation (field 2) is empty": REST,
    "conversation[1] is by HUMAN, expected AI": turn() + turn() + REST,
    "conversation[0] is by AI, expected HUMAN": turn(kind=2) + REST,
    "conversation does not end with the human": turn() + turn(kind=2) + REST,
    "conversation[0].type is 0": turn(kind=0) + REST,
    "conversation[0].text is empty": turn("") + REST,
    "conversation[0].bubble_id (field 13) is not a UUID": turn(bubble="7") + REST,
    "conversation[0].images.data is empty": turn(images=image(b"")) + REST,
    "conversation[0] field 1 is malformed: text is not UTF-8": field_bytes(
        2, field_bytes(1, b"\xff") + field_varint(2, 1) + field_string(13, BUBBLE)
    )
    + REST,
    "model_details.model_name (field 7.1) is missing": turn() + field_bytes(7, b""),
    "request_id (field 9) is not a UUID": turn() + field_bytes(7, field_string(1, "m")),
    "conversation_id (field 15) is not a UUID": turn() + REST + field_string(15, "x"),
    "GetChatRequest field 9 is malformed": turn() + REST + field_varint(9, 1),
    "GetChatRequest is malformed": b"\x0a\x7f",
    "explicit_context is malformed": turn() + REST + field_bytes(4, b"\x0a\x7f"),
}


@pytest.mark.parametrize("named", REFUSED)
def test_what_is_wrong_is_named(named: str) -> None:
    """ERROR_BAD_REQUEST, and the field."""
    with pytest.raises(Refusal) as raised:
        decode_ask(REFUSED[named])
    assert raised.value.number == BAD_REQUEST
    assert named in raised.value.message


def test_answers_are_the_known_bytes() -> None:
    """Text, the echo behind an empty field 4, a status, a cleared status, a web page."""
    assert encode_text("Hello") == bytes.fromhex("0a0548656c6c6f")
    assert encode_prompt("p") == bytes.fromhex("22002a0170")
    assert encode_status("ok") == bytes.fromhex("62060a040a026f6b")
    assert encode_status("") == bytes.fromhex("6200")
    assert encode_web_citation("u", "t", "p") == bytes.fromhex("5a0b0a090a01751201741a0170")


def test_the_echo_shows_everything_between_its_markers() -> None:
    """System first, then each turn by its speaker; it is long enough to be compressed."""
    human = Turn(Speaker.HUMAN, "hi", BUBBLE, (ReceivedImage(4, 64, 48, "abc"),))
    ask = ChatAsk("gpt-4o", (human, Turn(Speaker.AI, "yes?", BUBBLE), human), "Be brief.", "/p")
    echo = fill_prompt(ask)
    assert echo.startswith(f"<|BEGIN_SYSTEM|>\n{PREAMBLE}\nmodel: gpt-4o\n")
    assert "instructions: Be brief.\n<|END_SYSTEM|>\n<|BEGIN_USER|>\n[image 64x48 4 bytes" in echo
    assert "<|BEGIN_ASSISTANT|>\nyes?<|END_ASSISTANT|>\n" in echo
    assert echo.endswith("hi<|END_USER|>\n")
    assert len(echo) >= 1024


def test_the_question_is_the_last_human_turn() -> None:
    """Earlier ones do not choose the text."""
    turns = tuple(
        Turn(Speaker.AI if at % 2 else Speaker.HUMAN, text, BUBBLE) for at, text in enumerate("abc")
    )
    assert ChatAsk(turns=turns).question == "c"
    assert ChatAsk().question == ""
