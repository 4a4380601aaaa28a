"""What became of a request, as the operator is told; for the address, the export and the console.

The field names are those of the management API, and the docstrings its descriptions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from cursor_api.domain.deltas import UsageSource
from cursor_api.domain.errors import SCOPES, FaultKind, Scope
from cursor_api.domain.record import Attempt, RequestRecord, Status
from cursor_api.domain.record_content import RecordContent, SaidKind
from cursor_api.domain.words import UpstreamWords
from cursor_api.service.credentials.report import Instant, instant

# Whose faults an upstream's words are about.
UPSTREAMS_OWN = frozenset({Scope.CREDENTIAL, Scope.ENDPOINT})


class UsageOut(Struct, frozen=True):
    """Tokens. `cached` is part of the input, `reasoning` of the output; `source` is who counted."""

    input: int
    output: int
    cached: int
    reasoning: int
    source: UsageSource


class AttemptOut(Struct, frozen=True):
    """One try at one credential of an upstream; `fault` is null for the one that answered."""

    credential: str
    upstream: str
    started_at: Instant
    fault: FaultKind | None
    duration_ms: float


class SaidOut(Struct, frozen=True):
    """One part of a conversation; of an image its kind and size."""

    role: str
    kind: SaidKind
    text: str


class ContentOut(Struct, frozen=True):
    """What was said, secrets masked. `is_cut`: there was more than is kept.

    Of a long prompt the last parts are kept, of a long answer the first ones.
    """

    prompt: Sequence[SaidOut]
    answer: Sequence[SaidOut]
    is_cut: bool


class RequestOut(Struct, frozen=True):
    """A request, under way or ended.

    `model` is what was asked for, `model_served` what answered, `route` both with the upstream.
    `first_ms` is until the first text, `total_ms` until the end. `cost_nano` is in billionths of a
    dollar; null: no price is known. `content` is what was said, null where that is not kept, while
    the request is under way, and in every list.
    """

    id: str
    started_at: Instant
    caller: str
    client: str
    dialect: str
    model: str
    model_served: str
    route: str
    credential: str
    credential_masked: str
    is_stream: bool
    status: Status
    fault: FaultKind | None
    error: str | None
    advice: str | None
    finish: str | None
    first_ms: float | None
    total_ms: float | None
    usage: UsageOut | None
    cost_nano: int | None
    attempts: Sequence[AttemptOut]
    content: ContentOut | None = None


def report_request(
    record: RequestRecord,
    words: Mapping[str, UpstreamWords],
    content: RecordContent | None = None,
) -> RequestOut:
    """It, with what to do in the words of its upstream; `words` are by the names of those."""
    endpoint = record.endpoint
    return RequestOut(
        id=record.id,
        started_at=instant(record.started_at),
        caller=record.caller,
        client=record.client,
        dialect=record.dialect,
        model=record.model,
        model_served=record.model_served,
        route=f"{endpoint}/{record.model_served}" if endpoint else "",
        credential=record.credential_alias,
        credential_masked=record.credential_masked,
        is_stream=record.is_stream,
        status=record.status,
        fault=record.error_kind,
        error=record.error,
        advice=find_advice(record.error_kind, words.get(endpoint)),
        finish=record.finish.value if record.finish else None,
        first_ms=round_ms(record.first_delta_ms),
        total_ms=round_ms(record.duration_ms),
        usage=_usage(record),
        cost_nano=record.cost_nano,
        attempts=[_attempt(one) for one in record.attempts],
        content=_content(content) if content is not None else None,
    )


def find_advice(kind: FaultKind | None, words: UpstreamWords | None) -> str | None:
    """What to do about it, where its upstream has words for that."""
    if kind is None or words is None:
        return None
    own = words.advice_by_scope[SCOPES[kind]] if SCOPES[kind] in UPSTREAMS_OWN else None
    return words.advice.get(kind) or own


def _content(content: RecordContent) -> ContentOut:
    prompt, answer = ([SaidOut(*one) for one in parts] for parts in content[1:3])
    return ContentOut(prompt, answer, content.is_cut)


def _usage(record: RequestRecord) -> UsageOut | None:
    usage = record.usage
    if usage is None:
        return None
    return UsageOut(
        usage.input_count,
        usage.output_count,
        usage.cache_read_count,
        usage.reasoning_count,
        usage.source,
    )


def _attempt(attempt: Attempt) -> AttemptOut:
    return AttemptOut(
        attempt.credential_alias,
        attempt.endpoint,
        instant(attempt.started_at),
        attempt.fault,
        round(attempt.duration_ms, 3),
    )


def round_ms(ms: float | None) -> float | None:
    """To the microsecond."""
    return None if ms is None else round(ms, 3)
