"""Streams of every kind of upstream, cut at every byte, as every client API tells them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import CONTENT, Delta, Finished, Usage, UsageSource
from cursor_api.domain.errors import Fault
from cursor_api.installed import DIALECTS
from cursor_api.ports.dialect import AnswerHead, Dialect
from cursor_api.transport.events import AnswerDecoder, StreamDecoder
from cursor_api.upstreams.anthropic.answer import MessageReading
from cursor_api.upstreams.cursor_sdk.answer import RunDecoder
from cursor_api.upstreams.cursor_sdk.faults import fault_context
from cursor_api.upstreams.openai.answer import Reading
from cursor_api.wire.limits import RequestLimits
from tests import anthropic_stage, openai_stage
from tests.openai_stage import DONE, HELLO, STOP, chunk, usage
from tests.sdk_vectors import bytes_of
from tests.steps import finish

SDK_CONTEXT = fault_context(Secret("crsr_0123456789"), lambda: 0.0)
COUNTED = Usage(7, 5, UsageSource.UPSTREAM)
CALL = {"index": 0, "id": "call_1", "function": {"name": "f", "arguments": '{"a": "Zürich"}'}}
OPENAI = HELLO + chunk({"content": "é?"}) + chunk({"tool_calls": [CALL]}) + STOP + usage() + DONE
ANTHROPIC = (
    anthropic_stage.start()
    + anthropic_stage.thinking("Hm.", signature="abc")
    + anthropic_stage.text("Hello", "é?", index=1)
    + anthropic_stage.call("f", '{"a": "Zür', 'ich"}', index=2)
    + anthropic_stage.end("tool_use")
)
REQUESTS: Mapping[str, dict[str, object]] = {
    "openai_chat": {"messages": [{"role": "user", "content": "Hi"}]},
    "anthropic_messages": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9},
    "openai_responses": {"input": "Hi"},
    "openai_completions": {"prompt": "Hi"},
}
# What tells a client that its answer is whole.
ENDS = (b"[DONE]", b"message_stop", b"response.completed")


def openai(*, is_native: bool = False) -> AnswerDecoder:
    """Reads a stream of chat completions."""
    reading = Reading(openai_stage.CONTEXT, lambda: "call_made_up")
    return StreamDecoder(reading, is_native=is_native)


def anthropic(*, is_native: bool = False) -> AnswerDecoder:
    """Reads a stream of messages."""
    return StreamDecoder(MessageReading(anthropic_stage.CONTEXT), is_native=is_native)


# What reads the stream, the stream, and the client APIs that it is told in.
UPSTREAMS: Mapping[str, tuple[Callable[[], AnswerDecoder | RunDecoder], bytes, Collection[str]]] = {
    "openai": (openai, OPENAI, REQUESTS),
    "openai, as it came": (partial(openai, is_native=True), OPENAI, ["openai_chat"]),
    "anthropic": (anthropic, ANTHROPIC, REQUESTS),
    "anthropic, as it came": (
        partial(anthropic, is_native=True),
        ANTHROPIC,
        ["anthropic_messages"],
    ),
    "cursor-sdk": (
        lambda: RunDecoder(SDK_CONTEXT),
        bytes_of("chat, text and thinking, usage"),
        REQUESTS,
    ),
}


def read(
    decoder: AnswerDecoder | RunDecoder, stream: bytes
) -> tuple[list[Sequence[Delta]], Fault | None]:
    """The batches of a stream that ends here, and the fault that ends them."""
    batches: list[Sequence[Delta]] = []
    try:
        for data in (stream, b""):
            if deltas := decoder.feed(data) if data or not decoder.is_finished else ():
                batches.append(deltas)
            decoder.check()
    except Fault as fault:
        return batches, fault
    return batches, None


def tell(dialect: Dialect, batches: Sequence[Sequence[Delta]], fault: Fault | None) -> bytes:
    """What a client of this API gets."""
    body = json.dumps({"model": "m", "stream": True, **REQUESTS[dialect.name]}).encode()
    parsed = finish(dialect.parse(body, RequestLimits()))
    renderer = dialect.renderer(parsed, AnswerHead("1", "m", 5))
    told = b"".join(map(renderer.render, map(counted, batches)))
    return told + (renderer.finish() if fault is None else renderer.fault(fault))


def counted(batch: Sequence[Delta]) -> Sequence[Delta]:
    """As the relay has it: an upstream that counts nothing is estimated."""
    last = batch[-1]
    if isinstance(last, Finished) and last.usage is None:
        return [*batch[:-1], Finished(last.reason, COUNTED, last.is_stated)]
    return batch


@pytest.mark.parametrize("name", UPSTREAMS)
def test_a_stream_that_is_cut_is_never_told_as_whole(name: str) -> None:
    """Where the upstream has not said that its answer is whole, no client reads that it is."""
    make, stream, told_in = UPSTREAMS[name]
    whole, fault = read(make(), stream)
    assert fault is None
    everything = [one for batch in whole for one in batch if type(one) in CONTENT]
    dialects = [one for one in DIALECTS if one.name in told_in]
    assert len(dialects) == len(told_in)
    for dialect in dialects:
        assert any(end in tell(dialect, whole, None) for end in ENDS)
    seen, ends_count = "", 0
    for at in range(len(stream)):
        batches, fault = read(make(), stream[:at])
        if fault is None:
            # It had said why it ended: only usage, or a goodbye, was cut away.
            assert [one for b in batches for one in b if type(one) in CONTENT] == everything
            ends_count += 1
            continue
        if (now := repr((batches, fault))) == seen:
            continue
        seen = now
        assert not any(isinstance(one, Finished) for batch in batches for one in batch)
        for dialect in dialects:
            told = tell(dialect, batches, fault)
            assert not any(end in told for end in ENDS), (dialect.name, at)
            assert b"error" in told
    assert ends_count < len(stream) / 2
