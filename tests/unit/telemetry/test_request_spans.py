"""A request as a trace."""

from __future__ import annotations

from cursor_api.domain.deltas import FinishReason, Usage, UsageSource
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Attempt, Status
from cursor_api.telemetry.request_spans import RequestSpans
from cursor_api.wire.otlp import CLIENT, INTERNAL, Span
from tests.records import BEGAN_AT, failed_of, record_of

SPANS = RequestSpans({"fake": "openai"}.get, lambda name: name in {"gpt-4o", "claude"})


def test_an_answer_is_one_span_with_an_attempt_below_it() -> None:
    """Its id is the trace's; times and tokens are in OpenTelemetry's own words."""
    usage = Usage(10, 9, UsageSource.UPSTREAM, 4, 3, 2)
    record = record_of(0, usage=usage, finish=FinishReason.TOOL_CALLS)
    own, attempt = SPANS.of(record)
    began_ns = int(BEGAN_AT * 1e9)
    assert own == Span(
        trace_id=bytes.fromhex(record.id),
        span_id=own.span_id,
        parent_id=b"",
        name="chat gpt-4o",
        kind=CLIENT,
        began_ns=began_ns,
        ended_ns=began_ns + 1_000_000_000,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.request.stream": True,
            "gen_ai.response.model": "gpt-4o",
            "gen_ai.response.finish_reasons": ("tool_call",),
            "gen_ai.response.time_to_first_chunk": 0.25,
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 9,
            "gen_ai.usage.cache_read.input_tokens": 4,
            "gen_ai.usage.cache_creation.input_tokens": 3,
            "gen_ai.usage.reasoning.output_tokens": 2,
            "cursor_api.request.id": record.id,
            "cursor_api.outcome": "answered",
            "cursor_api.dialect": "openai_chat",
            "cursor_api.upstream": "fake",
            "cursor_api.usage.source": "upstream",
        },
    )
    assert (attempt.kind, attempt.parent_id, attempt.name) == (
        INTERNAL,
        own.span_id,
        "attempt fake",
    )
    assert attempt.ended_ns - attempt.began_ns == 250_000_000
    assert len({own.span_id, attempt.span_id, b"\0" * 8}) == 3


def test_a_failure_says_with_what_in_each_of_its_spans() -> None:
    """By the fault's kind; never the upstream's words, which may repeat a prompt."""
    own, first, second = SPANS.of(failed_of(0))
    assert own.error == own.attributes["error.type"] == "rate_limited"
    assert (first.error, second.error) == ("rate_limited", "rate_limited")
    assert "slow down" not in str((own, first, second))


def test_nobodys_name_and_no_text_of_a_caller_is_in_it() -> None:
    """A model that is none may be a key; keys and credentials have names of people."""
    record = failed_of(
        0,
        status=Status.REFUSED,
        model="sk-by-mistake",
        model_served="",
        endpoint="",
        caller="anna",
        credential_alias="annas-account",
        error_kind=FaultKind.MODEL_NOT_FOUND,
        attempts=(),
    )
    (own,) = SPANS.of(record)
    assert own.name == "chat"
    for word in ("sk-by-mistake", "anna"):
        assert word not in str(own)


def test_the_same_record_is_the_same_trace_again() -> None:
    """A second delivery adds nothing; an id of another form has one, too."""
    assert SPANS.of(record_of(1)) == SPANS.of(record_of(1))
    for request_id in ("legacy-17", "0" * 32, "Z" * 32):
        (own, _) = SPANS.of(record_of(1, id=request_id))
        assert len(own.trace_id) == 16
        assert own.trace_id.strip(b"\0")


def test_each_operation_has_its_word() -> None:
    """And an upstream that has gone since is not named."""
    own, *_ = SPANS.of(record_of(1, dialect="openai_embeddings", endpoint="gone"))
    assert own.attributes["gen_ai.operation.name"] == "embeddings"
    assert "gen_ai.provider.name" not in own.attributes
    record = record_of(1, attempts=(Attempt("a", 1.0, None),))
    assert SPANS.of(record)[1].name == "attempt"
