"""A request that has ended as a trace: one span of its own, and one for each attempt.

The trace has the request's id, so that who has the one finds the other. Nothing of what was said is
in it, and no name of a person, key or credential.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final

from cursor_api.domain.deltas import Usage
from cursor_api.domain.record import Attempt, RequestRecord
from cursor_api.telemetry import genai_names as names
from cursor_api.telemetry.metrics import OUTCOMES
from cursor_api.wire.otlp import CLIENT, INTERNAL, Attributes, Span, Value

NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8
_ID: Final = re.compile(r"[0-9a-f]{32}")


class RequestSpans:
    """Makes spans. `find_provider` gives the kind of an upstream by its name, None for none.

    `is_listed` says whether a model is of the catalogue: any other name is a caller's own text.
    """

    def __init__(
        self, find_provider: Callable[[str], str | None], is_listed: Callable[[str], bool]
    ) -> None:
        self._find_provider = find_provider
        self._is_listed = is_listed

    def of(self, record: RequestRecord) -> list[Span]:
        """The request's own first."""
        trace_id = _trace_id(record.id)
        own_id = _span_id(trace_id, 0)
        began_ns = int(record.started_at * NS_PER_S)
        operation = names.OPERATIONS.get(record.dialect, names.CHAT)
        model = next(
            (one for one in (record.model, record.model_served) if self._is_listed(one)), ""
        )
        own = Span(
            trace_id,
            own_id,
            b"",
            f"{operation} {model}".rstrip(),
            CLIENT,
            began_ns,
            began_ns + int((record.duration_ms or 0.0) * NS_PER_MS),
            self._attributes(record, operation, model),
            record.error_kind.value if record.error_kind else "",
        )
        return [
            own,
            *(
                self._attempt(attempt, trace_id, own_id, number)
                for number, attempt in enumerate(record.attempts, start=1)
            ),
        ]

    def _attributes(self, record: RequestRecord, operation: str, model: str) -> Attributes:
        found: dict[str, Value] = {
            names.OPERATION: operation,
            names.REQUEST_STREAM: record.is_stream,
            names.REQUEST_ID: record.id,
            names.OUTCOME: OUTCOMES[record.status],
            names.DIALECT: record.dialect,
        }
        if model:
            found[names.REQUEST_MODEL] = model
        provider = self._find_provider(record.endpoint) if record.endpoint else None
        if provider is not None:
            found[names.PROVIDER] = provider
            found[names.UPSTREAM] = record.endpoint
            found[names.RESPONSE_MODEL] = record.model_served
        if record.first_delta_ms is not None:
            found[names.FIRST_CHUNK_S] = record.first_delta_ms / 1000
        if record.finish is not None:
            word = record.finish.value
            found[names.FINISH_REASONS] = (names.FINISHES.get(word, word),)
        if record.usage is not None:
            found |= _usage(record.usage)
        if record.error_kind is not None:
            found[names.ERROR_TYPE] = record.error_kind.value
        return found

    def _attempt(self, attempt: Attempt, trace_id: bytes, parent_id: bytes, number: int) -> Span:
        began_ns = int(attempt.started_at * NS_PER_S)
        fault = attempt.fault.value if attempt.fault else ""
        attributes: dict[str, Value] = {names.UPSTREAM: attempt.endpoint}
        if fault:
            attributes[names.ERROR_TYPE] = fault
        return Span(
            trace_id,
            _span_id(trace_id, number),
            parent_id,
            f"attempt {attempt.endpoint}".rstrip(),
            INTERNAL,
            began_ns,
            began_ns + int(attempt.duration_ms * NS_PER_MS),
            attributes,
            fault,
        )


def _usage(usage: Usage) -> dict[str, Value]:
    return {
        names.INPUT_TOKENS: usage.input_count,
        names.OUTPUT_TOKENS: usage.output_count,
        names.CACHE_READ_TOKENS: usage.cache_read_count,
        names.CACHE_WRITTEN_TOKENS: usage.cache_written_count,
        names.REASONING_TOKENS: usage.reasoning_count,
        names.USAGE_SOURCE: usage.source.value,
    }


def _trace_id(request_id: str) -> bytes:
    """The request's own id; of an id of another form its hash."""
    if _ID.fullmatch(request_id) and request_id.strip("0"):
        return bytes.fromhex(request_id)
    return hashlib.sha256(request_id.encode("utf-8", "replace")).digest()[:TRACE_ID_BYTES]


def _span_id(trace_id: bytes, number: int) -> bytes:
    """The same for the same attempt, so that a second delivery is no second span."""
    return hashlib.sha256(b"%b %d" % (trace_id, number)).digest()[:SPAN_ID_BYTES]
