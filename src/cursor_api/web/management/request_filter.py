"""Which requests are meant: the parameters of every address that answers with some of them."""

from __future__ import annotations

import re
from typing import Final

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Status
from cursor_api.domain.record_query import ALL, PAGE_ROWS, PAGE_ROWS_MAX, RecordFilter, RecordQuery
from cursor_api.web.http.operation import Parameter
from cursor_api.web.http.query import Query, wrong

_TEXT: Final = {"type": "string"}
_INSTANT: Final = {"type": "string", "description": "ISO 8601, or unix seconds."}
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")

# Not among them: a request that runs is in no store.
ENDED: Final = tuple(status for status in Status if status is not Status.PENDING)

FILTER_PARAMETERS: Final = (
    Parameter("since", "query", _INSTANT),
    Parameter("until", "query", _INSTANT),
    Parameter("model", "query", _TEXT),
    Parameter("status", "query", {"enum": [status.value for status in ENDED]}),
    Parameter("fault", "query", {"enum": [kind.value for kind in FaultKind]}),
    Parameter("credential", "query", _TEXT),
    Parameter("caller", "query", _TEXT),
    Parameter("dialect", "query", _TEXT),
    Parameter("route", "query", {"type": "string", "description": "The name of an upstream."}),
    Parameter("text", "query", {"type": "string", "description": "Part of the error."}),
)
FILTER_NAMES: Final = tuple(one.name for one in FILTER_PARAMETERS)
PAGE_PARAMETERS: Final = (
    *FILTER_PARAMETERS,
    Parameter("before", "query", _TEXT),
    Parameter("after", "query", _TEXT),
    Parameter("ended_since", "query", _INSTANT),
    Parameter(
        "count",
        "query",
        {"type": "integer", "minimum": 1, "maximum": PAGE_ROWS_MAX, "default": PAGE_ROWS},
    ),
)
PAGE_NAMES: Final = tuple(one.name for one in PAGE_PARAMETERS)


def read_filter(query: Query) -> RecordFilter:
    """The filter; raises Fault(INVALID_REQUEST) that names the parameter."""
    since, until = query.instant("since"), query.instant("until")
    if since is not None and until is not None and since >= until:
        raise wrong("since", "it is not before 'until'")
    status = query.member("status", Status)
    if status is Status.PENDING:
        raise wrong("status", f"it is one of {', '.join(one.value for one in ENDED)}")
    route = query.text("route")
    return RecordFilter(
        since=since,
        until=until,
        model=query.text("model"),
        status=status,
        fault=query.member("fault", FaultKind),
        credential=query.text("credential"),
        caller=query.text("caller"),
        dialect=query.text("dialect"),
        endpoint=route,
        text=query.text("text"),
    )


def read_page(query: Query) -> RecordQuery:
    """The page; raises Fault(INVALID_REQUEST) that names the parameter."""
    before, after = _id(query, "before"), _id(query, "after")
    if before is not None and after is not None:
        raise wrong("after", "it cannot be given with 'before'")
    ended_since = query.instant("ended_since")
    if ended_since is not None and (before is not None or after is not None):
        raise wrong("ended_since", "it cannot be given with 'before' or 'after'")
    count = query.number("count", PAGE_ROWS, (1, PAGE_ROWS_MAX))
    return RecordQuery(read_filter(query), before, after, count, ended_since)


def is_everything(wanted: RecordFilter) -> bool:
    """Whether nothing narrows it."""
    return wanted == ALL


def is_id(text: str) -> bool:
    """Whether it has the form of a request's id, today's or an earlier one."""
    return _ID.fullmatch(text) is not None


def _id(query: Query, name: str) -> str | None:
    text = query.text(name)
    if text is not None and not is_id(text):
        raise wrong(name, "it is the id of a request, as one of these pages gives it")
    return text
