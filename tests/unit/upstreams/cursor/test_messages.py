"""A chat request as StreamChat's message: roles, turns, images, ids, bytes."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence

import pytest

from cursor_api.domain.content import Image, Message, Part, Role, Text, ToolResult, ToolUse
from cursor_api.upstreams.cursor import messages as messages_module
from cursor_api.upstreams.cursor.messages import (
    Conversation,
    CursorRequestIds,
    Speaker,
    Turn,
    encode_chat_request,
    new_ids,
    to_conversation,
)
from cursor_api.upstreams.cursor.models import LONG_CONTEXT_MODELS, MODELS
from cursor_api.wire.connect import encode_envelope
from cursor_api.wire.protobuf import ProtobufError, iter_fields
from cursor_api.wire.work_units import STEP_UNITS
from tests.steps import count_steps, finish
from tests.vectors.load import load

IMAGE = Image(b"\x89PNG", "image/png", 640, 480)
IDS = CursorRequestIds(b"request", b"conversation", (b"b1", b"b2", b"b3", b"b4", b"b5"))


def say(role: Role, *parts: str | Part) -> Message:
    """A message from texts and parts."""
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def result(call_id: str, *parts: str | Image) -> Message:
    """A tool's result as a message."""
    texts = tuple(Text(part) if isinstance(part, str) else part for part in parts)
    return Message(Role.USER, (ToolResult(call_id, texts),))


def human(text: str, *images: Image) -> Turn:
    """A turn of the human's, in one piece."""
    return Turn(Speaker.HUMAN, (text.encode(),) if text else (), images)


def turns(*messages: Message) -> list[tuple[int, str]]:
    """Who says what."""
    return [
        (turn.speaker.value, b"".join(turn.text).decode())
        for turn in finish(to_conversation(messages)).turns
    ]


def encoded(conversation: Conversation, model: str, ids: CursorRequestIds) -> bytes:
    """The request, in one piece."""
    return b"".join(finish(encode_chat_request(conversation, model, ids)))


def fields(payload: bytes) -> list[tuple[int, int | bytes]]:
    """Numbers and values in the order of the bytes."""
    return [(number, value) for number, _, value in iter_fields(payload)]


def test_the_request_vector_is_reproduced_byte_for_byte() -> None:
    """The captured request of 168 bytes, with its three random ids injected."""
    vector = load("streamchat")["request"]
    conversation = finish(
        to_conversation([say(Role.SYSTEM, vector["instructions"]), say(Role.USER, vector["text"])])
    )
    ids = CursorRequestIds(
        vector["request_id"].encode(),
        vector["conversation_id"].encode(),
        (vector["bubble_id"].encode(),),
    )
    envelope = encode_envelope(encoded(conversation, vector["model"], ids))
    assert envelope.hex() == vector["hex"]
    assert len(envelope) == 168


def test_system_texts_become_instructions_wherever_they_stand() -> None:
    """They join with a blank line; an empty one leaves no gap; a default is not added to them."""
    conversation = finish(
        to_conversation(
            [
                say(Role.SYSTEM, "First."),
                say(Role.USER, "q"),
                say(Role.SYSTEM, ""),
                say(Role.SYSTEM, "Second, ", "in parts."),
            ],
            "default",
        )
    )
    assert b"".join(conversation.instructions) == b"First.\n\nSecond, in parts."
    assert conversation.turns == (human("q"),)


@pytest.mark.parametrize("default", ["", "Be kind."])
def test_default_instructions_are_for_callers_who_give_none(default: str) -> None:
    """Without a default the field is absent altogether."""
    conversation = finish(to_conversation([say(Role.USER, "q")], default))
    assert b"".join(conversation.instructions).decode() == default
    sent = dict(fields(encoded(conversation, "gpt-4", new_ids(1, bytes))))
    assert (4 in sent) is bool(default)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ("u", "u"),
        ("ua", "uau_"),
        ("a", "u_au_"),
        ("uu", "ua_u"),
        ("uaau", "uau_au"),
        ("aa", "u_au_au_"),
        ("uau", "uau"),
        ("s", "u_"),
        ("usu", "ua_u"),
    ],
)
def test_turns_alternate_between_two_humans(roles: str, expected: str) -> None:
    """A turn of one space is put where one is missing; `_` marks it."""
    by_letter = {"u": Role.USER, "a": Role.ASSISTANT, "s": Role.SYSTEM}
    found = turns(*(say(by_letter[letter], letter) for letter in roles))
    shown = "".join(
        ("u" if speaker == 1 else "a") + ("_" if text == " " else "") for speaker, text in found
    )
    assert shown == expected


