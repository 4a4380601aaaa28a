"""Requests as values."""

from __future__ import annotations

from cursor_api.domain.chat import NO_PARAMETERS, ChatRequest, Native, Origin, Parameters, Tool
from cursor_api.domain.content import (
    Document,
    Image,
    LinkedImage,
    Message,
    Role,
    Text,
    ToolResult,
)
from cursor_api.domain.features import Feature, RequestedFeature

HI = (Message(Role.USER, (Text("hi"),)),)


def test_parameters_are_read_when_somebody_asks_and_once() -> None:
    """Most requests go to an upstream that wants none of them."""
    asked: list[Parameters] = []

    def read() -> Parameters:
        asked.append(Parameters(user="me"))
        return asked[-1]

    request = ChatRequest("m", HI, parameters=read)
    assert asked == []
    assert request.parameters.user == "me"
    assert request.parameters is asked[0]
    assert len(asked) == 1
    assert ChatRequest("m", HI).parameters is NO_PARAMETERS


def test_two_requests_are_the_same_when_they_ask_the_same() -> None:
    """However they were spelled, and whenever they are read."""
    tools = Parameters(tools=(Tool("f", "", b"{}"),))
    request = ChatRequest("m", HI, parameters=tools)
    assert request == ChatRequest(
        "m", HI, parameters=lambda: tools, origin=Origin(Native("x", b"y"))
    )
    assert request != ChatRequest("m", HI)
    assert request != ChatRequest("n", HI, parameters=tools)
    assert request != ChatRequest("m", HI * 2, parameters=tools)
    assert request != ChatRequest("m", HI, is_stream=True, parameters=tools)
    assert request != "m"


def test_nothing_of_a_prompt_is_in_a_request_s_repr() -> None:
    """It may end up in a log."""
    assert repr(ChatRequest("m", HI)) == "ChatRequest('m', messages=1)"


def test_a_request_is_native_in_the_dialect_that_it_came_in_and_no_other() -> None:
    """One that came in none fits none, not even an upstream that has none."""
    native = Native("x", b"y")
    assert Origin(native).native_in("x") is native
    assert Origin(native).native_in("other") is None
    assert Origin(native).native_in("") is None
    assert Origin().native_in("") is None


def test_a_request_with_other_messages_is_still_the_caller_s() -> None:
    """Whoever takes his part of some room takes it for him."""
    chat = ChatRequest("m", (Message(Role.USER, (Text("hi"),)),), is_stream=True)
    chat.caller = "team"
    changed = chat.with_messages(chat.messages * 2, Origin(conversation="c"))
    assert (changed.caller, changed.model, changed.is_stream) == ("team", "m", True)
    assert (len(changed.messages), changed.origin.conversation) == (2, "c")


def test_what_earlier_messages_have_is_asked_for_by_what_brought_them() -> None:
    """Each kind once; a document of theirs is not needed any more."""
    image, link = Image(b"x", "image/png"), LinkedImage("https://a")
    result = ToolResult("c", (Document("application/pdf", "AA=="), link))
    earlier = (Message(Role.USER, (image, result)), Message(Role.ASSISTANT, (Text("b"),)))
    asked = ChatRequest(
        "m", HI, origin=Origin(features=(RequestedFeature(Feature.IMAGES, "here"),))
    )
    found = asked.go_on_from(earlier, 0, "previous_response_id")
    assert found.messages == (*earlier, *HI)
    assert [tuple(one) for one in found.origin.features] == [
        (Feature.IMAGES, "here"),
        (Feature.IMAGE_LINKS, "previous_response_id"),
        (Feature.EARLIER_DOCUMENTS, "previous_response_id"),
    ]
