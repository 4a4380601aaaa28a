"""An OpenAI-compatible endpoint for acceptance: it echoes, calls tools, counts and refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from tests.acceptance.background import LoopThread
from tests.openai_stage import DONE, chunk, event
from tests.scripted_server import ScriptedServer, Turn

Json = dict[str, Any]
# What it is asked to fail at after its first words.
FAIL_LATE = "Fail late."
# What it counts, whatever was asked.
USAGE: Json = {
    "prompt_tokens": 70,
    "completion_tokens": 30,
    "total_tokens": 100,
    "prompt_tokens_details": {"cached_tokens": 64},
    "completion_tokens_details": {"reasoning_tokens": 20},
}
VECTOR = [1.0, 2.0]
LOGPROBS: Json = {"content": [{"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}]}


@dataclass(slots=True)
class Endpoint:
    """Its one model is `NAME-model`. `refusals` are its next answers: a status and an error."""

    name: str
    refusals: list[tuple[int, Json]] = field(default_factory=list)
    asked: list[Turn] = field(default_factory=list)
    url: str = ""

    def open(self, loop: LoopThread) -> Endpoint:
        """Serve for as long as the loop."""
        self.url = loop.open(ScriptedServer(self._serve)).url
        return self

    def bodies(self) -> list[Json]:
        """The chats that it was asked."""
        return [json.loads(turn.body) for turn in self.asked if turn.body]

    def keys(self) -> set[str]:
        """Those that it was shown; "" where there was none."""
        return {turn.headers.get("authorization", "") for turn in self.asked}

    async def _serve(self, turn: Turn) -> None:
        self.asked.append(turn)
        if turn.line.startswith("GET /v1/models "):
            listed = {"object": "list", "data": [{"id": f"{self.name}-model", "object": "model"}]}
            await turn.answer(json.dumps(listed).encode(), content_type="application/json")
        elif not turn.line.startswith(("POST /v1/chat/completions ", "POST /v1/embeddings ")):
            await turn.answer(b'{"detail": "Not Found"}', 404, content_type="application/json")
        elif self.refusals:
            status, error = self.refusals.pop(0)
            body = json.dumps({"error": error}).encode()
            await turn.answer(body, status, content_type="application/json")
        elif turn.line.startswith("POST /v1/embeddings "):
            await turn.answer(vectors(json.loads(turn.body)), content_type="application/json")
        else:
            await self._answer(turn, json.loads(turn.body))

    async def _answer(self, turn: Turn, asked: Json) -> None:
        assert asked["model"] == f"{self.name}-model"
        if not asked.get("stream"):
            await turn.answer(self._whole(asked), content_type="application/json")
            return
        await turn.head(content_type="text/event-stream")
        await turn.chunk(b": one moment\n\n" + chunk({"role": "assistant", "content": ""}))
        last = asked["messages"][-1]
        if asked.get("tools") and not _has_results(asked["messages"]):
            reason = "tool_calls"
            for piece in _calls(asked["tools"]):
                await turn.chunk(piece)
        elif asked.get("response_format", {}).get("type") == "json_schema":
            reason = "stop"
            await turn.chunk(chunk({"content": '{"place": "Zürich"}'}))
        elif last["content"] == FAIL_LATE:
            await turn.chunk(chunk({"content": "So far"}))
            await turn.chunk(event({"error": {"message": "It broke.", "type": "server_error"}}))
            await turn.end()
            return
        else:
            reason = "stop"
            await turn.chunk(chunk({"reasoning_content": "Hm."}))
            for word in self._words(asked):
                await turn.chunk(chunk({"content": f"{word} "}))
        await turn.chunk(chunk(finish_reason=reason))
        if asked["stream_options"]["include_usage"]:
            await turn.chunk(event({"choices": [], "usage": USAGE}))
        await turn.chunk(DONE)
        await turn.end()

    def _words(self, asked: Json) -> list[str]:
        return f"{self.name} heard: {asked['messages'][-1]['content']}".split(" ")

    def _whole(self, asked: Json) -> bytes:
        """As many answers as are asked for, with a field of its own."""
        message: Json = {"role": "assistant", "content": None}
        if asked.get("tools") and asked["messages"][-1]["role"] == "user":
            message["tool_calls"] = [
                {
                    "id": f"call_{index}",
                    "type": "function",
                    "function": {
                        "name": tool["function"]["name"],
                        "arguments": json.dumps({"place": f"Zürich {index}"}),
                    },
                }
                for index, tool in enumerate(asked["tools"])
            ]
        else:
            text = "".join(f"{word} " for word in self._words(asked))
            message |= {"content": text, "reasoning_content": "Hm."}
        reason = "tool_calls" if "tool_calls" in message else "stop"
        choices = [
            {"index": index, "message": message, "finish_reason": reason, "logprobs": LOGPROBS}
            for index in range(asked.get("n") or 1)
        ]
        answer = {"id": "theirs", "object": "chat.completion", "created": 1, "model": "its-own"}
        return json.dumps(answer | {"choices": choices, "usage": USAGE, "x_own": [1]}).encode()


def vectors(asked: Json) -> bytes:
    """One for each text, as numbers or packed."""
    is_packed = asked.get("encoding_format") == "base64"
    vector = "AACAPwAAAEA=" if is_packed else VECTOR  # the same numbers
    data = [
        {"object": "embedding", "index": index, "embedding": vector}
        for index in range(len(asked["input"]))
    ]
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    return json.dumps(
        {"object": "list", "data": data, "model": asked["model"], "usage": usage}
    ).encode()


def _has_results(messages: list[Json]) -> bool:
    """Whether the last calls are answered, images of theirs behind them or not."""
    since = takewhile(lambda message: message["role"] != "assistant", reversed(messages))
    return any(message["role"] == "tool" for message in since)


def _calls(tools: list[Json]) -> list[bytes]:
    """Each tool is called once, side by side, its arguments in two pieces."""
    begun, first, second = [], [], []
    for index, tool in enumerate(tools):
        kind, field = tool["type"], "input" if tool["type"] == "custom" else "arguments"
        begun.append({"index": index, "id": f"call_{index}", "type": kind})
        begun[-1][kind] = {"name": tool[kind]["name"], field: ""}
        first.append({"index": index, kind: {field: '{"place": "Zürich'}})
        second.append({"index": index, kind: {field: f' {index}"}}'}})
    return [chunk({"tool_calls": calls}) for calls in (begun, first, second)]
