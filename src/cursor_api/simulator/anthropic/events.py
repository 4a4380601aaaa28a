"""A reply as Messages writes it: streamed in events, or whole."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from cursor_api.simulator.anthropic.seals import sign
from cursor_api.simulator.json_api import Json
from cursor_api.simulator.model.asks import Call
from cursor_api.simulator.model.limits import End, Limited
from cursor_api.simulator.model.tokens import count_tokens
from cursor_api.simulator.scenario import split_pieces

REASONS: Final = {
    End.DONE: "end_turn",
    End.STOP_TEXT: "stop_sequence",
    End.LENGTH: "max_tokens",
    End.CALLS: "tool_use",
}
# An event that ends in the middle of its JSON.
MALFORMED: Final = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"d\n\n'
)
_INPUT_PIECE: Final = range(4, 17)


class Message(NamedTuple):
    """What all events of an answer share. `usage` is that of the prompt."""

    id: str
    model: str
    usage: Json


def event(content: Json) -> bytes:
    """One event, named by its type."""
    return b"event: %b\ndata: %b\n\n" % (content["type"].encode(), msgspec.json.encode(content))


def opening(message: Message) -> tuple[bytes, ...]:
    """The message without its content, and a ping, as the real server sends it."""
    started = _message(message, []) | {"usage": message.usage | {"output_tokens": 1}}
    return (event({"type": "message_start", "message": started}), event({"type": "ping"}))


def pieces(message: Message, limited: Limited, chance: random.Random) -> Iterator[bytes]:
    """The blocks of the content, one after another: thoughts, text, calls."""
    reply, index = limited.reply, 0
    if reply.thoughts:
        thoughts = split_pieces(reply.thoughts, message.model, chance)
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in thoughts]
        deltas.append({"type": "signature_delta", "signature": sign(reply.thoughts)})
        empty = {"type": "thinking", "thinking": "", "signature": ""}
        yield from _block(index, empty, deltas)
        index += 1
    if reply.text:
        texts = split_pieces(reply.text, message.model, chance)
        deltas = [{"type": "text_delta", "text": piece} for piece in texts]
        yield from _block(index, {"type": "text", "text": ""}, deltas)
        index += 1
    for call in reply.calls:
        deltas = [{"type": "input_json_delta", "partial_json": ""}]
        deltas += [
            {"type": "input_json_delta", "partial_json": piece}
            for piece in _input_pieces(call, chance)
        ]
        yield from _block(index, _call(call) | {"input": {}}, deltas)
        index += 1


def ending(message: Message, limited: Limited) -> tuple[bytes, ...]:
    """Why it ended, and that it did."""
    delta = {"stop_reason": REASONS[limited.end], "stop_sequence": limited.stop_text}
    usage = message.usage | {"output_tokens": count_output(limited)}
    return (
        event({"type": "message_delta", "delta": delta, "usage": usage}),
        event({"type": "message_stop"}),
    )


def refusal_ending(message: Message) -> bytes:
    """The end of an answer that a classifier has stopped."""
    delta = {"stop_reason": "refusal", "stop_sequence": None}
    usage = message.usage | {"output_tokens": 1}
    told = event({"type": "message_delta", "delta": delta, "usage": usage})
    return told + event({"type": "message_stop"})


def whole(message: Message, limited: Limited) -> bytes:
    """The answer in one piece."""
    reply = limited.reply
    content: list[Json] = []
    if reply.thoughts:
        signature = sign(reply.thoughts)
        content.append({"type": "thinking", "thinking": reply.thoughts, "signature": signature})
    if reply.text:
        content.append({"type": "text", "text": reply.text})
    content += [_call(call) for call in reply.calls]
    ended = {"stop_reason": REASONS[limited.end], "stop_sequence": limited.stop_text}
    usage = {"usage": message.usage | {"output_tokens": count_output(limited)}}
    return msgspec.json.encode(_message(message, content) | ended | usage)


def count_output(limited: Limited) -> int:
    """Tokens of everything that was said, thoughts and calls included."""
    reply = limited.reply
    calls = sum(count_tokens(call.name + _input(call)) for call in reply.calls)
    return count_tokens(reply.thoughts) + count_tokens(reply.text) + calls


def _message(message: Message, content: list[Json]) -> Json:
    return {
        "id": message.id,
        "type": "message",
        "role": "assistant",
        "model": message.model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
    }


def _block(index: int, empty: Json, deltas: list[Json]) -> Iterator[bytes]:
    yield event({"type": "content_block_start", "index": index, "content_block": empty})
    for delta in deltas:
        yield event({"type": "content_block_delta", "index": index, "delta": delta})
    yield event({"type": "content_block_stop", "index": index})


def _call(call: Call) -> Json:
    return {
        "type": "tool_use",
        "id": f"toolu_{call.id}",
        "name": call.name,
        "input": call.arguments,
    }


def _input(call: Call) -> str:
    return msgspec.json.encode(call.arguments).decode()


def _input_pieces(call: Call, chance: random.Random) -> Iterator[str]:
    text, at = _input(call), 0
    while at < len(text):
        end = at + chance.choice(_INPUT_PIECE)
        yield text[at:end]
        at = end
