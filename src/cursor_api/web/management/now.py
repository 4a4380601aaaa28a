"""`/api/now`: whether the gateway can answer, what is under way, and how the last day went."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.json import Decoder
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.errors import StoreError
from cursor_api.domain.periods import HOUR_S, hour_of
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import UsageQuery
from cursor_api.ports.configuration import Configuration, ShownFindings
from cursor_api.ports.process import Clock, Steps
from cursor_api.ports.records import Records
from cursor_api.ports.siblings import Siblings
from cursor_api.service.credentials.report import Instant, instant
from cursor_api.service.readiness import CredentialCounts, Readiness, Reason, UpstreamStanding
from cursor_api.service.records.sums import total
from cursor_api.web.http.json_body import reply
from cursor_api.web.http.operation import Operation
from cursor_api.web.management.request_report import round_ms
from cursor_api.web.management.usage import Totals, sums_of
from cursor_api.web.server.lifecycle import Lifecycle

# More is no list that anybody reads; the count tells all of them.
SHOWN_COUNT_MAX = 100
DAY_HOURS = 24
# How things stand is told at once, whatever the records do.
LAST_DAY_S = 2.0
# Where a worker tells the others.
WORKER_NOW_PATH = "/now"
# Percentiles of the last so many answers.
SAMPLE_COUNT = 1000


class UnderWay(Struct, frozen=True):
    """A request that has not ended. `credential` is "" until one is leased, `age_ms` its age."""

    id: str
    started_at: Instant
    caller: str
    client: str
    dialect: str
    model: str
    credential: str
    is_stream: bool
    first_ms: float | None
    age_ms: float


class LastDay(Totals, frozen=True, kw_only=True):
    """The sums of 24 hours, that which is not over among them; `since` is when the first began.

    The percentiles are of the time to the first text, over the last 1,000 that had one.
    """

    since: Instant
    first_ms_p50: float | None
    first_ms_p95: float | None


class RecordsOut(Struct, frozen=True):
    """How keeping goes: in `store` (memory, sqlite, postgres), which is written or is not.

    `waiting_rows` are still to be written; `dropped_count` were given up since the start.
    """

    store: str
    is_writing: bool
    waiting_rows: int
    dropped_count: int


class NowOut(Struct, frozen=True):
    """How things stand. `ready`: requests are taken; `can_answer`: one would find somebody to ask.

    `under_way` are the oldest of those that have not ended, 100 at most; `under_way_count` are all,
    and `waiting_count` of them wait for room at a credential. `last_24h` is null while the records
    cannot be read. `settings` says what is wrong with them. `is_shared_up`: what nodes share
    (Redis) can be reached; null where it is not set. `node` is what the other nodes call this one.
    """

    now: Instant
    ready: bool
    can_answer: bool
    reasons: Sequence[Reason]
    under_way: Sequence[UnderWay]
    under_way_count: int
    waiting_count: int
    credentials: CredentialCounts
    upstreams: Mapping[str, UpstreamStanding]
    last_24h: LastDay | None
    records: RecordsOut
    settings: ShownFindings
    is_shared_up: bool | None = None
    node: str | None = None


class WorkerNow(Struct, frozen=True):
    """What is under way at one of several workers."""

    under_way: Sequence[UnderWay]
    under_way_count: int
    waiting_count: int


def worker_now(under_way: Sequence[RequestRecord], waiting_count: int, now: float) -> WorkerNow:
    """What this process has under way."""
    shown = [_under_way(one, now) for one in under_way[:SHOWN_COUNT_MAX]]
    return WorkerNow(shown, len(under_way), waiting_count)


def all_now(workers: Sequence[WorkerNow]) -> WorkerNow:
    """What they have under way together, the oldest first."""
    shown = [one for worker in workers for one in worker.under_way]
    return WorkerNow(
        sorted(shown, key=lambda one: one.started_at)[:SHOWN_COUNT_MAX],
        sum(worker.under_way_count for worker in workers),
        sum(worker.waiting_count for worker in workers),
    )


class NowParts(Struct, frozen=True):
    """What is looked at; `under_way` gives what is known of requests that have not ended."""

    readiness: Readiness
    lifecycle: Lifecycle
    under_way: Callable[[], Sequence[RequestRecord]]
    records: Records
    configuration: Configuration
    clock: Clock
    steps: Steps
    is_shared_up: Callable[[], bool | None] = lambda: None
    siblings: Callable[[], Siblings | None] = lambda: None
    node: str | None = None


class Now:
    """Answers `/api/now`."""

    def __init__(self, parts: NowParts) -> None:
        self._parts = parts
        # A database gives up the connection of a question that is broken off: one that takes too
        # long goes on, and the next one waits for it.
        self._asking: set[asyncio.Task[LastDay | None]] = set()

    def operations(self) -> Sequence[Operation]:
        """The one operation."""
        return (
            Operation(
                method="GET",
                path="/api/now",
                handler=self.show,
                summary="Whether requests can be answered, what is under way, the last 24 hours",
                good={200: NowOut},
                bad=(401, 403),
            ),
        )

    async def show(self, _request: Request) -> Response:
        """All of it; where the records cannot be read, the rest."""
        with_ = self._parts
        readiness, is_draining = with_.readiness, with_.lifecycle.is_draining
        # Before the sums: what ends meanwhile is in both, and nothing is in neither.
        under_way = await self._under_way()
        last_day = await self._find_last_day()
        now = with_.clock.now()
        reasons = list(readiness.reasons())
        if is_draining:
            reasons.insert(0, Reason("draining"))
        state = with_.records.state()
        return reply(
            NowOut(
                now=instant(now),
                ready=not is_draining,
                can_answer=not is_draining and readiness.find_hindrance() is None,
                reasons=reasons,
                under_way=under_way.under_way,
                under_way_count=under_way.under_way_count,
                waiting_count=under_way.waiting_count,
                credentials=readiness.credentials(),
                upstreams=readiness.upstreams(),
                last_24h=last_day,
                records=RecordsOut(*state[:4]),
                settings=with_.configuration.findings(),
                is_shared_up=with_.is_shared_up(),
                node=with_.node,
            )
        )

    async def _under_way(self) -> WorkerNow:
        with_ = self._parts
        own = worker_now(with_.under_way(), with_.readiness.waiting_count, with_.clock.now())
        siblings = with_.siblings()
        if siblings is None:
            return own
        others = await siblings.ask_all(WORKER_NOW_PATH)
        return all_now([own, *map(_WORKER_NOW.decode, others)])

    async def _find_last_day(self) -> LastDay | None:
        try:
            async with asyncio.timeout(LAST_DAY_S):
                if self._asking:
                    await asyncio.wait(self._asking)
                asking = asyncio.create_task(self._ask_last_day())
                self._asking.add(asking)
                asking.add_done_callback(self._asking.discard)
                return await asyncio.shield(asking)
        except TimeoutError:
            return None

    async def _ask_last_day(self) -> LastDay | None:
        end = hour_of(self._parts.clock.now()) + HOUR_S
        since = end - DAY_HOURS * HOUR_S
        records = self._parts.records
        try:
            rows = await records.usage(UsageQuery(since, end))
            begun = sorted(await records.first_delta_ms(since, SAMPLE_COUNT))
        except StoreError:
            # How they are kept stands beside it. (Not raised: perhaps nobody waits any more.)
            return None
        counts = await self._parts.steps.run(total(rows))
        return LastDay(
            since=instant(since),
            first_ms_p50=find_percentile(begun, 50),
            first_ms_p95=find_percentile(begun, 95),
            **sums_of(counts),
        )


_WORKER_NOW = Decoder(WorkerNow)


def find_percentile(values: Sequence[float], percent: int) -> float | None:
    """Of values in their order, the smallest that so many percent do not exceed."""
    if not values:
        return None
    return round(values[math.ceil(len(values) * percent / 100) - 1], 3)


def _under_way(record: RequestRecord, now: float) -> UnderWay:
    return UnderWay(
        id=record.id,
        started_at=instant(record.started_at),
        caller=record.caller,
        client=record.client,
        dialect=record.dialect,
        model=record.model,
        credential=record.credential_alias,
        is_stream=record.is_stream,
        first_ms=round_ms(record.first_delta_ms),
        age_ms=round(max(now - record.started_at, 0) * 1000, 3),
    )
