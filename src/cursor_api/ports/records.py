"""Where the records of ended requests are kept and asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_content import RecordContent, Transcript
from cursor_api.domain.record_query import (
    RecordChoices,
    RecordFilter,
    RecordPage,
    RecordQuery,
    RefusalRow,
    UsageQuery,
    UsageRow,
)
from cursor_api.ports.stores import RequestLog

# Up to so many seconds.
WRITE_BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class WriteTimes(Struct, frozen=True):
    """How long batches took to be written, since the start.

    `counts` are of those up to each of `WRITE_BOUNDS_S` and not up to the one before; the last is
    of the others. `total_s` is over all of them.
    """

    counts: tuple[int, ...] = (0,) * (len(WRITE_BOUNDS_S) + 1)
    total_s: float = 0.0

    def plus(self, taken_s: float) -> WriteTimes:
        """With one more."""
        place = bisect_left(WRITE_BOUNDS_S, taken_s)
        counts = (*self.counts[:place], self.counts[place] + 1, *self.counts[place + 1 :])
        return WriteTimes(counts, self.total_s + taken_s)


class RecordsState(NamedTuple):
    """How keeping goes. `store` is memory, sqlite or postgres.

    `waiting_count` records are still to be written; `dropped_count` were given up since the start.
    Of those that wait, `spooled_count` are in no answer, until they are brought over.
    """

    store: str
    is_writing: bool
    waiting_count: int = 0
    dropped_count: int = 0
    spooled_count: int = 0
    write_times: WriteTimes = WriteTimes()


class RefusalCounter(Protocol):
    """Counts, by the hour, what was refused before it was a request."""

    def count_refusal(self, fault: FaultKind) -> None:
        """One more; must not block or raise."""
        ...


class RecordQuestions(Protocol):
    """Questions about ended requests. Each raises StoreError where the store cannot be asked."""

    async def find(self, request_id: str) -> RequestRecord | None:
        """One of them; None where it is not kept (any more)."""
        ...

    async def contents(self, ids: Sequence[str]) -> Sequence[RecordContent]:
        """What was said in those of them whose texts are kept, in any order."""
        ...

    async def page(self, query: RecordQuery) -> RecordPage:
        """Some of them, in at most 250 ms of looking."""
        ...

    async def choices(self) -> RecordChoices:
        """What filters can be set to."""
        ...

    async def usage(self, query: UsageQuery) -> Sequence[UsageRow]:
        """Sums by hour, model, credential and caller, oldest hour first."""
        ...

    async def refusals(self, since: int, until: int) -> Sequence[RefusalRow]:
        """What was refused before it was a request, oldest hour first."""
        ...

    async def first_delta_ms(self, since: float, rows_max: int) -> Sequence[float]:
        """How long the last `rows_max` answers since then took to begin, in any order."""
        ...

    async def count(self, wanted: RecordFilter) -> int:
        """How many there are."""
        ...

    async def delete(self, wanted: RecordFilter, rows_max: int) -> int:
        """Delete some of them, oldest first, with their texts: at most `rows_max` in some ms.

        What they added to the sums stays.

        Gives how many those were: 0 means that none is left.
        """
        ...


class Records(RecordQuestions, Protocol):
    """The same, of what a log has taken too: at once, though it may not be written yet."""

    def state(self) -> RecordsState:
        """How it goes; asks nobody."""
        ...


class RecordKeeper(RequestLog, Records, RefusalCounter, Protocol):
    """All that keeping records is: they come in, and they are asked for."""

    def keep(self, transcript: Transcript) -> None:
        """What was said in a request whose record comes next; must not block or raise."""
        ...
