"""Requests and responses against Google's protobuf, which did not write them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.content import (
    Document,
    Image,
    LinkedImage,
    Message,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.deltas import Citation, CitationDelta, Delta, StatusDelta, TextDelta
from cursor_api.upstreams.cursor.messages import (
    Speaker,
    decode_chat_response,
    encode_chat_request,
    new_ids,
    to_conversation,
)
from cursor_api.wire.protobuf import ProtobufError
from tests.contract.connect_clients import FindMessage, build_schema, messages_of
from tests.steps import finish

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
IMAGE = st.builds(
    Image, st.binary(max_size=50), st.just("image/png"), st.integers(0, 9999), st.integers(0, 9)
)
SAID = st.lists(st.one_of(st.builds(Text, TEXT), IMAGE), max_size=3)
RESULT = st.builds(ToolResult, TEXT, SAID.map(tuple))
CALL = st.builds(ToolUse, TEXT, TEXT, TEXT.map(str.encode))
MESSAGE = st.builds(
    lambda role, parts: Message(role, tuple(parts)),
    st.sampled_from(Role),
    # As clients have them: what is said, with calls behind, or results; and in any order.
    st.builds(list.__add__, SAID, st.lists(CALL, max_size=2))
    | st.lists(RESULT, min_size=1, max_size=2)
    | st.lists(st.one_of(st.builds(Text, TEXT), IMAGE, RESULT, CALL, st.builds(Thinking, TEXT))),
)


@pytest.fixture(scope="module")
def find(tmp_path_factory: pytest.TempPathFactory) -> FindMessage:
    """A message class by its name."""
    return messages_of(build_schema(tmp_path_factory.mktemp("schema")))


@given(
    messages=st.lists(MESSAGE, min_size=1, max_size=8),
    model=st.one_of(TEXT, st.just("gpt-4o-128k")),
    default=TEXT,
    seed=st.randoms(),
)
def test_every_request_is_read_back_by_another_implementation(
    find: FindMessage, messages: list[Message], model: str, default: str, *, seed: Any
) -> None:
    """All turns, texts, images and ids, and no field that the published definition lacks."""
    conversation = finish(to_conversation(messages, default))
    ids = new_ids(len(conversation.turns), seed.randbytes)
    sent = b"".join(finish(encode_chat_request(conversation, model, ids)))
    read = find("GetChatRequest").FromString(sent)
    assert [(turn.type, turn.text, turn.bubble_id) for turn in read.conversation] == [
        (turn.speaker, b"".join(turn.text).decode(), bubble_id.decode())
        for turn, bubble_id in zip(conversation.turns, ids.bubble_ids, strict=True)
    ]
    for got, turn in zip(read.conversation, conversation.turns, strict=True):
        sizes = [(i.data, i.dimension.width, i.dimension.height) for i in got.images]
        assert sizes == [
            (i.data, *((i.width, i.height) if i.width and i.height else (0, 0)))
            for i in turn.images
        ]
    instructions = b"".join(conversation.instructions).decode()
    assert read.explicit_context.context == instructions
    assert read.HasField("explicit_context") is bool(conversation.instructions)
    assert read.model_details.model_name == model
    assert read.request_id.encode() == ids.request_id
    assert read.conversation_id.encode() == ids.conversation_id
    assert read.long_context_mode is (model == "gpt-4o-128k")
    known = find("GetChatRequest")()
    known.CopyFrom(read)
    known.DiscardUnknownFields()
    assert known == read


def runs_of_text(message: Message) -> Iterator[str]:
    """Texts that follow each other are one; a call stands where it was made."""
    words = [part for part in message.parts if not isinstance(part, Image)]
    for _, run in itertools.groupby(words, lambda part: isinstance(part, Text)):
        yield "".join(part.text for part in run if isinstance(part, Text))


@given(st.lists(MESSAGE, min_size=1, max_size=8))
def test_every_conversation_alternates_and_loses_nothing(messages: list[Message]) -> None:
    """The human opens and closes it; every text and every image is somewhere in it."""
    conversation = finish(to_conversation(messages))
    speakers = [turn.speaker for turn in conversation.turns]
    assert speakers == [(Speaker.HUMAN, Speaker.AI)[i % 2] for i in range(len(speakers))]
    assert len(speakers) % 2 == 1
    texts = [conversation.instructions, *(turn.text for turn in conversation.turns)]
    everything = b"".join(piece for text in texts for piece in text).decode()
    images = [image for turn in conversation.turns for image in turn.images]
    for message in messages:
        if all(isinstance(part, Text | Image | ToolUse) for part in message.parts):
            assert all(text in everything for text in runs_of_text(message))
        for part in message.parts:
            match part:
                case Text(text):
                    assert text in everything
                case Image():
                    assert part in images
                case ToolUse(_, _, arguments):
                    assert arguments.decode() in everything
                case ToolResult(_, parts):
                    assert Message(Role.USER, parts).text in everything
                    assert all(inner in images for inner in parts if isinstance(inner, Image))
                case Thinking() | LinkedImage() | Document():
                    pass  # the one is not said again, the others are not drawn here


@given(
    text=TEXT,
    prompt=st.one_of(st.none(), TEXT),
    statuses=st.one_of(st.none(), st.lists(TEXT, max_size=3)),
    pages=st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=3),
)
def test_every_response_of_another_implementation_is_read(
    find: FindMessage,
    text: str,
    prompt: str | None,
    statuses: list[str] | None,
    pages: list[tuple[str, str, str]],
) -> None:
    """Text, statuses and citations come out; the prompt echo does not."""
    message = find("StreamChatResponse")(text=text)
    expected: list[Delta] = []
    if prompt is not None:
        message.filled_prompt = prompt
        message.document_citation.SetInParent()
    if pages:
        for url, title, chunk in pages:
            message.web_citation.references.add(url=url, title=title, chunk=chunk)
        cited = tuple(Citation(url, title) for url, title, _ in pages if url or title)
        expected += [CitationDelta(cited)] if cited else []
    if statuses is not None:
        message.status_updates.SetInParent()
        for status in statuses:
            message.status_updates.updates.add(message=status)
        expected += [StatusDelta(status) for status in statuses or [""]]
    expected += [TextDelta(text)] if text else []
    assert decode_chat_response(message.SerializeToString(deterministic=True)) == expected


@given(payload=st.binary(max_size=100))
def test_what_another_implementation_refuses_gives_no_text(
    find: FindMessage, payload: bytes
) -> None:
    """Any bytes: a malformed message is refused, and a text is what Google's runtime reads."""
    try:
        deltas = decode_chat_response(payload)
    except ProtobufError:
        return
    words = "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
    try:
        read = find("StreamChatResponse").FromString(payload)
    except Exception:  # noqa: BLE001 - DecodeError has no importable type; stricter than ours is fine
        return
    assert words == read.text
