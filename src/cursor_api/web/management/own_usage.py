"""`GET /v1/usage`: what the caller's own key used and has left, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.permission import Permission
from cursor_api.domain.record_query import UsageQuery, UsageRow
from cursor_api.ports.process import Clock, Steps
from cursor_api.ports.records import Records
from cursor_api.service.access.quota import Quota
from cursor_api.service.credentials.report import Instant, find_instant, instant
from cursor_api.service.records.periods import By
from cursor_api.service.records.sums import STEP_ROWS, Group, merge, total
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.http.json_body import reply
from cursor_api.web.http.operation import Key, Operation
from cursor_api.web.http.query import Query
from cursor_api.web.management.key_shapes import LeftOut, LimitsOut, show_left, show_limits
from cursor_api.web.management.record_errors import asking_records
from cursor_api.web.management.usage import Totals, describe_parameters, read_periods, sums_of

NAMES: Final = ("since", "until", "by", "zone")
NOT_YOURS = (
    "What callers with credentials of their own use is recorded for all of them together, and shown"
    " to none of them."
)


class OwnKey(Struct, frozen=True):
    """The API key that asks. `left` is what it has left of each of its limits."""

    id: str
    name: str
    role: Permission
    models: tuple[str, ...]
    limits: LimitsOut
    time_zone: str
    expires_at: Instant | None
    left: Sequence[LeftOut]


class OwnUsageRow(Totals, frozen=True, kw_only=True):
    """The same for one period and model; `at` is when the period begins."""

    at: Instant
    model: str


class OwnUsage(Struct, frozen=True):
    """Whole periods from `since` up to and without `until`, oldest first.

    `key` is null for a key that stands in the settings and has no limits of its own.
    """

    caller: str
    key: OwnKey | None
    since: Instant
    until: Instant
    by: By
    zone: str
    rows: Sequence[OwnUsageRow]
    totals: Totals


class OwnUsageParts(Struct, frozen=True):
    """What it works with."""

    records: Records
    quota: Quota
    authenticator: Authenticator
    clock: Clock
    steps: Steps


class OwnUsageRoute:
    """Answers `GET /v1/usage`."""

    def __init__(self, parts: OwnUsageParts) -> None:
        self._with = parts

    def operations(self) -> Sequence[Operation]:
        """The one operation."""
        return (
            Operation(
                method="GET",
                path="/v1/usage",
                handler=self.show,
                key=Key.LEFT_TO_HANDLER,
                is_for_pages=True,
                summary="What the key that asks has used, and what is left of its limits",
                parameters=describe_parameters(NAMES),
                good={200: OwnUsage},
                bad=(400, 401, 403, 503),
            ),
        )

    async def show(self, request: Request) -> Response:
        """The caller's own sums; raises Fault."""
        caller = await self._with.authenticator.authenticate(request.scope)
        if caller.credentials:
            raise Fault(FaultKind.FORBIDDEN, NOT_YOURS)
        by, zone, periods = read_periods(Query(request, NAMES), self._with.clock)
        own = None if caller.key is None else await self._show_key(caller.key)
        with asking_records():
            rows = await self._with.records.usage(
                UsageQuery(periods.since, periods.until, caller=caller.name)
            )
        merged = await self._with.steps.run(merge(rows, periods, {Group.MODEL}))
        counts = await self._with.steps.run(total(merged))
        page = OwnUsage(
            caller=caller.name,
            key=own,
            since=instant(periods.since),
            until=instant(periods.until),
            by=by,
            zone=zone.key,
            rows=(),
            totals=Totals(**sums_of(counts)),
        )
        encoded = await self._with.steps.run(_encode(merged))
        return reply(msgspec.structs.asdict(page) | {"rows": encoded})

    async def _show_key(self, key: ApiKey) -> OwnKey:
        standing = await self._with.quota.stand(key)
        return OwnKey(
            key.id,
            key.name,
            key.role,
            key.models,
            show_limits(key.limits),
            key.zone,
            find_instant(key.expires_at),
            show_left(standing),
        )


def _encode(rows: Sequence[UsageRow]) -> Generator[None, None, msgspec.Raw]:
    """A list in JSON, in steps."""
    pieces = []
    for number, row in enumerate(rows, start=1):
        out = OwnUsageRow(at=instant(row.hour_at), model=row.model, **sums_of(row.counts))
        pieces.append(msgspec.json.encode(out))
        if number % STEP_ROWS == 0:
            yield
    return msgspec.Raw(b"[%b]" % b",".join(pieces))
