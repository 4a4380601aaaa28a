"""Requests as a file: CSV for a spreadsheet, one JSON object a line for a program.

Rules of this file:
- Rows leave as they are read, page after page, so that a million of them take no memory.
- A cell never is a formula: a spreadsheet would work it out, and what a caller named a model would
  run on the operator's machine. Such a cell begins with an apostrophe. So does what follows a
  semicolon or the end of a line in a cell: where numbers have a comma, spreadsheets part cells at
  semicolons, do not see which are quoted, and take each line for a row.
- A store that fails in the middle ends the connection, not the file: a file that is cut short must
  not look whole.
"""

from __future__ import annotations

import csv
import enum
import io
import re
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from msgspec import Struct
from starlette.responses import Response, StreamingResponse

from cursor_api.domain.record_content import RecordContent
from cursor_api.domain.record_query import PAGE_ROWS_MAX, RecordFilter, RecordPage, RecordQuery
from cursor_api.domain.words import UpstreamWords
from cursor_api.ports.records import Records
from cursor_api.web.http.json_body import NO_STORE
from cursor_api.web.management.record_errors import asking_records
from cursor_api.web.management.request_report import ContentOut, RequestOut, report_request

# A tab or the end of a line in front of a formula does not hide it.
_FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[=+\-@＝＋－＠]|^[\t\r\n])")

COLUMNS = (
    *("id", "started_at", "caller", "client", "dialect", "model", "model_served", "route"),
    *("credential", "is_stream", "status", "fault", "error", "finish", "first_ms", "total_ms"),
    *("input", "output", "cached", "reasoning", "usage_source", "cost_nano", "attempts"),
)


CONTENT_COLUMNS = ("prompt", "answer")
# Texts are long: of some megabytes at a time.
CONTENT_ROWS = 50


class WithContent(enum.Enum):
    """Whether a file has what was said too; without a word it has not."""

    TRUE = "true"
    FALSE = "false"


class Format(enum.Enum):
    """What a file is made of."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES: Mapping[Format, str] = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.JSONL: "application/jsonl",
}


class ExportSource(Struct, frozen=True):
    """Where the rows come from. `words` are those of each upstream by its name."""

    records: Records
    words: Mapping[str, UpstreamWords]
    has_content: bool = False

    @property
    def rows_max(self) -> int:
        """How many are read at a time."""
        return CONTENT_ROWS if self.has_content else PAGE_ROWS_MAX

    async def report(self, page: RecordPage) -> Sequence[RequestOut]:
        """What a page has, as it is told."""
        contents: Mapping[str, RecordContent] = {}
        if self.has_content:
            found = await self.records.contents([one.id for one in page.records])
            contents = {one.id: one for one in found}
        return [report_request(one, self.words, contents.get(one.id)) for one in page.records]


async def export(source: ExportSource, wanted: RecordFilter, form: Format) -> Response:
    """The file; raises Fault where the first page of it cannot be read."""
    with asking_records():
        first = await source.records.page(RecordQuery(wanted, rows_max=source.rows_max))

    async def pieces() -> AsyncIterator[bytes]:
        if form is Format.CSV:
            yield _csv([(*COLUMNS, *CONTENT_COLUMNS) if source.has_content else COLUMNS])
        page: RecordPage | None = first
        while page is not None:
            if page.records:
                rows = await source.report(page)
                yield _csv(_rows(rows, source)) if form is Format.CSV else _lines(rows)
            page = await _next(source, wanted, page)

    return StreamingResponse(
        pieces(),
        headers=NO_STORE | {"content-disposition": f'attachment; filename="requests.{form.value}"'},
        media_type=MEDIA_TYPES[form],
    )


async def _next(source: ExportSource, wanted: RecordFilter, page: RecordPage) -> RecordPage | None:
    if page.continue_from is None:
        return None
    return await source.records.page(
        RecordQuery(wanted, before=page.continue_from, rows_max=source.rows_max)
    )


def _lines(rows: Sequence[RequestOut]) -> bytes:
    encode = msgspec.json.encode
    return b"".join(encode(row) + b"\n" for row in rows)


def _rows(rows: Sequence[RequestOut], source: ExportSource) -> Sequence[Sequence[object]]:
    if not source.has_content:
        return [_cells(row) for row in rows]
    return [[*_cells(row), *_texts(row.content)] for row in rows]


def _texts(content: ContentOut | None) -> Sequence[object]:
    if content is None:
        return (None, None)
    return [
        "\n\n".join(f"{one.role} ({one.kind.value}): {one.text}" for one in parts)
        for parts in (content.prompt, content.answer)
    ]


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
    """As it is, but for a text of which a spreadsheet would take a part for a formula."""
    return _FORMULA.sub("'", value) if isinstance(value, str) else value
