"""Anthropic's messages through the port that every client API has."""

from __future__ import annotations

import json

from anthropic.types import MessageTokensCount

from cursor_api.dialects.anthropic_messages.dialect import AnthropicMessages
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    InputCount,
    ReasoningDelta,
    TextDelta,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.dialect import AnswerHead, Dialect
from cursor_api.web.inference.counting import CountsTokens
from cursor_api.wire.limits import RequestLimits
from tests.anthropic_stream import read_message, read_message_stream
from tests.steps import finish

DIALECT: Dialect = AnthropicMessages()
HEAD = AnswerHead("1", "m", 5)
END = Finished(FinishReason.STOP, Usage(1, 2, UsageSource.UPSTREAM))


def test_a_request_comes_back_as_its_answer() -> None:
    """What was parsed tells how the answer is written, streamed or whole."""
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "thinking": {"type": "adaptive"},
    }
    parsed = finish(DIALECT.parse(json.dumps(body).encode(), RequestLimits()))
    deltas: list[Delta] = [ReasoningDelta("Hm."), TextDelta("yes"), END]
    renderer = DIALECT.renderer(parsed, HEAD)
    streamed = read_message_stream(DIALECT.ping + renderer.render(deltas) + renderer.finish())
    assert (streamed.text, streamed.thinking, streamed.pings_count) == ("yes", "Hm.", 1)
    folder = DIALECT.folder(parsed, HEAD)
    folder.feed(deltas)
    assert read_message(folder.body())["content"] == streamed.blocks


def test_its_own_headers_go_on_to_an_upstream_of_its_own() -> None:
    """As clients write them, and nothing else."""
    patterns = DIALECT.passed_headers
    assert patterns[b"anthropic-version"].fullmatch(b"2023-06-01")
    assert patterns[b"anthropic-beta"].fullmatch(b"interleaved-thinking-2025-05-14")
    for wrong in (b"a b", b"", b"a" * 65, b"A\r\n"):
        assert not patterns[b"anthropic-beta"].fullmatch(wrong)


def test_a_fault_is_anthropic_s_error_object() -> None:
    """Before an answer."""
    rendered = DIALECT.fault(Fault(FaultKind.NOT_FOUND, "Nothing here."))
    assert rendered.status == 404
    assert json.loads(rendered.body)["error"]["type"] == "not_found_error"


def test_its_clients_may_ask_how_long_a_request_is() -> None:
    """As the SDK reads it."""
    assert isinstance(DIALECT, CountsTokens)
    body = DIALECT.count(InputCount(7, UsageSource.ESTIMATED))
    assert MessageTokensCount.model_validate_json(body, strict=True).input_tokens == 7
