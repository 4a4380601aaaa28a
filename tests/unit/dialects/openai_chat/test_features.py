"""What a chat request is found to ask for."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.openai_chat.features import FIELDS, NEUTRAL
from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Document, Text
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish

PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwACh"
    "wGA60e6kgAAAABJRU5ErkJggg=="
)


def parse(**fields: object) -> ChatRequest:
    """A request with these fields."""
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}
    return finish(parse_request(json.dumps(body).encode(), RequestLimits())).chat


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_asks_for_its_feature(field: str) -> None:
    """Of whatever type its value is; the caller is told of it by this name."""
    for value in (7, "required", {"a": 1}, ["x" * 100]):
        found = parse(**{field: value}).origin.features
        assert found == (RequestedFeature(FIELDS[field], field),)


def test_a_choice_of_tools_is_no_call_that_is_required() -> None:
    """Only where the model has to call one of them."""
    for mode, is_forced in (("auto", False), ("required", True)):
        choice = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": ["x" * 99]}}
        forced = (RequestedFeature(Feature.FORCED_TOOLS, "tool_choice"),) * is_forced
        assert parse(tool_choice=choice).origin.features == forced


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_without_a_value_asks_for_nothing(field: str) -> None:
    """Clients write null, empty lists and defaults."""
    values = [None, *map(json.loads, NEUTRAL.get(field, ()))]
    assert [parse(**{field: value}).origin.features for value in values] == [()] * len(values)


def test_a_plain_request_asks_for_nothing() -> None:
    """Nor do the fields that change nothing for the model."""
    plain = parse(n=1, user="me", metadata={}, store=True, response_format={"type": "text"})
    assert plain.origin.features == ()


def test_several_answers_and_images_are_features() -> None:
    """The place of the first image is what an error names."""
    assert parse(n=3).origin.features == (RequestedFeature(Feature.MANY_ANSWERS, "n"),)
    content = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": PNG}}]
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "user", "content": [*content, content[1]]},
    ]
    assert parse(messages=messages).origin.features == (
        RequestedFeature(Feature.IMAGES, "messages[1].content[1]"),
    )


def test_an_image_by_its_address_is_another_feature() -> None:
    """Not each upstream that sees images fetches them."""
    content = [{"type": "image_url", "image_url": {"url": "https://example.test/a.png"}}]
    assert parse(messages=[{"role": "user", "content": content}]).origin.features == (
        RequestedFeature(Feature.IMAGES, "messages[0].content[0]"),
        RequestedFeature(Feature.IMAGE_LINKS, "messages[0].content[0].image_url"),
    )


FILE = {"type": "file", "file": {"filename": "a.pdf", "file_data": "AA=="}}


def test_documents_are_asked_for_by_their_place() -> None:
    """One of an earlier turn is needed no more; one of plain text is a text."""
    asked = {"role": "user", "content": [{"type": "text", "text": "a"}, FILE]}
    found = parse(messages=[asked])
    assert found.messages[0].parts == (
        Text("a"),
        Document("application/pdf", "AA==", name="a.pdf"),
    )
    place = "messages[0].content[1]"
    assert found.origin.features == (RequestedFeature(Feature.DOCUMENTS, f"{place}.type"),)
    later = parse(messages=[asked, {"role": "assistant", "content": "b"}]).origin.features
    assert later == (RequestedFeature(Feature.EARLIER_DOCUMENTS, place),)
    text = {"type": "file", "file": {"file_data": "data:text/plain;base64,aGk="}}
    plain = parse(messages=[{"role": "user", "content": [text]}])
    assert (plain.messages[0].text, plain.origin.features) == ("\nhi\n", ())


@pytest.mark.parametrize("kind", ["file", "input_file", "input_audio", "x" * 10_000])
def test_content_of_another_type_needs_an_upstream_of_this_dialect(kind: str) -> None:
    """Never dropped in silence: the model would answer a question nobody asked.

    In what was said before it is left out where it cannot go on, and named.
    """
    asked = {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": kind}]}
    found = parse(messages=[asked]).origin.features
    assert found == (RequestedFeature(Feature.OTHER_CONTENT, "messages[0].content[1].type"),)
    assert parse(messages=[asked, {"role": "assistant", "content": "b"}]).origin.features == ()


def test_a_cache_key_names_the_conversation() -> None:
    """Any other value names none."""
    assert parse(prompt_cache_key="k1").origin.conversation == "k1"
    assert parse(prompt_cache_key=7).origin.conversation is None
    assert parse().origin.conversation is None
