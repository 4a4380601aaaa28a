"""The simulated bridge's frames beside those that the genuine one sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.simulator.cursor_sdk.frames import RunFrames
from tests.sdk_vectors import SEQUENCES, frames_of

USAGE = {"inputTokens": 50, "outputTokens": 9, "cacheReadTokens": 0}


def shape(value: Any) -> Any:
    """Keys and types, without what differs from run to run."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__


def item(frame: bytes) -> Any:
    """The JSON of an envelope."""
    return json.loads(frame[5:])


def found(name: str, **facts: str) -> Any:
    """The first genuine message of a sequence with these facts."""
    for genuine in frames_of(name):
        message = genuine.get("sdkMessage", {}).get("message", {})
        if facts and all(message.get(key) == value for key, value in facts.items()):
            return genuine
    raise AssertionError(facts)


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_result_has_the_genuine_shape(name: str) -> None:
    """Its ids, its status, its numbers as strings, its error."""
    genuine = next(one for one in frames_of(name) if "result" in one)
    inner = genuine["result"]["result"]
    status = genuine["result"]["status"].removeprefix("RUN_LIFECYCLE_STATUS_")
    usage = {key: int(count) for key, count in inner["usage"].items()} if "usage" in inner else None
    frame = RunFrames("a", "r", "m").result(
        status, inner.get("result", ""), usage, inner.get("errorMessage", "")
    )
    assert shape(item(frame)) == shape(genuine)


def test_messages_have_the_genuine_shape() -> None:
    """Statuses, thinking, text, a call and its end, usage."""
    write = RunFrames("a", "r", "m")
    tool, chat = "custom tool", "chat, text"
    value = {"content": [{"text": {"text": "sunny"}}], "isError": False}
    outcome = {"status": "success", "value": value}
    pairs = [
        (write.status("RUNNING"), found(chat, type="status")),
        (write.status("ERROR", "why"), found("usage limit", status="ERROR")),
        (write.thinking("Let me "), found(chat, type="thinking", text="Let me ")),
        (write.thought(12), found(chat, type="thinking", text="")),
        (write.text("Hello"), found(chat, type="assistant")),
        (write.tool_call("c", "t", {"city": "P"}), found(tool, status="running")),
        (write.tool_call("c", "t", {"city": "P"}, outcome), found(tool, status="completed")),
    ]
    for frame, genuine in pairs:
        assert shape(item(frame)) == shape(genuine)
    assert item(write.done())["offset"] == str(len(pairs) + 1)
    assert shape(item(write.usage(USAGE)))["sdkMessage"]["type"] == "str"
