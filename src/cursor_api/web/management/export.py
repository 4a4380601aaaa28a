"""Requests as a file: CSV for a spreadsheet, one JSON object a line for a program.

Rules of this file:
- Rows leave as they are read, page after page, so that a million of them take no memory.
- A cell never is a formula: a spreadsheet would work it out, and what a caller named a model would
  run on the operator's machine. Such a cell begins with an apostrophe.
- A store that fails in the middle ends the connection, not the file: a file that is cut short must
  not look whole.
"""

from __future__ import annotations

import csv
import enum
import io
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from starlette.responses import Response, StreamingResponse

from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import PAGE_ROWS_MAX, RecordFilter, RecordPage, RecordQuery
from cursor_api.domain.words import UpstreamWords
from cursor_api.ports.records import Records
from cursor_api.web.http.json_body import NO_STORE
from cursor_api.web.management.record_errors import asking_records
from cursor_api.web.management.request_report import RequestOut, report_request

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

COLUMNS = (
    *("id", "started_at", "caller", "client", "dialect", "model", "model_served", "route"),
    *("credential", "is_stream", "status", "fault", "error", "finish", "first_ms", "total_ms"),
    *("input", "output", "cached", "reasoning", "usage_source", "cost_nano", "attempts"),
)


class Format(enum.Enum):
    """What a file is made of."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES: Mapping[Format, str] = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.JSONL: "application/jsonl",
}


async def export(
    records: Records, wanted: RecordFilter, form: Format, words: Mapping[str, UpstreamWords]
) -> Response:
    """The file; raises Fault where the first page of it cannot be read."""
    with asking_records():
        first = await records.page(RecordQuery(wanted, rows_max=PAGE_ROWS_MAX))
    write = _write_csv if form is Format.CSV else _write_lines

    async def pieces() -> AsyncIterator[bytes]:
        if form is Format.CSV:
            yield _csv([COLUMNS])
        page: RecordPage | None = first
        while page is not None:
            if page.records:
                yield write(page.records, words)
            page = await _next(records, wanted, page)

    return StreamingResponse(
        pieces(),
        headers=NO_STORE | {"content-disposition": f'attachment; filename="requests.{form.value}"'},
        media_type=MEDIA_TYPES[form],
    )


async def _next(records: Records, wanted: RecordFilter, page: RecordPage) -> RecordPage | None:
    if page.continue_from is None:
        return None
    return await records.page(
        RecordQuery(wanted, before=page.continue_from, rows_max=PAGE_ROWS_MAX)
    )


def _write_lines(records: Sequence[RequestRecord], words: Mapping[str, UpstreamWords]) -> bytes:
    encode = msgspec.json.encode
    return b"".join(encode(report_request(record, words)) + b"\n" for record in records)


def _write_csv(records: Sequence[RequestRecord], words: Mapping[str, UpstreamWords]) -> bytes:
    return _csv([_cells(report_request(record, words)) for record in records])


def _cells(row: RequestOut) -> list[object]:
    usage = row.usage
    counts: Sequence[object] = (None,) * 5
    if usage is not None:
        counts = (usage.input, usage.output, usage.cached, usage.reasoning, usage.source.value)
    return [
        *(row.id, row.started_at.isoformat(timespec="milliseconds")),
        *(row.caller, row.client, row.dialect, row.model, row.model_served, row.route),
        *(row.credential, row.is_stream, row.status.value),
        *(row.fault.value if row.fault else None, row.error, row.finish),
        *(row.first_ms, row.total_ms),
        *counts,
        *(row.cost_nano, len(row.attempts)),
    ]


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> object:
    """As it is, but for a text that a spreadsheet would take for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
