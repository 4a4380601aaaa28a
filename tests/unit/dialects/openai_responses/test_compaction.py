"""Compaction, as Codex asks for it and brings it back."""

from __future__ import annotations

import pytest

from cursor_api.dialects.openai_responses.compaction import CompactionFolder, CompactionRenderer
from cursor_api.dialects.openai_responses.items import COMPACT, SUMMARY_HEAD
from cursor_api.domain.deltas import Delta, ReasoningDelta, StatusDelta, TextDelta
from cursor_api.domain.errors import Fault
from tests.unit.dialects.openai_responses.response_stage import END, HEAD, events, parse, whole

HELLO = {"role": "user", "content": "Hello."}
TOOLS = [{"type": "function", "name": "look"}]


def test_a_conversation_becomes_one_item_and_comes_back() -> None:
    """The model is asked for a summary and offered no tool; the item is what Codex looks for."""
    parsed = parse(input=[HELLO, {"type": "compaction_trigger"}], tools=TOOLS)
    assert [message.text for message in parsed.chat.messages] == ["Hello.", COMPACT]
    assert parsed.chat.parameters.tools == ()
    assert parsed.style.is_compaction
    renderer = CompactionRenderer(HEAD, parsed.style)
    said: list[Delta] = [
        StatusDelta("Busy"),
        ReasoningDelta("Hm."),
        TextDelta("They "),
        TextDelta("met."),
        END,
    ]
    found = events(renderer.render(said) + renderer.finish())
    done = [one["item"] for one in found if one["type"] == "response.output_item.done"]
    assert [item["type"] for item in done] == ["compaction"]
    assert found[-1]["response"]["output"] == done
    folder = CompactionFolder(HEAD, parsed.style)
    folder.feed(said)
    assert whole(folder.body())["output"] == done
    later = parse(input=[*done, HELLO])
    assert later.chat.messages[0].text == f"{SUMMARY_HEAD}They met."


def test_what_another_has_sealed_is_left_out() -> None:
    """Nobody here can read it; the answer says so."""
    sealed = {"type": "compaction", "encrypted_content": "gAAAAA=="}
    assert parse(input=[sealed, HELLO]).ignored == ("input[0]",)


def test_it_is_whole_or_nothing() -> None:
    """As every answer is."""
    renderer = CompactionRenderer(HEAD, parse().style)
    renderer.render([TextDelta("They")])
    with pytest.raises(Fault, match="stopped before"):
        renderer.finish()
    renderer.render([END])
    with pytest.raises(Fault, match="went on"):
        renderer.render([TextDelta("met.")])
