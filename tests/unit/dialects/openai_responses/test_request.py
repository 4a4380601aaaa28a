"""Requests for responses: input in all its spellings, and what is wrong with it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from cursor_api.dialects.openai_responses.request import parse_request, read_items
from cursor_api.domain.content import Document, Image, Message, Role, Text
from cursor_api.domain.errors import Fault
from cursor_api.domain.features import Feature
from cursor_api.domain.kept import Thread
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish
from tests.unit.dialects.openai_responses.response_stage import parse


def test_a_text_is_a_question() -> None:
    """With the instructions in front of it, which no later request repeats."""
    parsed = parse(instructions="Be brief.", stream=True, prompt_cache_key="k")
    system = Message(Role.SYSTEM, (Text("Be brief."),))
    question = Message(Role.USER, (Text("hi"),))
    assert parsed.chat.messages == (system, question)
    assert (parsed.chat.is_stream, parsed.chat.origin.conversation) == (True, "k")
    thread = parsed.thread
    assert thread is not None
    assert thread == Thread(None, True, 1, thread.items)
    assert finish(read_items(thread.items, RequestLimits())) == [question]


def test_who_wants_nothing_kept_has_no_thread() -> None:
    """But one who goes on from something has."""
    assert parse(store=False).thread is None
    assert parse(store=False, previous_response_id="resp_1", input=[]).thread == Thread("resp_1")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": None}, "input"),
        ({"input": 5}, "input"),
        ({"input": []}, "input"),
        ({"model": ""}, "model"),
        ({"model": "m" * 300}, "model"),
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"input": ["hi"]}, "input[0]"),
        ({"input": [{"role": "user", "content": "a"}, {"role": "wizard"}]}, "input[1].role"),
        ({"input": [{"type": "message", "content": "a"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": 5}]}]}, "input[0].content[0].type"),
        ({"input": [{"role": "user", "content": 5}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{}]}]}, "input[0].content[0].type"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_text"}]}]},
            "input[0].content[0].text",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "input[0].content[0].type",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
            "input[0].content[0].image_url",
        ),
        ({"input": [{"type": "item_reference"}]}, "input[0].id"),
        ({"input": [{"id": "msg_1"}, {"type": "item_reference", "id": "msg_1"}]}, "input[1]"),
        ({"input": [{}]}, "input[0].type"),
        ({"input": [{"type": "function_call_output", "output": "a"}]}, "input[0].call_id"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(body: dict[str, Any], param: str) -> None:
    """In the words that the chat dialect has for it."""
    with pytest.raises(Fault) as caught:
        parse(**body)
    assert caught.value.param == param
    assert param in caught.value.message


PDF = {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}
LINK = {"type": "input_file", "file_url": "https://a/b.pdf"}


def test_documents_are_asked_for_by_their_place() -> None:
    """Those of an earlier turn are needed no more; one of plain text is a text."""
    text = {"type": "input_file", "file_data": "data:text/plain;base64,aGk="}
    asked = {"role": "user", "content": [text, PDF, LINK]}
    found = parse(input=[asked]).chat
    assert found.messages[0].text == "\nhi\n"
    assert found.messages[0].parts[-2:] == (
        Document("application/pdf", "AA==", name="a.pdf"),
        Document("application/pdf", url="https://a/b.pdf"),
    )
    assert [tuple(one) for one in found.origin.features] == [
        (Feature.DOCUMENTS, "input[0].content[1].type"),
        (Feature.DOCUMENT_LINKS, "input[0].content[2].file_url"),
    ]
    later = parse(input=[asked, {"role": "assistant", "content": "b"}]).chat.origin.features
    assert [tuple(one) for one in later] == [(Feature.EARLIER_DOCUMENTS, "input[0].content[1]")]


def test_a_file_that_was_uploaded_is_refused() -> None:
    """Only OpenAI has it. In what was said before it is left out."""
    asked = {"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}
    with pytest.raises(Fault, match=r"file_data.*file_url.*input_text") as caught:
        parse(input=[asked])
    assert caught.value.param == "input[0].content[0].type"
    parsed = parse(input=[asked, {"role": "assistant", "content": "b"}])
    assert parsed.ignored == ("input[0].content[0]",)


def test_a_body_of_chat_completions_is_shown_its_address() -> None:
    """Whoever mixes them up reads where to go."""
    with pytest.raises(Fault, match="/v1/chat/completions"):
        finish(parse_request(b'{"model": "m", "messages": []}', RequestLimits()))


def test_limits_hold() -> None:
    """Items, parts and the size of an image."""
    limits = RequestLimits(messages_max=2, parts_max=3, image_bytes_max=10)
    hello = {"role": "user", "content": "hi"}
    with pytest.raises(Fault, match="3 items; the limit is 2"):
        parse(limits, input=[hello] * 3)
    parts = [{"type": "input_text", "text": "a"}] * 4
    with pytest.raises(Fault, match="more than 3 content parts"):
        parse(limits, input=[{"role": "user", "content": parts}])
    url = f"data:image/png;base64,{base64.b64encode(bytes(11)).decode()}"
    image = {"type": "input_image", "image_url": url}
    with pytest.raises(Fault) as caught:
        parse(limits, input=[{"role": "user", "content": [image]}])
    assert caught.value.code == "invalid_image_url"
    assert parse(input=[{"role": "user", "content": [image]}]).chat.messages == (
        Message(Role.USER, (Image(bytes(11), "image/png"),)),
    )


def test_large_bodies_are_read_in_steps() -> None:
    """A text of megabytes comes in pieces, many items a few hundred at a time."""
    text = "🎉 day\n" * 300_000
    for given in (text, [{"role": "user", "content": [{"type": "input_text", "text": text}]}]):
        body = json.dumps({"model": "m", "input": given}).encode()
        steps = parse_request(body, RequestLimits())
        count = 0
        try:
            while True:
                next(steps)
                count += 1
        except StopIteration as end:
            parsed = end.value
        assert count > 20
        assert parsed.chat.messages[0].text == text
    many = parse(input=[{"role": "user", "content": "a"}] * 2_000).chat
    assert len(many.messages) == 2_000


def test_halves_of_characters_are_replaced() -> None:
    """As JavaScript leaves them where it cuts an emoji; the answer says so."""
    body = rb'{"model": "m", "input": "a\ud83c"}'
    parsed = finish(parse_request(body, RequestLimits()))
    assert parsed.chat.messages[0].text == "a\ufffd"
    assert parsed.ignored == ("lone_surrogates",)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"input": "a"}', b"\xff"])
def test_whatever_the_bytes_a_fault_comes_out(body: bytes) -> None:
    """And nothing else."""
    with pytest.raises(Fault):
        finish(parse_request(body, RequestLimits()))


def test_items_that_are_named_are_for_later() -> None:
    """Each with the answer that it is of; until they are there only the first messages are."""
    named = {"type": "item_reference", "id": "rs_ab_c_0"}
    parsed = parse(instructions="Be brief.", input=[named, {"role": "user", "content": "Hi"}])
    assert [message.text for message in parsed.chat.messages] == ["Be brief."]
    assert parsed.thread is not None
    assert parsed.thread.references == (("rs_ab_c_0", "resp_ab_c", "input[0]"),)
    assert parsed.ignored == ()
