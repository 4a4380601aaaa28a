"""The stream of a run as deltas."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.cursor_sdk.answer import RunDecoder
from cursor_api.upstreams.cursor_sdk.faults import fault_context
from cursor_api.wire.connect import encode_end_stream, encode_envelope
from tests.sdk_vectors import SEQUENCES, bytes_of, frames_of

CONTEXT = fault_context(Secret("crsr_0123456789"), lambda: 0.0)
UP = UsageSource.UPSTREAM


def text(*pieces: str) -> list[Delta]:
    """Pieces of an answer."""
    return [TextDelta(piece) for piece in pieces]


def stop(*counts: int) -> Finished:
    """A good end."""
    usage = Usage(counts[0], counts[1], UP, *counts[2:])
    return Finished(FinishReason.STOP, usage, is_stated=True)


CHAT: list[Delta] = [
    ReasoningDelta("Let me "),
    ReasoningDelta("think."),
    *text("Hello", ", ", "world", " 你好"),
    stop(120, 17, 40, 3, 5),
]
# What each sequence of the genuine bridge says, and with what it ends.
EXPECTED: dict[str, tuple[list[Delta], FaultKind | None]] = {
    "chat, text": (CHAT, None),
    "the same with": (CHAT, None),
    "custom tool": ([*text("Calling. ", "Result: sunny"), stop(50, 9)], None),
    "usage limit": ([], FaultKind.QUOTA_EXHAUSTED),
    "cancelled": (text("1795888057.228736 "), FaultKind.INCOMPLETE),
    "connection lost in": ([*text("one ", "two ", "-resumed"), stop(5, 5)], None),
    "connection lost twice": ([*text("half ", "half ", "whole answer"), stop(5, 5)], None),
}


def read(*pieces: bytes) -> tuple[list[Delta], FaultKind | None, RunDecoder]:
    """All deltas, and the fault that came after them."""
    decoder = RunDecoder(CONTEXT)
    deltas: list[Delta] = []
    try:
        for piece in pieces:
            deltas += decoder.feed(piece)
            decoder.check()
            if decoder.is_finished:
                break
    except Fault as fault:
        return deltas, fault.kind, decoder
    return deltas, None, decoder


def message(kind: str, **facts: Any) -> bytes:
    """An item of a stream."""
    item = {"sdkMessage": {"type": kind, "message": {"type": kind, "run_id": "run-1", **facts}}}
    return encode_envelope(json.dumps(item).encode())


def said(words: str) -> bytes:
    """A piece of the answer."""
    return message("assistant", message={"content": [{"type": "text", "text": words}]})


def result(status: str, **inner: Any) -> bytes:
    """How a run ended."""
    item = {"result": {"runId": "run-1", "status": f"RUN_LIFECYCLE_STATUS_{status}"}}
    item["result"]["result"] = inner  # type: ignore[assignment]
    return encode_envelope(json.dumps(item).encode())


def test_every_sequence_of_the_vectors_is_expected_here() -> None:
    """A new one is not passed over."""
    assert all(any(name.startswith(key) for key in EXPECTED) for name in SEQUENCES)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_genuine_frames_say_what_they_say_however_they_are_cut(name: str) -> None:
    """Whole, byte by byte, and cut in two at every offset."""
    data = bytes_of(name)
    expected = EXPECTED[name]
    assert read(data, b"")[:2] == expected
    assert read(*(data[at : at + 1] for at in range(len(data))), b"")[:2] == expected
    for at in range(1, len(data)):
        assert read(data[:at], data[at:], b"")[:2] == expected


def test_a_stream_that_stops_is_never_an_answer() -> None:
    """At every offset before the result: what came whole, and INCOMPLETE."""
    whole = bytes_of("chat, text")
    result_at = whole.index(b'{"result"')
    for at in range(result_at):
        deltas, fault, _ = read(whole[:at], b"")
        assert fault is FaultKind.INCOMPLETE
        assert deltas == CHAT[: len(deltas)]


def test_the_run_and_its_calls_are_known_from_the_frames() -> None:
    """The id, with which it is cancelled; the calls of our tools, not of the backend's."""
    *_, decoder = read(bytes_of("custom tool"))
    assert decoder.run_id == frames_of("custom tool")[0]["sdkMessage"]["message"]["run_id"]
    assert (decoder.calls_begun_count, decoder.has_ended) == (1, True)
    foreign = message("tool_call", name="read", status="running", args={"path": "/etc/hosts"})
    *_, decoder = read(message("system", subtype="init"), foreign)
    assert (decoder.run_id, decoder.calls_begun_count) == ("run-1", 0)


@pytest.mark.parametrize(
    ("frames", "deltas", "fault"),
    [
        (
            [said("a"), encode_envelope(b"{}"), encode_envelope(b""), said("b")],
            text("a", "b"),
            None,
        ),
        ([message("holiday"), encode_envelope(b'{"new": {"type": "assistant"}}')], [], None),
        ([said("a"), encode_end_stream()], text("a"), FaultKind.INCOMPLETE),
        ([said("a"), result("EXPIRED")], text("a"), FaultKind.INCOMPLETE),
        ([said("a"), result("SOMETHING_NEW")], text("a"), FaultKind.UPSTREAM_ERROR),
        (
            [message("status", status="ERROR", message="[unauthenticated] Error"), result("ERROR")],
            [],
            FaultKind.CREDENTIAL_REJECTED,
        ),
        ([result("ERROR", errorMessage="[unavailable] Error")], [], FaultKind.UPSTREAM_OVERLOADED),
        ([result("FINISHED")], [Finished(FinishReason.STOP, None, is_stated=True)], None),
        (
            [result("FINISHED", usage={"inputTokens": "7", "cacheReadTokens": "90"})],
            [stop(97, 0, 90)],
            None,
        ),
        (
            [encode_end_stream({"code": "not_found", "message": "Unknown agent: x"})],
            [],
            FaultKind.INTERNAL,
        ),
        ([said("a"), encode_envelope(b'{"sdkMessage": 5}')], text("a"), FaultKind.PROTOCOL_ERROR),
        ([said("a"), message("thinking", text=7)], text("a"), FaultKind.PROTOCOL_ERROR),
        ([said("a"), b"\x40\0\0\0\0"], text("a"), FaultKind.PROTOCOL_ERROR),
    ],
)
def test_an_end_is_judged_by_what_was_said(
    frames: list[bytes], deltas: list[Delta], fault: FaultKind | None
) -> None:
    """Keep-alives and unknown items say nothing; only FINISHED is a whole answer."""
    assert read(b"".join(frames))[:2] == (deltas, fault)


def test_what_follows_a_good_result_is_not_waited_for() -> None:
    """`done` and the end say nothing more."""
    data = bytes_of("chat, text")
    done_at = data.index(b'{"done"')
    deltas, fault, decoder = read(data[:done_at])
    assert (deltas, fault, decoder.is_finished) == (CHAT, None, True)
    assert decoder.feed(data[done_at:]) == []


def test_half_a_character_is_no_reason_to_end_an_answer() -> None:
    """JavaScript cuts within an emoji: its halves in two messages are one character again."""
    pieces = [said(one) for one in ("a\ud83d", "\ude00b", "\ud83d", "c", "\ude00", "😀")]
    deltas, fault, _ = read(b"".join(pieces) + result("FINISHED"), b"")
    assert (deltas[:-1], fault) == (text("a", "😀b", "c", "\ufffd", "😀"), None)
