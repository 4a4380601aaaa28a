from __future__ import annotations

import json
import random
from dataclasses import replace

from cursor_api.simulator.model.asks import Call, Reply
from cursor_api.simulator.model.limits import End, Limited
from cursor_api.simulator.openai.chunks import (
    Envelope,
    count_usage,
    ending,
    opening,
    pieces,
    refusal_ending,
    whole,
)

ENVELOPE = Envelope(id="i", created=1, model="m", tools_free_text=frozenset({"patch"}))
CALLS = (Call("a", {"city": "Zürich, wherever"}, "1"), Call("patch", {"input": "the text"}, "2"))
CALLING = Limited(Reply("thoughts", "", CALLS), End.CALLS)


def deltas(*events: bytes) -> list[dict[str, object]]:
    """What the chunks say."""
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events]
    return [chunk["choices"][0]["delta"] for chunk in chunks]


def test_calls_come_in_pieces() -> None:
    """Each with its index, its head once, and its arguments or its text cut anywhere."""
    said = deltas(*pieces(ENVELOPE, [CALLING], random.Random(1)))
    thoughts = [delta.get("reasoning_content", "") for delta in said]
    assert "".join(map(str, thoughts)) == "thoughts"
    parts = [call for delta in said for call in delta.get("tool_calls", ())]  # type: ignore[attr-defined]  # JSON
    heads = [part for part in parts if "id" in part]
    assert [(one["index"], one["id"], one["type"]) for one in heads] == [
        (0, "call_1", "function"),
        (1, "call_2", "custom"),
    ]
    arguments = "".join(part["function"]["arguments"] for part in parts if "function" in part)
    assert json.loads(arguments) == CALLS[0].arguments
    assert "".join(part["custom"]["input"] for part in parts if "custom" in part) == "the text"
    assert len(parts) > 4


def test_several_choices_take_turns() -> None:
    """Each has its beginning and its end."""
    texts = [Limited(Reply(text=text), End.DONE) for text in ("a long enough text", "other")]
    events = [
        *opening(ENVELOPE, texts),
        *pieces(ENVELOPE, texts, random.Random(1)),
        *ending(ENVELOPE, texts, {})[:-1],
    ]
    indexes = [json.loads(event.removeprefix(b"data: "))["choices"][0]["index"] for event in events]
    assert indexes[:4] == [0, 1, 0, 1]
    assert indexes[-2:] == [0, 1]


def test_the_usage_comes_where_it_is_asked_for() -> None:
    """In a chunk without choices; in all others it is null."""
    text = Limited(Reply("th", "text"), End.LENGTH)
    usage = count_usage(10, 8, [text])
    assert (usage["total_tokens"], usage["prompt_tokens_details"]["cached_tokens"]) == (12, 8)
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 1
    asked = replace(ENVELOPE, is_usage_asked=True)
    reason, counted, done = ending(asked, [text], usage)
    assert json.loads(reason.removeprefix(b"data: "))["usage"] is None
    assert json.loads(counted.removeprefix(b"data: "))["usage"] == usage
    assert done == b"data: [DONE]\n\n"
    assert b'"usage"' not in b"".join(ending(ENVELOPE, [text], usage))
    assert b'"content_filter"' in refusal_ending(ENVELOPE)


def test_an_answer_in_one_piece() -> None:
    """Thoughts and calls as they are; probabilities of tokens that make the text."""
    message = json.loads(whole(ENVELOPE, [CALLING], {}))["choices"][0]["message"]
    assert message["content"] is None
    assert [call["type"] for call in message["tool_calls"]] == ["function", "custom"]
    text = Limited(Reply(text="some text"), End.DONE)
    envelope = replace(ENVELOPE, top_count=2)
    (choice,) = json.loads(whole(envelope, [text], {}))["choices"]
    tokens = choice["logprobs"]["content"]
    assert "".join(token["token"] for token in tokens) == "some text"
    assert [len(token["top_logprobs"]) for token in tokens] == [2] * len(tokens)
