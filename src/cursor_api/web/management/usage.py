"""`/api/usage`: what models, keys and credentials used, by hour or by the viewer's own day."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.periods import HOUR_S
from cursor_api.domain.record_query import UsageCounts, UsageQuery, UsageRow
from cursor_api.options.kinds import is_zone
from cursor_api.ports.process import Clock, Steps
from cursor_api.ports.records import Records
from cursor_api.service.credentials.report import Instant, instant
from cursor_api.service.records.periods import By, Periods
from cursor_api.service.records.sums import STEP_ROWS, Group, merge, merge_refusals, total
from cursor_api.web.http.json_body import reply
from cursor_api.web.http.operation import Operation, Parameter
from cursor_api.web.http.query import Query, wrong
from cursor_api.web.management.record_errors import asking_records

DAY_S = 24 * HOUR_S
SPAN_S = {By.HOUR: DAY_S, By.DAY: 30 * DAY_S}
NAMES = ("since", "until", "by", "zone", "group", "model", "credential", "caller")
NO_GROUP = "none"


class Totals(Struct, frozen=True):
    """Sums over requests that ended.

    `answered`, `failed`, `refused` (as asked, by no upstream's fault) and `cancelled` (their
    clients left) are all there are. Of the tokens, `input` and `output` were reported by upstreams,
    those `_estimated` were not. `cost_nano` is in billionths of a dollar; null where nothing had a
    price, and `unpriced` says how many had none. The means are over those that began to answer, and
    over the answered ones.
    """

    answered: int
    failed: int
    refused: int
    cancelled: int
    input: int
    output: int
    cached: int
    reasoning: int
    input_estimated: int
    output_estimated: int
    cost_nano: int | None
    unpriced: int
    first_ms_mean: float | None
    total_ms_mean: float | None


class UsageRowOut(Totals, frozen=True, kw_only=True):
    """The same for one period, model, credential and caller; `at` is when the period begins.

    Those that `group` does not name are "", and so are models that nobody serves.
    """

    at: Instant
    model: str
    credential: str
    caller: str


class RefusalOut(Struct, frozen=True):
    """How often something was refused in one period before it was a request: a wrong key is one."""

    at: Instant
    fault: FaultKind
    count: int


class UsagePage(Struct, frozen=True):
    """Whole periods from `since` up to and without `until`, oldest first."""

    since: Instant
    until: Instant
    by: By
    zone: str
    rows: Sequence[UsageRowOut]
    totals: Totals
    refusals: Sequence[RefusalOut]


class UsageRoutes:
    """Answers `/api/usage`."""

    def __init__(self, records: Records, clock: Clock, steps: Steps) -> None:
        self._records = records
        self._clock = clock
        self._steps = steps

    def operations(self) -> Sequence[Operation]:
        """The one operation."""
        return (
            Operation(
                method="GET",
                path="/api/usage",
                handler=self.show,
                summary="Requests, tokens and costs by hour or day, model, credential and caller",
                parameters=describe_parameters(NAMES),
                good={200: UsagePage},
                bad=(400, 401, 403, 503),
            ),
        )

    async def show(self, request: Request) -> Response:
        """The sums; raises Fault(INVALID_REQUEST) that names the parameter."""
        query = Query(request, NAMES)
        by, zone, periods = read_periods(query, self._clock)
        given = query.parse("group", _groups)
        groups = frozenset(Group) if given is None else given
        of = (query.text("model"), query.text("credential"), query.text("caller"))
        with asking_records():
            rows = await self._records.usage(UsageQuery(periods.since, periods.until, *of))
            refusals = await self._records.refusals(periods.since, periods.until)
        merged = await self._steps.run(merge(rows, periods, groups))
        counts = await self._steps.run(total(merged))
        page = UsagePage(
            since=instant(periods.since),
            until=instant(periods.until),
            by=by,
            zone=zone.key,
            rows=(),
            totals=Totals(**sums_of(counts)),
            refusals=[
                RefusalOut(instant(row.hour_at), row.fault, row.refused_count)
                for row in merge_refusals(refusals, periods)
            ],
        )
        encoded = await self._steps.run(_encode(merged))
        return reply(msgspec.structs.asdict(page) | {"rows": encoded})


def describe_parameters(names: Sequence[str]) -> tuple[Parameter, ...]:
    """Those that `read_periods` reads, and others that are plain texts."""
    schemas = {"by": {"enum": [by.value for by in By], "default": By.HOUR.value}}
    return tuple(Parameter(name, "query", schemas.get(name, {"type": "string"})) for name in names)


def read_periods(query: Query, clock: Clock) -> tuple[By, ZoneInfo, Periods]:
    """By `by` and `zone`, from `since` to `until`; raises Fault(INVALID_REQUEST)."""
    by = query.member("by", By) or By.HOUR
    zone = query.parse("zone", _zone) or ZoneInfo("UTC")
    until = query.instant("until") or clock.now()
    since = query.instant("since")
    try:
        return by, zone, Periods(by, zone, until - SPAN_S[by] if since is None else since, until)
    except ValueError as error:
        raise wrong("since", str(error)) from error


def _encode(rows: Sequence[UsageRow]) -> Generator[None, None, msgspec.Raw]:
    """A list in JSON, in steps: there may be ten thousands."""
    pieces = []
    for number, row in enumerate(rows, start=1):
        out = UsageRowOut(
            at=instant(row.hour_at),
            model=row.model,
            credential=row.credential,
            caller=row.caller,
            **sums_of(row.counts),
        )
        pieces.append(msgspec.json.encode(out))
        if number % STEP_ROWS == 0:
            yield
    return msgspec.Raw(b"[%b]" % b",".join(pieces))


def sums_of(counts: UsageCounts) -> dict[str, Any]:
    """The fields of Totals."""
    is_unpriced = counts.unpriced_count > 0 and not counts.cost_nano
    return {
        "answered": counts.answered_count,
        "failed": counts.failed_count,
        "refused": counts.refused_count,
        "cancelled": counts.cancelled_count,
        "input": counts.input_count,
        "output": counts.output_count,
        "cached": counts.cached_count,
        "reasoning": counts.reasoning_count,
        "input_estimated": counts.input_estimated_count,
        "output_estimated": counts.output_estimated_count,
        "cost_nano": None if is_unpriced else counts.cost_nano,
        "unpriced": counts.unpriced_count,
        "first_ms_mean": _mean(counts.first_ms_sum, counts.first_count),
        "total_ms_mean": _mean(counts.total_ms_sum, counts.answered_count),
    }


def _mean(ms_sum: float, count: int) -> float | None:
    return round(ms_sum / count, 3) if count else None


def _zone(name: str) -> ZoneInfo:
    try:
        if is_zone(name):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError("this machine has no database of time zones, and knows only UTC") from None
    raise ValueError("it is the IANA name of a time zone, such as Europe/Berlin")


def _groups(text: str) -> frozenset[Group]:
    if text == NO_GROUP:
        return frozenset()
    try:
        return frozenset(Group(name) for name in text.split(","))
    except ValueError:
        words = ", ".join(group.value for group in Group)
        raise ValueError(f"it is {NO_GROUP}, or some of {words} with commas between") from None
