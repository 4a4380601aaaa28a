"""`/api/requests`: what happened to each request, by page, one by one, and deleted on demand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import structlog
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.errors import Fault, FaultKind, invalid_request
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import RecordFilter
from cursor_api.domain.words import UpstreamWords
from cursor_api.ports.process import Clock
from cursor_api.ports.records import Records
from cursor_api.service.credentials.report import Instant, instant
from cursor_api.web.http.json_body import reply
from cursor_api.web.http.operation import FOLDER_ROUTE, Operation, Parameter
from cursor_api.web.http.query import Query, wrong
from cursor_api.web.management.export import Format, export
from cursor_api.web.management.record_errors import asking_records
from cursor_api.web.management.request_filter import (
    ENDED,
    FILTER_NAMES,
    FILTER_PARAMETERS,
    PAGE_NAMES,
    PAGE_PARAMETERS,
    is_everything,
    read_filter,
    read_page,
)
from cursor_api.web.management.request_report import RequestOut, report_request

log = structlog.get_logger(__name__)

REQUESTS_PATH = "/api/requests"
# One step of a deletion: short enough that writing never waits for it.
DELETED_ROWS_MAX = 2000
# Beyond this a preview says "at least"; nobody reads the digits.
COUNT_MAX = 10_000_000
NEWEST_FIRST = "newest_first"

UNFILTERED = (
    "Say which requests are meant: at least one of the filters, such as caller or until. All of"
    " them together are deleted by no address."
)


class RequestsOut(Struct):
    """Requests that ended, newest first.

    `continue_from` is the `before` (after an `after` the `after`) of the next page; null: no more.
    A page may have fewer than were asked for and say where to go on all the same.
    """

    requests: Sequence[RequestOut]
    continue_from: str | None
    order: str


class ChoicesOut(Struct):
    """What the filters can be set to: what occurred in the last 30 days, and the closed sets."""

    models: Sequence[str]
    credentials: Sequence[str]
    callers: Sequence[str]
    dialects: Sequence[str]
    routes: Sequence[str]
    statuses: Sequence[str]
    faults: Sequence[str]


class DeletionPreview(Struct):
    """How many requests would go; given back as `confirm`, with the same `until`, they do."""

    would_delete: int
    until: Instant


class Deleted(Struct):
    """How many went."""

    deleted: int


class RequestRoutes:
    """Answers `/api/requests` and the addresses below it.

    `under_way` gives what is known of those that have not ended, `words` those of each upstream by
    its name; `dialects` are the names of the client APIs.
    """

    def __init__(
        self,
        records: Records,
        under_way: Callable[[], Sequence[RequestRecord]],
        words: Callable[[], Mapping[str, UpstreamWords]],
        dialects: Sequence[str],
        clock: Clock,
    ) -> None:
        self._records = records
        self._under_way = under_way
        self._words = words
        self._dialects = dialects
        self._clock = clock

    def operations(self) -> Sequence[Operation]:
        """All of them, as rows; the names that are no ids come first."""
        request_id = Parameter("id", "path", {"type": "string", "minLength": 1}, "01976c")
        form = Parameter("format", "query", {"enum": [one.value for one in Format]})
        confirm = Parameter("confirm", "query", {"type": "integer", "minimum": 0})
        return (
            Operation(
                method="GET",
                path=REQUESTS_PATH,
                handler=self.list,
                summary="Requests that ended, newest first, by page",
                parameters=PAGE_PARAMETERS,
                good={200: RequestsOut},
                bad=(400, 401, 403, 503),
            ),
            Operation(
                method="DELETE",
                path=REQUESTS_PATH,
                handler=self.delete,
                summary="Delete those that a filter means, or say how many they are",
                parameters=(*FILTER_PARAMETERS, confirm),
                good={200: DeletionPreview | Deleted},  # type: ignore[dict-item]  # msgspec takes it
                bad=(400, 401, 403, 409, 503),
            ),
            Operation(
                method="GET",
                path=f"{REQUESTS_PATH}/choices",
                handler=self.choices,
                summary="What the filters can be set to",
                good={200: ChoicesOut},
                bad=(401, 403, 503),
            ),
            Operation(
                method="GET",
                path=f"{REQUESTS_PATH}/export",
                handler=self.export,
                summary="The same requests as a file, CSV or one JSON object a line",
                parameters=(*FILTER_PARAMETERS, form),
                good={200: None},  # type: ignore[dict-item]  # no JSON
                bad=(400, 401, 403, 503),
            ),
            Operation(
                method="GET",
                path=f"{REQUESTS_PATH}/{{id}}",
                route=REQUESTS_PATH + FOLDER_ROUTE,
                handler=self.get,
                summary="One request, under way or ended",
                parameters=(request_id,),
                good={200: RequestOut},
                bad=(401, 403, 404, 503),
            ),
        )
