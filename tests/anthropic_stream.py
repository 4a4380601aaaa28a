"""A strict reader of Anthropic streams, by json and the SDK's types, not by what writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.shared import ErrorResponse
from pydantic import TypeAdapter

Json = dict[str, Any]

EVENTS: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
# The field that each kind of delta adds to, by its own field.
GROWING = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("partial_json", "arguments"),
}
KINDS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
}


@dataclass
class ReadMessage:
    """What a client got out of a stream. `blocks` of calls have `arguments`, as text."""

    blocks: list[Json] = field(default_factory=list)
    head: Json | None = None
    end: Json | None = None
    error: Json | None = None
    comments: list[str] = field(default_factory=list)
    pings_count: int = 0
    is_stopped: bool = False
    _open: int | None = None

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(block.get("text", "") for block in self.blocks)

    @property
    def thinking(self) -> str:
        """All of it."""
        return "".join(block.get("thinking", "") for block in self.blocks)

    def take(self, event: Json) -> None:
        """Take in one event; an AssertionError names what is out of order."""
        assert not self.is_stopped, "something follows message_stop"
        match event["type"]:
            case "message_start":
                assert self.head is None
                self.head = event["message"]
            case "content_block_start":
                assert self.head is not None
                assert self._open is None
                assert self.end is None
                assert event["index"] == len(self.blocks)
                self._open = event["index"]
                self.blocks.append(dict(event["content_block"]))
            case "content_block_delta":
                assert event["index"] == self._open
                delta, block = event["delta"], self.blocks[-1]
                assert block["type"] == KINDS[delta["type"]]
                source, target = GROWING[delta["type"]]
                block[target] = block.get(target, "") + delta[source]
            case "content_block_stop":
                assert event["index"] == self._open
                self._open = None
            case "message_delta":
                assert self._open is None
                assert self.end is None
                self.end = event
            case _:
                assert event["type"] == "message_stop"
                assert self.end is not None
                self.is_stopped = True


def read_message_stream(data: bytes) -> ReadMessage:
    """Read a whole stream; an AssertionError names what is not exactly right."""
    assert data == b"" or data.endswith(b"\n\n")
    text = data.decode()
    # Some clients split lines where a text library does: at U+2028 and its like too.
    assert text.splitlines() == text.split("\n")[: len(text.splitlines())]
    found = ReadMessage()
    for block in text.split("\n\n")[:-1]:
        assert found.error is None, "something follows the error"
        if block.startswith(": "):
            assert "\n" not in block
            found.comments.append(block[2:])
            continue
        name, payload = block.split("\n")
        decoded = json.loads(payload.removeprefix("data: "))
        assert name == f"event: {decoded['type']}"
        if decoded["type"] == "error":
            found.error = ErrorResponse.model_validate(decoded, strict=True).error.model_dump()
        elif decoded["type"] == "ping":
            found.pings_count += 1
        else:
            EVENTS.validate_python(decoded, strict=True)
            found.take(decoded)
    return found


def read_message(body: bytes) -> Json:
    """Read a whole answer against Anthropic's own types, without any coercion."""
    decoded: Json = json.loads(body)
    Message.model_validate(decoded, strict=True)
    return decoded
