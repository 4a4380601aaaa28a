from __future__ import annotations

import json
import random

from cursor_api.simulator.anthropic.events import (
    Message,
    count_output,
    ending,
    opening,
    pieces,
    refusal_ending,
    whole,
)
from cursor_api.simulator.anthropic.seals import is_genuine
from cursor_api.simulator.model.asks import Call, Reply
from cursor_api.simulator.model.limits import End, Limited
from cursor_api.wire.sse import SSEDecoder

MESSAGE = Message("msg_1", "claude", {"input_tokens": 7})
CALLS = (Call("a", {"city": "Zürich, wherever"}, "1"), Call("b", {}, "2"))
CALLING = Limited(Reply("thoughts", "text", CALLS), End.CALLS)


def test_blocks_come_one_after_another() -> None:
    """Thoughts with their signature, text, calls whose input is JSON in pieces."""
    stream = b"".join(pieces(MESSAGE, CALLING, random.Random(1)))
    found = SSEDecoder(1 << 20).feed(stream)
    events = [json.loads(event.data) for event in found]
    assert [event.event for event in found] == [event["type"] for event in events]
    starts = [one["content_block"] for one in events if one["type"] == "content_block_start"]
    assert [block["type"] for block in starts] == ["thinking", "text", "tool_use", "tool_use"]
    assert starts[2] == {"type": "tool_use", "id": "toolu_1", "name": "a", "input": {}}
    deltas = [one for one in events if one["type"] == "content_block_delta"]

    def joined(index: int, name: str) -> str:
        own = (one["delta"].get(name, "") for one in deltas if one["index"] == index)
        return "".join(own)

    assert (joined(0, "thinking"), joined(1, "text")) == ("thoughts", "text")
    assert is_genuine("thoughts", joined(0, "signature"))
    assert json.loads(joined(2, "partial_json")) == CALLS[0].arguments
    assert joined(3, "partial_json") == "{}"
    stops = [one["index"] for one in events if one["type"] == "content_block_stop"]
    assert stops == [0, 1, 2, 3]


def test_the_frame_of_a_message() -> None:
    """Its usage at both ends, and why it ended."""
    assert b'"content":[]' in opening(MESSAGE)[0]
    told, stop = ending(MESSAGE, Limited(Reply(text="so"), End.STOP_TEXT, "x"))
    delta = json.loads(told.split(b"data: ")[1])
    assert delta["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "x"}
    assert delta["usage"] == {"input_tokens": 7, "output_tokens": 1}
    assert stop.startswith(b"event: message_stop\n")
    assert b'"stop_reason":"refusal"' in refusal_ending(MESSAGE)


def test_an_answer_in_one_piece() -> None:
    """Has the same content."""
    answer = json.loads(whole(MESSAGE, CALLING))
    kinds = [block["type"] for block in answer["content"]]
    assert kinds == ["thinking", "text", "tool_use", "tool_use"]
    assert answer["content"][2]["input"] == CALLS[0].arguments
    assert answer["stop_reason"] == "tool_use"
    assert answer["usage"]["output_tokens"] == count_output(CALLING) > 4
