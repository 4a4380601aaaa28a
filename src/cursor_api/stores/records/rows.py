"""A record as a row of the table `requests`, the same in every database."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cursor_api.domain.deltas import FinishReason, Usage, UsageSource
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Attempt, RequestRecord, Status

# In the order of `row_of`.
COLUMNS: Final = (
    "id",
    "started_ms",
    "caller",
    "client",
    "dialect",
    "model",
    "is_stream",
    "status",
    "credential",
    "credential_masked",
    "binding_masked",
    "endpoint",
    "model_served",
    "fault",
    "error",
    "attempts",
    "first_ms",
    "total_ms",
    "input_count",
    "output_count",
    "cached_count",
    "cache_written_count",
    "reasoning_count",
    "usage_source",
    "finish",
    "cost_nano",
)
COLUMN_LIST: Final = ", ".join(COLUMNS)
# Names are short; who sends a longer one has put something else into the field.
NAME_LENGTH_MAX: Final = 200
NAMES_KEPT: Final = 256
ERROR_LENGTH_MAX: Final = 2_000
# An upstream that counts more has lost count; millions of such still add up within 64 bits.
COUNT_MAX: Final = 2**40
NO_USAGE: Final = (None, None, None, None, None, None)

Row = tuple[Any, ...]
_encode = msgspec.json.Encoder().encode
_attempts: Final = msgspec.json.Decoder(tuple[Attempt, ...])
_STATUSES: Final = {one.value: one for one in Status}
_FAULTS: Final = {one.value: one for one in FaultKind}
_SOURCES: Final = {one.value: one for one in UsageSource}
_FINISHES: Final = {one.value: one for one in FinishReason}


class RowError(Exception):
    """A row that this program has not written so."""


def as_kept(record: RequestRecord) -> RequestRecord:
    """What may and can be kept of it; most are kept as they are.

    A model that nobody serves is left out, with the words about it: a key in the wrong field would
    lie on the disk for months, and the kind says what happened.
    """
    if record.has_foreign_model:
        record = record._replace(model="", error=None)
    usage = record.usage
    if usage is not None and (usage.input_count > COUNT_MAX or usage.output_count > COUNT_MAX):
        input_count = min(usage.input_count, COUNT_MAX)
        output_count = min(usage.output_count, COUNT_MAX)
        record = record._replace(usage=Usage(input_count, output_count, usage.source))
    return record


def row_of(record: RequestRecord) -> Row:
    """As it is kept, in the order of the columns; `record` is `as_kept`."""
    # `value` of an enum is a function in Python.
    usage, fault, finish = record.usage, record.error_kind, record.finish
    return (
        record.id,
        round(record.started_at * 1000),
        _name(record.caller),
        record.client,
        record.dialect,
        _name(record.model),
        int(record.is_stream),
        record.status._value_,
        _name(record.credential_alias),
        _name(record.credential_masked),
        _name(record.binding_masked),
        record.endpoint,
        _name(record.model_served),
        fault._value_ if fault else None,
        None if record.error is None else _text(record.error, ERROR_LENGTH_MAX),
        _encode(record.attempts).decode() if record.attempts else None,
        record.first_delta_ms,
        record.duration_ms,
        *(_usage_row(usage) if usage else NO_USAGE),
        finish._value_ if finish else None,
        record.cost_nano,
    )


def record_of(row: Sequence[Any]) -> RequestRecord:
    """The record of a row; raises RowError for one that `row_of` has not made."""
    try:
        return RequestRecord(
            id=row[0],
            started_at=row[1] / 1000,
            caller=row[2],
            client=row[3],
            dialect=row[4],
            model=row[5],
            is_stream=bool(row[6]),
            status=_STATUSES[row[7]],
            credential_alias=row[8],
            credential_masked=row[9],
            binding_masked=row[10],
            endpoint=row[11],
            model_served=row[12],
            error_kind=_FAULTS[row[13]] if row[13] else None,
            error=row[14],
            attempts=_attempts.decode(row[15]) if row[15] else (),
            first_delta_ms=row[16],
            duration_ms=row[17],
            usage=Usage(row[18], row[19], _SOURCES[row[23]], *row[20:23]) if row[23] else None,
            finish=_FINISHES[row[24]] if row[24] else None,
            cost_nano=row[25],
        )
    except (LookupError, TypeError, ValueError, msgspec.MsgspecError) as error:
        raise RowError(f"the request {str(row[0])[:40]!r} is not as it was written") from error


def _usage_row(usage: Usage) -> Row:
    return (
        usage.input_count,
        usage.output_count,
        usage.cache_read_count,
        usage.cache_written_count,
        usage.reasoning_count,
        usage.source._value_,
    )


@functools.lru_cache(NAMES_KEPT)
def _name(text: str) -> str:
    """The same few stand in nearly all rows."""
    return _text(text, NAME_LENGTH_MAX)


def _text(text: str, length_max: int) -> str:
    """What every database takes: no NUL, no half of a surrogate pair, and not too much of it."""
    if len(text) > length_max:
        text = text[: length_max - 1] + "…"
    if text.isprintable():
        # Neither is; and the mask of a secret, which is in each row, is no ASCII.
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()