def test_an_empty_message_still_has_its_turn() -> None:
    """Null content is nothing said, and the order of speakers stays."""
    found = turns(say(Role.USER, "q"), say(Role.ASSISTANT), say(Role.USER, "again"))
    assert found == [(1, "q"), (2, " "), (1, "again")]


def test_text_is_passed_on_unchanged() -> None:
    """Neither trimmed nor normalised, parts joined as they stand."""
    text = "  \n\tdef f():\r\n    return '世界 🙂'\n\n"
    assert turns(say(Role.USER, text, text)) == [(1, text + text)]


def test_tool_calls_and_results_become_text_in_their_turns() -> None:
    """This wire has no tools: calls are the assistant's words, results the human's."""
    call = ToolUse("call_1", "get_weather", b'{"city": "Paris"}')
    other = ToolUse("call_2", "get_time", b"{}")
    found = turns(
        say(Role.USER, "Weather?"),
        say(Role.ASSISTANT, "Let me see.", call, other),
        result("call_1", "21 °C"),
        result("call_2", "noon"),
        say(Role.ASSISTANT, "Fine."),
        result("", "an old function's result"),
    )
    assert found == [
        (1, "Weather?"),
        (
            2,
            "Let me see.\n\n"
            '<tool_call id="call_1" name="get_weather">\n{"city": "Paris"}\n</tool_call>\n\n'
            '<tool_call id="call_2" name="get_time">\n{}\n</tool_call>',
        ),
        (
            1,
            '<tool_result id="call_1" name="get_weather">\n21 °C\n</tool_result>\n\n'
            '<tool_result id="call_2" name="get_time">\nnoon\n</tool_result>',
        ),
        (2, "Fine."),
        (1, "<tool_result>\nan old function's result\n</tool_result>"),
    ]


def test_a_system_message_does_not_part_results_of_tools() -> None:
    """It moves to the instructions, and what stood around it is one turn."""
    found = turns(
        say(Role.USER, "q"),
        say(Role.ASSISTANT, "a"),
        result("x", "one"),
        say(Role.SYSTEM, "s"),
        result("y", "two"),
    )
    assert found[-1] == (
        1,
        '<tool_result id="x">\none\n</tool_result>\n\n<tool_result id="y">\ntwo\n</tool_result>',
    )


def test_images_travel_with_their_message() -> None:
    """Field 10 with data and size; the size is left out where the format hides it."""
    conversation = finish(
        to_conversation(
            [
                say(Role.USER, "look", IMAGE, Image(b"GIF8", "image/gif")),
                say(Role.ASSISTANT, "?"),
            ]
        )
    )
    payload = encoded(conversation, "gpt-4", new_ids(3, bytes))
    first = next(value for number, value in fields(payload) if number == 2)
    assert isinstance(first, bytes)
    images = [value for number, value in fields(first) if number == 10]
    assert images == [
        b"\x0a\x04\x89PNG" + b"\x12\x06\x08\x80\x05\x10\xe0\x03",
        b"\x0a\x04GIF8",
    ]


def test_an_image_alone_needs_no_text() -> None:
    """The text field is absent, as proto3 has an empty one."""
    conversation = finish(to_conversation([say(Role.USER, IMAGE)]))
    assert conversation.turns == (human("", IMAGE),)
    sent = fields(encoded(conversation, "gpt-4", new_ids(1, bytes)))
    assert isinstance(sent[0][1], bytes)
    assert [number for number, _ in fields(sent[0][1])] == [2, 10, 13]


def test_images_of_instructions_and_tools_are_not_lost() -> None:
    """The former open the first turn, the latter stay with their results."""
    other = Image(b"2", "image/png")
    conversation = finish(
        to_conversation(
            [
                say(Role.USER, "q", other),
                say(Role.ASSISTANT, "a"),
                result("x", "r", other),
                say(Role.SYSTEM, IMAGE),
            ]
        )
    )
    assert [turn.images for turn in conversation.turns] == [(IMAGE, other), (), (other,)]
    assert conversation.instructions == ()


def test_only_the_long_context_models_ask_for_it() -> None:
    """Field 22 is set for four models and absent for the rest."""
    conversation = finish(to_conversation([say(Role.USER, "q")]))
    for model in MODELS:
        sent = dict(fields(encoded(conversation, model.id, new_ids(1, bytes))))
        assert sent.get(22) == (1 if model.id in LONG_CONTEXT_MODELS else None)


