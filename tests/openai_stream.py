"""A strict reader of OpenAI streams, independent of what writes them: json and OpenAI's types."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.completion_usage import CompletionUsage


@dataclass
class ReadStream:
    """What a client got out of a stream."""

    chunks: list[ChatCompletionChunk] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    error: dict[str, Any] | None = None
    is_done: bool = False

    @property
    def deltas(self) -> list[dict[str, Any]]:
        """Each choice's delta as the client sees it, without what is absent."""
        return [
            choice.delta.model_dump(exclude_unset=True)
            for chunk in self.chunks
            for choice in chunk.choices
        ]

    @property
    def text(self) -> str:
        """The answer."""
        return "".join(delta.get("content") or "" for delta in self.deltas)

    @property
    def reasoning(self) -> str:
        """What the model thought."""
        return "".join(delta.get("reasoning_content") or "" for delta in self.deltas)

    @property
    def refusal(self) -> str:
        """The words with which the model refused."""
        return "".join(delta.get("refusal") or "" for delta in self.deltas)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls of tools, as OpenAI's own clients put them together: by number."""
        found: dict[int, dict[str, Any]] = {}
        for delta in self.deltas:
            for piece in delta.get("tool_calls") or ():
                function = piece["function"]
                if piece["index"] not in found:
                    assert {"id", "type", "function"} < piece.keys()
                    found[piece["index"]] = {
                        "id": piece["id"],
                        "type": piece["type"],
                        "function": dict(function),
                    }
                else:
                    assert piece.keys() == {"index", "function"}
                    found[piece["index"]]["function"]["arguments"] += function["arguments"]
        return [found[number] for number in sorted(found)]

    @property
    def annotations(self) -> list[Any]:
        """All sources."""
        return [one for delta in self.deltas for one in delta.get("annotations", [])]

    @property
    def finish_reasons(self) -> list[str]:
        """One, in a stream that ended well."""
        choices = [choice for chunk in self.chunks for choice in chunk.choices]
        return [choice.finish_reason for choice in choices if choice.finish_reason]

    @property
    def usages(self) -> list[CompletionUsage]:
        """All usage objects."""
        return [chunk.usage for chunk in self.chunks if chunk.usage]


def read_stream(data: bytes) -> ReadStream:
    """Read a whole stream; an AssertionError names what is not exactly right."""
    assert data == b"" or data.endswith(b"\n\n")
    text = data.decode()
    # Some clients split lines where a text library does: at U+2028 and its like too.
    assert text.splitlines() == text.split("\n")[: len(text.splitlines())]
    found = ReadStream()
    for block in text.split("\n\n")[:-1]:
        assert "\n" not in block
        assert not found.is_done, "something follows [DONE]"
        assert found.error is None, "something follows the error"
        if block.startswith(": "):
            found.comments.append(block[2:])
            continue
        assert block.startswith("data: ")
        payload = block.removeprefix("data: ")
        if payload == "[DONE]":
            found.is_done = True
            continue
        decoded = json.loads(payload)
        if "error" in decoded:
            found.error = decoded["error"]
            assert set(decoded) == {"error"}
        else:
            found.chunks.append(ChatCompletionChunk.model_validate(decoded, strict=True))
    return found


def read_answer(body: bytes) -> ChatCompletion:
    """Read a whole answer against OpenAI's own types, without any coercion."""
    return ChatCompletion.model_validate(json.loads(body), strict=True)
