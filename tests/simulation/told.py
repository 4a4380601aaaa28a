"""What a response told its client, read strictly and by nothing that the gateway writes with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.callers import End, Seen


@dataclass(slots=True)
class Told:
    """What an answer told its client: a stream's events or a whole answer's members."""

    text: str = ""
    reasoning: str = ""
    finish_reasons: list[str] = field(default_factory=list)
    usages: list[dict[str, int]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    is_done: bool = False
    # The stream began with a comment: silence has begun it.
    is_kept_alive: bool = False
    flaws: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether a client takes it for a whole answer."""
        return self.is_done and self.error is None and self.finish_reasons == ["stop"]


def read_told(seen: Seen) -> Told:
    """Read a response's body strictly; what is not as it should be is among the flaws."""
    told = Told()
    if seen.status is None:
        return told
    if seen.is_event_stream:
        _read_events(bytes(seen.body), told)
        return told
    try:
        document = json.loads(bytes(seen.body))
    except ValueError:
        if seen.end is End.WHOLE:
            told.flaws.append("a response that is no JSON")
        return told
    if "error" in document:
        told.error = document["error"]
        return told
    (choice,) = document["choices"]
    told.text = choice["message"]["content"]
    told.reasoning = choice["message"].get("reasoning_content", "")
    told.finish_reasons = [choice["finish_reason"]]
    told.usages = [document["usage"]]
    told.is_done = True
    return told


def _read_events(body: bytes, told: Told) -> None:
    *blocks, rest = body.split(b"\n\n")
    told.is_kept_alive = body.startswith(b":")
    answers = set()
    for block in blocks:
        if told.is_done or told.error is not None:
            told.flaws.append("something behind the end of a stream")
        if block.startswith(b":"):
            continue
        payload = block.removeprefix(b"data: ")
        if payload == b"[DONE]":
            told.is_done = True
            continue
        event = json.loads(payload)
        if "error" in event:
            told.error = event["error"]
        else:
            answers.add((event["id"], event["created"], event["model"]))
            _read_chunk(event, told)
    if len(answers) > 1:
        told.flaws.append(f"a stream of several answers: {answers}")
    if rest and (told.is_done or told.error is not None):
        told.flaws.append("half an event behind the end of a stream")


def _read_chunk(event: dict[str, Any], told: Told) -> None:
    if event.get("usage"):
        told.usages.append(event["usage"])
    for choice in event["choices"]:
        told.text += choice["delta"].get("content", "")
        told.reasoning += choice["delta"].get("reasoning_content", "")
        if choice["finish_reason"]:
            told.finish_reasons.append(choice["finish_reason"])
