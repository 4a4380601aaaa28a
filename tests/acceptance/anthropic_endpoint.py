"""An Anthropic-compatible endpoint for acceptance: it thinks, calls tools, counts and refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests import anthropic_stage as stage
from tests.acceptance.background import LoopThread
from tests.anthropic_types import read_request
from tests.scripted_server import ScriptedServer, Turn

Json = dict[str, Any]
# Whoever knows these models lists them so.
MODELS = ("claude-sonnet-4-5", "claude-opus-4-8")
# What it counts, whatever was asked: 70 tokens in all went in, 64 of them from the cache.
BEGUN = {"input_tokens": 4, "cache_read_input_tokens": 64, "cache_creation_input_tokens": 2}
ENDED: Json = {"output_tokens_details": {"thinking_tokens": 20}}
# What comes in one piece, whatever was asked.
WHOLE: Json = {
    "id": "msg_whole",
    "type": "message",
    "role": "assistant",
    "model": MODELS[0],
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "In one piece.", "citations": None},
    ],
    "stop_reason": "pause_turn",
    "stop_sequence": None,
    "container": None,
    "usage": {**BEGUN, "output_tokens": 30, "service_tier": "priority"},
}


@dataclass(slots=True)
class AnthropicEndpoint:
    """`refusals` are its next answers: a status and an error."""

    refusals: list[tuple[int, Json]] = field(default_factory=list)
    asked: list[Turn] = field(default_factory=list)
    url: str = ""

    def open(self, loop: LoopThread) -> AnthropicEndpoint:
        """Serve for as long as the loop."""
        self.url = loop.open(ScriptedServer(self._serve)).url
        return self

    def bodies(self) -> list[Json]:
        """The requests that it was asked, each as Anthropic's types know it."""
        return [read_request(turn.body) for turn in self.asked if turn.body]

    async def _serve(self, turn: Turn) -> None:
        self.asked.append(turn)
        if turn.line.startswith("GET /v1/models?limit="):
            listed = [{"id": name, "type": "model", "max_input_tokens": 9000} for name in MODELS]
            body = {"data": listed, "has_more": False}
            await turn.answer(json.dumps(body).encode(), content_type="application/json")
        elif not turn.line.startswith("POST /v1/messages "):
            await turn.answer(b"", 404)
        elif self.refusals:
            status, error = self.refusals.pop(0)
            body = {"type": "error", "error": error}
            await turn.answer(json.dumps(body).encode(), status, content_type="application/json")
        elif not json.loads(turn.body).get("stream"):
            await turn.answer(json.dumps(WHOLE).encode(), content_type="application/json")
        else:
            await turn.head(content_type="text/event-stream; charset=utf-8")
            for piece in _answer(json.loads(turn.body)):
                await turn.chunk(piece)
            await turn.end()


def _answer(asked: Json) -> list[bytes]:
    """A thought where one is asked for; then a call of each tool, or what was heard."""
    pieces = [stage.start(**BEGUN), stage.event("ping")]
    if asked.get("thinking", {}).get("type") in {"enabled", "adaptive"}:
        pieces.append(stage.thinking("Hm.", signature="c2ln"))
    last = asked["messages"][-1]["content"]
    reason = "end_turn"
    is_result = not isinstance(last, str) and last[0]["type"] == "tool_result"
    if asked.get("tools") and not is_result:
        reason = "tool_use"
        pieces += [
            stage.call(
                tool["name"],
                *('{"place": "Zürich', f' {number}"}}'),
                index=1 + number,
                call_id=f"toolu_{number}",
            )
            for number, tool in enumerate(asked["tools"])
        ]
    else:
        pieces.append(stage.text("heard: ", _heard(last), index=1))
    return [*pieces, stage.end(reason, output_tokens=30, usage=ENDED)]


def _heard(blocks: str | list[Json]) -> str:
    """The last turn in words."""
    if isinstance(blocks, str):
        return blocks
    found = []
    for block in blocks:
        if block["type"] == "text":
            found.append(block["text"])
        elif block["type"] == "image":
            found.append(f"[{block['source']['media_type']}]")
        else:
            found.append(f"[{block['tool_use_id']}: {_heard(block['content'])}]")
    return " ".join(found)
