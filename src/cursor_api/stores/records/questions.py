"""The questions about records, in SQL that SQLite and PostgreSQL both understand.

Rules of this file:
- Values are parameters (`:name`), never text of a statement; what is put together is our own.
- A page looks at a slice of the rows at a time, along the key, and stops when its time is over:
  on a cold disk, or for what hardly occurs, it says where to go on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from cursor_api.domain.errors import FaultKind, StoreError
from cursor_api.domain.periods import hour_of
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.domain.record_content import RecordContent
from cursor_api.domain.record_query import (
    ALL,
    RecordChoices,
    RecordFilter,
    RecordPage,
    RecordQuery,
    RefusalRow,
    UsageCounts,
    UsageQuery,
    UsageRow,
)
from cursor_api.options.said import tell
from cursor_api.stores.records.content_rows import content_of
from cursor_api.stores.records.matching import fold
from cursor_api.stores.records.rows import COLUMN_LIST, RowError, record_of
from cursor_api.stores.records.sums import COUNTS, DAY_S, KEYS

# A page takes a little longer: its last slice is as slow as the machine is busy.
PAGE_BUDGET_S: Final = 0.2
# Rows that are looked at in one step; after the first one as many as the time allows.
SLICE_ROWS_MIN: Final = 2_000
SLICE_ROWS_MAX: Final = 50_000
SLICE_S: Final = 0.04
CHOICES_S: Final = 30 * DAY_S
# As the index of the ends has it, word by word; unix ms.
ENDED: Final = "(started_ms + total_ms)"
# The last instant that ids have.
_MS_MAX: Final = 2**48 - 1
_SUMS: Final = ", ".join((*KEYS, *COUNTS))
Values = Mapping[str, object]
_T = TypeVar("_T")


class Sql(Protocol):
    """A connection that only reads.

    `prefix` stands before the names of tables. `text_found` is a condition: whether `error` holds
    `:text`, which is lower case, in either case of the letters A to Z.
    """

    prefix: str
    text_found: str

    async def fetch(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        """All rows; raises StoreError."""
        ...


def id_at(at: float) -> str:
    """The least id of a request that began then or later; instants are unix seconds."""
    # Rounded first: 1.005 s are a little more than 1005 ms to a computer.
    return f"{min(max(math.ceil(round(at * 1000, 3)), 0), _MS_MAX):012x}"


class SqlQuestions:
    """Answers the questions of `ports.records.Records`. `now` is unix seconds."""

    def __init__(self, sql: Sql, now: Callable[[], float]) -> None:
        self._sql = sql
        self._now = now

    async def find(self, request_id: str) -> RequestRecord | None:
        """See ports.Records."""
        statement = f"SELECT {COLUMN_LIST} FROM {self._sql.prefix}requests WHERE id = :id"
        rows = await self._sql.fetch(statement, {"id": request_id})
        return _records(rows)[0] if rows else None

    async def contents(self, ids: Sequence[str]) -> Sequence[RecordContent]:
        """See ports.Records."""
        if not ids:
            return ()
        values = {f"id_{number}": one for number, one in enumerate(ids)}
        rows = await self._sql.fetch(
            f"SELECT id, prompt, answer, is_cut FROM {self._sql.prefix}contents"
            f" WHERE id IN ({', '.join(f':{name}' for name in values)})",
            values,
        )
        return [_read(content_of, row) for row in rows]

    async def page(self, query: RecordQuery) -> RecordPage:
        """See ports.Records."""
        if query.ended_since is not None:
            return await self._last_ends(query)
        walk = _Walk(self._sql, query)
        began = time.perf_counter()
        left_s = PAGE_BUDGET_S
        # One step at least, or nobody would come forward.
        while left_s > 0 and not walk.is_done:
            await walk.step(left_s)
            left_s = PAGE_BUDGET_S - (time.perf_counter() - began)
        return walk.page()

    async def _last_ends(self, query: RecordQuery) -> RecordPage:
        where, values = condition(self._sql, query.filter)
        is_all = query.filter == ALL
        by_end = f"ORDER BY {ENDED} DESC, id DESC LIMIT"
        statement = (
            f"SELECT {COLUMN_LIST} FROM {self._sql.prefix}requests"
            f" WHERE {ENDED} >= :ended {by_end} :slice"
        )
        if not is_all:
            # The slice bounds how much is looked at, and no other index is thought better.
            statement = f"SELECT * FROM ({statement}) AS slice WHERE {where} {by_end} :rows_max"
        values |= {
            "ended": (query.ended_since or 0.0) * 1000,
            "slice": query.rows_max if is_all else SLICE_ROWS_MAX,
            "rows_max": query.rows_max,
        }
        rows = await self._sql.fetch(statement, values)
        return RecordPage(tuple(_records(rows)), None)

    async def choices(self) -> RecordChoices:
        """See ports.Records."""
        found = []
        values = {"since": hour_of(self._now() - CHOICES_S)}
        for name in ("model", "credential", "caller"):
            rows = await self._sql.fetch(
                f"SELECT DISTINCT {name} FROM {self._sql.prefix}usage_hourly"
                f" WHERE hour >= :since AND {name} <> '' ORDER BY {name}",
                values,
            )
            found.append(tuple(row[0] for row in rows))
        return RecordChoices(*found)

    async def usage(self, query: UsageQuery) -> Sequence[UsageRow]:
        """See ports.Records."""
        where = ["hour >= :since", "hour < :until"]
        where += [f"{one} = :{one}" for one in KEYS[1:] if getattr(query, one) is not None]
        rows = await self._sql.fetch(
            f"SELECT {_SUMS} FROM {self._sql.prefix}usage_hourly"
            f" WHERE {_all(where)} ORDER BY {', '.join(KEYS)}",
            query._asdict(),
        )
        return [UsageRow._make((*row[:4], UsageCounts._make(row[4:]))) for row in rows]

    async def refusals(self, since: int, until: int) -> Sequence[RefusalRow]:
        """See ports.Records."""
        rows = await self._sql.fetch(
            f"SELECT hour, fault, refused_count FROM {self._sql.prefix}refusals_hourly"
            " WHERE hour >= :since AND hour < :until ORDER BY hour, fault",
            {"since": since, "until": until},
        )
        return [RefusalRow(hour, FaultKind(fault), count) for hour, fault, count in rows]

    async def first_delta_ms(self, since: float, rows_max: int) -> Sequence[float]:
        """See ports.Records."""
        rows = await self._sql.fetch(
            f"SELECT first_ms FROM {self._sql.prefix}requests"
            " WHERE id >= :since AND first_ms IS NOT NULL"
            " ORDER BY id DESC LIMIT :rows_max",
            {"since": id_at(since), "rows_max": rows_max},
        )
        return [row[0] for row in rows]

    async def count(self, wanted: RecordFilter) -> int:
        """See ports.Records."""
        where, values = condition(self._sql, wanted)
        statement = f"SELECT count(*) FROM {self._sql.prefix}requests WHERE {where}"
        rows = await self._sql.fetch(statement, values)
        return int(rows[0][0])


def condition(sql: Sql, wanted: RecordFilter) -> tuple[str, dict[str, object]]:
    """A whole filter, for a WHERE."""
    along, others = _conditions(sql, wanted)
    return _all([*along, *others]), _values(wanted)


class _Walk:
    """One page in the making: down from the newest, or up from `after`."""

    def __init__(self, sql: Sql, query: RecordQuery) -> None:
        self._sql = sql
        self._rows_max = query.rows_max
        self._is_up = query.after is not None
        self._along, self._others = _conditions(sql, query.filter)
        self._values = _values(query.filter)
        if query.before is not None:
            self._along.append("id < :before")
            self._values["before"] = query.before
        if query.after is not None:
            self._along.append("id > :after")
            self._values["after"] = query.after
        self._found: list[RequestRecord] = []
        self._slice_rows = SLICE_ROWS_MIN
        self._reached: str | None = None
        self._is_exhausted = False

    @property
    def is_done(self) -> bool:
        """Whether another step finds nothing that belongs to this page."""
        return self._is_exhausted or len(self._found) > self._rows_max

    async def step(self, left_s: float) -> None:
        """Look at a slice of the rows."""
        began = time.perf_counter()
        along = list(self._along)
        if self._reached is not None:
            along.append("id > :reached" if self._is_up else "id < :reached")
        order = "id" if self._is_up else "id DESC"
        values = self._values | {
            "reached": self._reached,
            "slice": self._slice_rows,
            "wanted": self._rows_max + 1 - len(self._found),
        }
        if not self._others:
            # Every row that the key leads to is one of the page.
            statement = (
                f"SELECT {COLUMN_LIST} FROM {self._sql.prefix}requests WHERE {_all(along)}"
                f" ORDER BY {order} LIMIT :wanted"
            )
            self._found += _records(await self._sql.fetch(statement, values))
            self._is_exhausted = True
            return
        table = f"{self._sql.prefix}requests"
        slice_ = f"FROM {table} WHERE {_all(along)} ORDER BY {order} LIMIT :slice"
        rows = await self._sql.fetch(
            f"SELECT * FROM (SELECT {COLUMN_LIST} {slice_}) AS slice"
            f" WHERE {_all(self._others)} ORDER BY {order} LIMIT :wanted",
            values,
        )
        self._found += _records(rows)
        if self.is_done:
            return
        last = "max" if self._is_up else "min"
        ((count, reached),) = await self._sql.fetch(
            f"SELECT count(*), {last}(id) FROM (SELECT id {slice_}) AS slice", values
        )
        self._is_exhausted = count < self._slice_rows
        self._reached = reached or self._reached
        spent_s = max(time.perf_counter() - began, 1e-6)
        rows_next = int(self._slice_rows * min(SLICE_S, left_s - spent_s) / spent_s)
        self._slice_rows = min(max(rows_next, SLICE_ROWS_MIN), SLICE_ROWS_MAX)

    def page(self) -> RecordPage:
        """What was found until now."""
        rows = self._found[: self._rows_max]
        continue_from = None
        if len(self._found) > self._rows_max:
            continue_from = rows[-1].id
        elif not self._is_exhausted:
            continue_from = self._reached
        return RecordPage(tuple(rows[::-1] if self._is_up else rows), continue_from)


def _conditions(sql: Sql, wanted: RecordFilter) -> tuple[list[str], list[str]]:
    """Those that an index leads along, and those that every row has to be looked at for."""
    along, others = [], []
    if wanted.since is not None:
        along.append("id >= :since")
    if wanted.until is not None:
        along.append("id < :until")
    if wanted.caller is not None:
        along.append("caller = :caller")
    if wanted.status is Status.SUCCESS:
        others.append("status = 'success'")
    elif wanted.status is not None:
        others.append("status = :status")
    is_unusual = wanted.status not in {None, Status.SUCCESS}
    if wanted.fault is not None or wanted.text is not None or is_unusual:
        # As the index of those that are no success has it, word by word.
        along.append("status <> 'success'")
    if wanted.fault is not None:
        others.append("fault = :fault")
    if wanted.text is not None:
        others.append(sql.text_found)
    others += [
        f"{one} = :{one}"
        for one in ("model", "credential", "dialect", "endpoint")
        if getattr(wanted, one) is not None
    ]
    return along, others


def _values(wanted: RecordFilter) -> dict[str, object]:
    return wanted._asdict() | {
        "since": None if wanted.since is None else id_at(wanted.since),
        "until": None if wanted.until is None else id_at(wanted.until),
        "status": wanted.status.value if wanted.status else None,
        "fault": wanted.fault.value if wanted.fault else None,
        "text": None if wanted.text is None else fold(wanted.text),
    }


def _all(conditions: Sequence[str]) -> str:
    return " AND ".join(conditions) or "1 = 1"


def _records(rows: Sequence[Sequence[Any]]) -> list[RequestRecord]:
    return [_read(record_of, row) for row in rows]


def _read(read: Callable[[Sequence[Any]], _T], row: Sequence[Any]) -> _T:
    try:
        return read(row)
    except RowError as error:
        raise StoreError(
            tell("The store of requests is damaged: {reason}.", reason=error)
        ) from error
