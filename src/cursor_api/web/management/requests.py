"""`/api/requests`: what happened to each request, by page, one by one, and deleted on demand."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.act import ActKind
from cursor_api.domain.errors import Fault, FaultKind, StoreError, invalid_request
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.domain.record_content import RecordContent
from cursor_api.domain.record_query import RecordFilter
from cursor_api.domain.words import UpstreamWords
from cursor_api.ports.process import Clock
from cursor_api.ports.records import Records
from cursor_api.ports.siblings import Siblings
from cursor_api.service.credentials.report import Instant, instant
from cursor_api.web.http.json_body import reply
from cursor_api.web.http.operation import FOLDER_ROUTE, Acts, Operation, Parameter
from cursor_api.web.http.query import Query
from cursor_api.web.management.export import ExportSource, Format, WithContent, export
from cursor_api.web.management.record_errors import asking_records
from cursor_api.web.management.request_filter import (
    ENDED,
    FILTER_NAMES,
    FILTER_PARAMETERS,
    PAGE_NAMES,
    PAGE_PARAMETERS,
    is_everything,
    is_id,
    read_filter,
    read_page,
)
from cursor_api.web.management.request_report import RequestOut, report_request

log = logging.getLogger(__name__)

REQUESTS_PATH = "/api/requests"
# Where a worker tells the others.
WORKER_REQUESTS_PATH = "/requests"
# One step of a deletion: short enough that writing never waits for it.
DELETED_ROWS_MAX = 2000
CONFIRMED_MAX = 999_999_999
NEWEST_FIRST = "newest_first"
LAST_ENDED_FIRST = "last_ended_first"

UNFILTERED = (
    "Say which requests are meant: at least one of the filters, such as caller or until. All of"
    " them together are deleted by no address."
)


class RequestsOut(Struct):
    """Requests that ended, newest first.

    `continue_from` is the `before` (after an `after` the `after`) of the next page; null: no more.
    A page may have fewer than were asked for and say where to go on all the same. With
    `ended_since` they are in the order of their ends, the last one first, and there is one page.
    `waiting_rows` more are in no answer: their database was away, and they are brought over.
    """

    requests: Sequence[RequestOut]
    continue_from: str | None
    order: str
    waiting_rows: int = 0


class ChoicesOut(Struct):
    """What the filters can be set to: what occurred in the last 30 days, and the closed sets."""

    models: Sequence[str]
    credentials: Sequence[str]
    callers: Sequence[str]
    dialects: Sequence[str]
    routes: Sequence[str]
    statuses: Sequence[str]
    faults: Sequence[str]


class DeletionOut(Struct, omit_defaults=True):
    """How many requests would go, and before when they began; or how many went.

    `would_delete`, given back as `confirm` with the same filter and this `until`, deletes them.
    """

    until: Instant
    would_delete: int | None = None
    deleted: int | None = None


class RequestParts(Struct, frozen=True):
    """What is looked at.

    `under_way` gives what is known of those that have not ended, `words` those of each upstream by
    its name; `dialects` are the names of the client APIs.
    """

    records: Records
    under_way: Callable[[], Sequence[RequestRecord]]
    words: Callable[[], Mapping[str, UpstreamWords]]
    dialects: Sequence[str]
    clock: Clock
    siblings: Callable[[], Siblings | None] = lambda: None


class RequestRoutes:
    """Answers `/api/requests` and the addresses below it."""

    def __init__(self, parts: RequestParts) -> None:
        self._records = parts.records
        self._words = parts.words
        self._dialects = parts.dialects
        self._clock = parts.clock
        self._under_way = parts.under_way
        self._siblings = parts.siblings

    def operations(self) -> Sequence[Operation]:
        """All of them, as rows; the names that are no ids come first."""
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
                acts=Acts(ActKind.RECORDS_DELETED, _find_deleted),
                parameters=(*FILTER_PARAMETERS, confirm),
                good={200: DeletionOut},
                bad=(400, 401, 403, 409, 503),
            ),
            *self._operations_below(),
        )

    def _operations_below(self) -> Sequence[Operation]:
        request_id = Parameter("id", "path", {"type": "string", "minLength": 1}, "01976c")
        form = Parameter("format", "query", {"enum": [one.value for one in Format]})
        content = Parameter("content", "query", {"enum": [one.value for one in WithContent]})
        return (
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
                parameters=(*FILTER_PARAMETERS, form, content),
                good={200: None},
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

    async def list(self, request: Request) -> Response:
        """One page."""
        wanted = read_page(Query(request, PAGE_NAMES))
        with asking_records():
            page = await self._records.page(wanted)
        words = self._words()
        rows = [report_request(record, words) for record in page.records]
        order = NEWEST_FIRST if wanted.ended_since is None else LAST_ENDED_FIRST
        waiting_rows = self._records.state().spooled_count
        return reply(RequestsOut(rows, page.continue_from, order, waiting_rows))

    async def get(self, request: Request) -> Response:
        """One of them; raises Fault(NOT_FOUND)."""
        wanted: str = request.path_params["id"]
        found = next((one for one in self._under_way() if one.id == wanted), None)
        # An id is plain text of a short length; a database would stumble over some others.
        if found is None and is_id(wanted):
            # Before the records: what ends meanwhile is in them, or still with the other worker.
            theirs = await self._ask_siblings(wanted)
            if theirs is not None and theirs.status is Status.PENDING:
                return reply(theirs)
            with asking_records():
                found = await self._records.find(wanted)
            if found is None and theirs is not None:
                return reply(theirs)
        if found is None:
            raise Fault(
                FaultKind.NOT_FOUND, "There is no record of such a request (any more).", param="id"
            )
        contents: Sequence[RecordContent] = ()
        if found.status is not Status.PENDING:
            with asking_records():
                contents = await self._records.contents([wanted])
        return reply(report_request(found, self._words(), next(iter(contents), None)))

    async def _ask_siblings(self, request_id: str) -> RequestOut | None:
        """What another worker has under way, or has not written yet."""
        siblings = self._siblings()
        if siblings is None:
            return None
        answers = await siblings.ask_all(f"{WORKER_REQUESTS_PATH}/{request_id}")
        return next(map(_REQUEST.decode, answers), None)

    async def choices(self, _request: Request) -> Response:
        """What filters can be set to."""
        with asking_records():
            found = await self._records.choices()
        return reply(
            ChoicesOut(
                found.models,
                found.credentials,
                found.callers,
                self._dialects,
                tuple(self._words()),
                [status.value for status in ENDED],
                [kind.value for kind in FaultKind],
            )
        )

    async def export(self, request: Request) -> Response:
        """All of them, streamed as they are read."""
        query = Query(request, (*FILTER_NAMES, "format", "content"))
        form = query.member("format", Format) or Format.CSV
        has_content = query.member("content", WithContent) is WithContent.TRUE
        source = ExportSource(self._records, self._words(), has_content)
        return await export(source, read_filter(query), form)

    async def delete(self, request: Request) -> Response:
        """Count, and delete what was counted and confirmed; raises Fault(CONFLICT)."""
        query = Query(request, (*FILTER_NAMES, "confirm"))
        wanted = read_filter(query)
        confirmed = query.number("confirm", -1, (0, CONFIRMED_MAX))
        if is_everything(wanted):
            raise invalid_request(UNFILTERED, code="missing_parameter")
        if wanted.until is None:
            # What ends from now on shall neither be deleted nor change the number.
            wanted = wanted._replace(until=math.floor(self._clock.now() * 1000) / 1000)
        until = instant(wanted.until or 0.0)
        with asking_records():
            count = await self._records.count(wanted)
            if confirmed < 0:
                return reply(DeletionOut(until, would_delete=count))
            if confirmed != count:
                raise Fault(
                    FaultKind.CONFLICT,
                    f"These are {count} requests now, not {confirmed}. Look again, and confirm"
                    " that number.",
                    param="confirm",
                )
            deleted = await self._delete(wanted, count)
        log.warning("records were deleted on demand", extra={"facts": {"count": deleted}})
        return reply(DeletionOut(until, deleted=deleted))

    async def _delete(self, wanted: RecordFilter, count: int) -> int:
        """In steps, so that nothing waits long behind them."""
        deleted = 0
        while deleted < count:
            gone = await self._records.delete(wanted, min(DELETED_ROWS_MAX, count - deleted))
            if not gone:
                break
            deleted += gone
        return deleted


async def find_here(
    request_id: str,
    under_way: Sequence[RequestRecord],
    records: Records,
    words: Mapping[str, UpstreamWords],
) -> RequestOut | None:
    """What one worker tells the others of a request: under way, or ended and not written yet."""
    found = next((one for one in under_way if one.id == request_id), None)
    if found is None:
        # Whoever asks is told by its own records that they cannot be read.
        with contextlib.suppress(StoreError):
            found = await records.find(request_id)
    return report_request(found, words) if found is not None else None


_REQUEST = Decoder(RequestOut)


def _find_deleted(request: Request, answer: Mapping[str, Any]) -> str | None:
    """How many, and by which filter; None where they were counted only."""
    if "deleted" not in answer:
        return None
    given = request.query_params
    # What was looked for in texts may be anything.
    filters = [f"{name}={'…' if name == 'text' else given[name]}" for name in given]
    return f"{answer['deleted']}: {' '.join(one for one in filters if 'confirm=' not in one)}"
