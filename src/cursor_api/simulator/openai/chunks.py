"""A reply as chat completions write it: streamed in chunks, or whole."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from cursor_api.simulator.json_api import Json
from cursor_api.simulator.model.asks import Call
from cursor_api.simulator.model.limits import End, Limited
from cursor_api.simulator.model.tokens import count_tokens
from cursor_api.simulator.scenario import split_pieces

DONE: Final = b"data: [DONE]\n\n"
# A chunk that ends in the middle of its JSON.
MALFORMED: Final = (
    b'data: {"id":"chatcmpl-simulated","object":"chat.completion.chunk","choices":[{\n\n'
)
FINGERPRINT: Final = "fp_simulated00"
REASONS: Final = {
    End.DONE: "stop",
    End.STOP_TEXT: "stop",
    End.LENGTH: "length",
    End.CALLS: "tool_calls",
}
_ARGUMENT_PIECE: Final = range(4, 17)
_LOGPROB: Final = -0.05
_OTHER_LOGPROB: Final = -4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What all chunks of an answer share. `top_count` None: no log probabilities."""

    id: str
    created: int
    model: str
    tools_free_text: frozenset[str] = frozenset()
    is_usage_asked: bool = False
    top_count: int | None = None

    def chunk(self, choices: list[Json], usage: Json | None = None) -> bytes:
        """One chunk, as an event."""
        content: Json = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        }
        if self.is_usage_asked:
            content["usage"] = usage
        return b"data: " + msgspec.json.encode(content) + b"\n\n"

    def delta(
        self, index: int, delta: Json, reason: str | None = None, logprobs: Json | None = None
    ) -> bytes:
        """One chunk of one choice."""
        choice = {
            "index": index,
            "delta": delta,
            "logprobs": logprobs,
            "finish_reason": reason,
        }
        return self.chunk([choice])


def opening(envelope: Envelope, replies: Sequence[Limited]) -> tuple[bytes, ...]:
    """The first chunk of each choice."""
    return tuple(
        envelope.delta(
            index,
            {
                "role": "assistant",
                "content": None if limited.reply.calls else "",
                "refusal": None,
            },
        )
        for index, limited in enumerate(replies)
    )


def pieces(
    envelope: Envelope, replies: Sequence[Limited], chance: random.Random
) -> Iterator[bytes]:
    """What the choices say, piece by piece and in turn."""
    each = [_choice(envelope, index, one, chance) for index, one in enumerate(replies)]
    for turn in itertools.zip_longest(*each):
        yield from (piece for piece in turn if piece is not None)


def ending(envelope: Envelope, replies: Sequence[Limited], usage: Json) -> tuple[bytes, ...]:
    """Why each choice ended, the usage where it was asked for, and the mark of the end."""
    reasons = [
        envelope.delta(index, {}, REASONS[limited.end]) for index, limited in enumerate(replies)
    ]
    counted = [envelope.chunk([], usage)] if envelope.is_usage_asked else []
    return (*reasons, *counted, DONE)


def refusal_ending(envelope: Envelope) -> bytes:
    """The end of an answer that a filter has stopped."""
    return envelope.delta(0, {}, "content_filter") + DONE


def whole(envelope: Envelope, replies: Sequence[Limited], usage: Json) -> bytes:
    """The answer in one piece."""
    choices = []
    for index, (reply, end, _) in enumerate(replies):
        message: Json = {
            "role": "assistant",
            "content": None if reply.calls else reply.text,
            "refusal": None,
            "annotations": [],
        }
        if reply.thoughts:
            message["reasoning_content"] = reply.thoughts
        if reply.calls:
            message["tool_calls"] = [_whole_call(envelope, call) for call in reply.calls]
        logprobs = None
        if envelope.top_count is not None and reply.text:
            tokens = _whole_tokens(reply.text)
            logprobs = {"content": [_logprob(envelope, token) for token in tokens], "refusal": None}
        choices.append(
            {
                "index": index,
                "message": message,
                "logprobs": logprobs,
                "finish_reason": REASONS[end],
            }
        )
    content = {
        "id": envelope.id,
        "object": "chat.completion",
        "created": envelope.created,
        "model": envelope.model,
        "choices": choices,
        "usage": usage,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2)


def count_usage(prompt: int, cached: int, replies: Sequence[Limited]) -> Json:
    """Tokens, with those that were known and those that were thought."""
    thought = sum(count_tokens(one.reply.thoughts) for one in replies)
    said = sum(
        count_tokens(one.reply.text)
        + sum(count_tokens(call.name + arguments_of(call)) for call in one.reply.calls)
        for one in replies
    )
    return {
        "prompt_tokens": prompt,
        "completion_tokens": thought + said,
        "total_tokens": prompt + thought + said,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": thought,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def arguments_of(call: Call) -> str:
    """The arguments as their JSON text."""
    return msgspec.json.encode(call.arguments).decode()


def _choice(
    envelope: Envelope, index: int, limited: Limited, chance: random.Random
) -> Iterator[bytes]:
    reply = limited.reply
    for thought in split_pieces(reply.thoughts, envelope.model, chance):
        yield envelope.delta(index, {"reasoning_content": thought})
    for piece in split_pieces(reply.text, envelope.model, chance):
        logprobs = None
        if envelope.top_count is not None:
            logprobs = {"content": [_logprob(envelope, piece)], "refusal": None}
        yield envelope.delta(index, {"content": piece}, logprobs=logprobs)
    for place, call in enumerate(reply.calls):
        yield from _call_pieces(envelope, (index, place), call, chance)


def _call_pieces(
    envelope: Envelope, place: tuple[int, int], call: Call, chance: random.Random
) -> Iterator[bytes]:
    """A call's head, then its arguments in pieces."""
    index, number = place
    head = _whole_call(envelope, call)
    kind = head["type"]
    said = "input" if kind == "custom" else "arguments"
    text: str = head[kind][said]
    head[kind] = {**head[kind], said: ""}
    yield envelope.delta(index, {"tool_calls": [{"index": number, **head}]})
    at = 0
    while at < len(text):
        end = at + chance.choice(_ARGUMENT_PIECE)
        piece = {"index": number, kind: {said: text[at:end]}}
        yield envelope.delta(index, {"tool_calls": [piece]})
        at = end


def _whole_call(envelope: Envelope, call: Call) -> Json:
    call_id = f"call_{call.id}"
    if call.name in envelope.tools_free_text:
        custom = {"name": call.name, "input": str(call.arguments.get("input", ""))}
        return {"id": call_id, "type": "custom", "custom": custom}
    function = {"name": call.name, "arguments": arguments_of(call)}
    return {"id": call_id, "type": "function", "function": function}


def _whole_tokens(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def _logprob(envelope: Envelope, token: str) -> Json:
    """A token that the model was sure of, beside made-up others."""
    own = {"token": token, "logprob": _LOGPROB, "bytes": list(token.encode())}
    others = [
        {"token": other, "logprob": _OTHER_LOGPROB - number, "bytes": list(other.encode())}
        for number, other in enumerate(f" {number}" for number in range(1, envelope.top_count or 0))
    ]
    return {**own, "top_logprobs": [own, *others] if envelope.top_count else []}
