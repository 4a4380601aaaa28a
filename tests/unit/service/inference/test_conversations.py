"""Which requests stay together."""

from __future__ import annotations

import pytest

from cursor_api.domain.caller import Caller
from cursor_api.domain.chat import ChatRequest, Incoming, Origin
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.service.inference.conversations import name_conversation

AGENT = (RequestedFeature(Feature.TOOLS, "tools"),)


def name(*said: str, features: tuple[RequestedFeature, ...] = AGENT, key: str | None = None) -> str:
    """The name of a conversation in which this was said after the same instructions."""
    messages = [Message(Role.SYSTEM, (Text("You are an agent."),))]
    messages += [Message(Role.USER, (Text(text),)) for text in said]
    chat = ChatRequest("m", tuple(messages), origin=Origin(None, features, key))
    return name_conversation(Incoming("id", chat, Caller("me")))


def test_an_agents_turns_are_known_by_how_they_begin() -> None:
    """However many follow; another first question is another conversation."""
    assert name("fix it") == name("fix it", "and now this") != name("mend it") != ""


def test_the_callers_own_name_counts_before_the_beginning() -> None:
    """The header before the field of the body."""
    assert name("fix it", key="k") == name("mend it", key="k") == "k"
    chat = ChatRequest("m", (Message(Role.USER, (Text("hi"),)),), origin=Origin(None, AGENT, "k"))
    assert name_conversation(Incoming("id", chat, Caller("me"), conversation="mine")) == "mine"


def test_a_chat_without_tools_stays_with_nobody() -> None:
    """Rotation shares the work then."""
    assert name("hi", features=()) == ""
    assert name("hi", features=(), key="k") == "k"


@pytest.mark.parametrize("text", ["\ud800", "x" * 100_000, ""])
def test_whatever_a_text_holds_it_has_a_name(text: str) -> None:
    """A lone surrogate and a megabyte are no trouble."""
    assert len(name(text)) == 32


def test_a_long_name_is_not_remembered_as_it_is() -> None:
    """A megabyte for each of thousands would be all of the memory; they still are different."""
    one, other = (name("hi", key="k" * 1_000_000 + end) for end in ("a", "\ud800"))
    assert len(one) == len(other) == 32
    assert one != other