def test_privacy_adds_nothing_to_the_message() -> None:
    """The switch is a header; the captured request has no field for it."""
    conversation = finish(to_conversation([say(Role.SYSTEM, "s"), say(Role.USER, "q")]))
    sent = fields(encoded(conversation, "gpt-4", new_ids(1, bytes)))
    assert [number for number, _ in sent] == [2, 4, 5, 7, 9, 15]


def test_every_turn_has_its_own_bubble() -> None:
    """Fewer ids than turns would be a message without one."""
    conversation = finish(to_conversation([say(Role.USER, "q"), say(Role.ASSISTANT, "a")]))
    with pytest.raises(ValueError, match="zip"):
        encoded(conversation, "gpt-4", CursorRequestIds(b"r", b"c", (b"b",)))


def test_a_lone_surrogate_cannot_be_encoded() -> None:
    """JSON can spell half a character; the wire cannot."""
    with pytest.raises(ProtobufError):
        finish(
            encode_chat_request(
                finish(to_conversation([say(Role.USER, "\ud83d")])), "gpt-4", new_ids(1, bytes)
            )
        )


def test_ids_are_version_4_uuids_from_one_draw() -> None:
    """One system call gives them all, and each is a uuid that a strict reader accepts."""
    draws: list[int] = []

    def draw(count: int) -> bytes:
        draws.append(count)
        return random.Random(1).randbytes(count)

    ids = new_ids(20, draw)
    every = [ids.request_id, ids.conversation_id, *ids.bubble_ids]
    assert draws == [16 * 22]
    assert len(set(every)) == 22
    for text in map(bytes.decode, every):
        parsed = uuid.UUID(text)
        assert str(parsed) == text
        assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)


def test_ids_keep_all_their_random_bits() -> None:
    """Only the six bits of version and variant are not random."""
    assert new_ids(0, lambda count: b"\xff" * count).request_id == (
        b"ffffffff-ffff-4fff-bfff-ffffffffffff"
    )
    assert new_ids(0, bytes).request_id == b"00000000-0000-4000-8000-000000000000"


def test_a_result_beside_other_words_names_its_tool_too() -> None:
    """As a client of Anthropic's sends it: what the human says follows in the same message."""
    call = Message(Role.ASSISTANT, (ToolUse("call-1", "weather", b"{}"),))
    answer = say(Role.USER, ToolResult("call-1", (Text("rain"),)), "and tomorrow?")
    said = turns(say(Role.USER, "q"), call, answer)[-1][1]
    assert '<tool_result id="call-1" name="weather">' in said
    assert said.endswith("and tomorrow?")


def test_calls_are_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there are none to whose names results could be told."""
    looks: list[int] = []

    def look(messages: Sequence[Message]) -> dict[str, str]:
        looks.append(len(messages))
        return {}

    monkeypatch.setattr(messages_module, "_tool_names", look)
    finish(to_conversation([result(f"call-{number}", "r") for number in range(20)]))
    assert looks == [20]
    finish(to_conversation([say(Role.USER, "q")]))
    assert looks == [20]


def test_many_turns_and_images_are_taken_a_step_at_a_time() -> None:
    """In the conversation and in the bytes; a usual request is done in one step."""
    crowds = [
        [say(Role.USER, "q"), say(Role.ASSISTANT, "a")] * (5 * STEP_UNITS),
        [say(Role.USER, "q")] * (10 * STEP_UNITS),
        [say(Role.USER, *[IMAGE] * (10 * STEP_UNITS))],
        [say(Role.SYSTEM, "s")] + [say(Role.USER, IMAGE)] * (5 * STEP_UNITS),
    ]
    for messages in crowds:
        conversation, turning_count = count_steps(to_conversation(messages))
        ids = new_ids(len(conversation.turns), bytes)
        _, writing_count = count_steps(encode_chat_request(conversation, "gpt-4", ids))
        assert turning_count >= len(messages) // STEP_UNITS
        assert writing_count >= 10
    usual = [say(Role.USER, "q"), say(Role.ASSISTANT, "a")] * 100
    conversation, turning_count = count_steps(to_conversation(usual))
    ids = new_ids(len(conversation.turns), bytes)
    assert turning_count == 1
    assert count_steps(encode_chat_request(conversation, "gpt-4", ids))[1] == 1
