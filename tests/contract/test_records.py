"""What every store of records promises."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import FinishReason, Usage, UsageSource
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Attempt, RequestRecord, Status
from cursor_api.domain.record_query import (
    RecordFilter,
    RecordQuery,
    UsageQuery,
    counts_of,
)
from cursor_api.ports.record_database import Keeping
from cursor_api.ports.records import RecordKeeper
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.stores.postgres.link import Link
from cursor_api.stores.postgres.records import PostgresRecords
from cursor_api.stores.records.log import RecordLog
from cursor_api.stores.sqlite.records import SqliteRecords
from tests.fakes import ListObserver, StillClock
from tests.records import Spoken

# A whole hour of UTC.
HOUR = 1_790_000_000 // 3600 * 3600
ANY_TIME = UsageQuery(0, 2**40)
Store = RecordKeeper
# Nothing is forgotten here.
EVERYTHING = Keeping(days=10_000, bytes_max=2**40, rows_max=2**40)
Make = Callable[[Path, StillClock], AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def memory(_folder: Path, clock: StillClock) -> AsyncIterator[Store]:
    """The reference implementation."""
    yield MemoryRecords(clock)


@asynccontextmanager
async def sqlite(folder: Path, clock: StillClock) -> AsyncIterator[Store]:
    """In a file."""
    database = SqliteRecords(folder / "records.sqlite3", EVERYTHING, clock.now)
    async with RecordLog(database, 100, clock, ListObserver()) as log:
        yield log


@asynccontextmanager
async def postgres(url: Secret, clock: StillClock) -> AsyncIterator[Store]:
    """In a database, all of whose tables are new."""
    await forget_all(url)
    database = PostgresRecords(url, EVERYTHING, clock.now)
    async with RecordLog(database, 100, clock, ListObserver()) as log:
        yield log


async def forget_all(url: Secret) -> None:
    """As if this program had never been there."""
    link = Link(url, "test", 10.0)
    await link.run(
        lambda connection: connection.execute("DROP SCHEMA IF EXISTS cursor_api CASCADE")
    )
    await link.close()


STORES: dict[str, Make] = {"memory": memory, "sqlite": sqlite}
POSTGRES = "postgres"


@pytest.fixture
def clock() -> StillClock:
    """At the beginning of an hour."""
    clock = StillClock()
    clock.seconds = float(HOUR)
    return clock


@pytest.fixture(params=[*sorted(STORES), POSTGRES])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: StillClock
) -> AsyncIterator[Store]:
    """An empty one of each kind."""
    making: AbstractAsyncContextManager[Store]
    if request.param == POSTGRES:
        making = postgres(request.getfixturevalue("postgres_url"), clock)
    else:
        making = STORES[request.param](tmp_path, clock)
    async with making as made:
        yield made


def id_at(second: float, number: int = 0) -> str:
    """The id of a request that began so many seconds into the hour."""
    return f"{round((HOUR + second) * 1000):012x}{number:020x}"


def record(second: float, **fields: Any) -> RequestRecord:
    """An answered request that began so many seconds into the hour."""
    made = RequestRecord(
        id=id_at(second),
        started_at=HOUR + second,
        caller="operator",
        model="gpt-4o",
        is_stream=False,
        status=Status.SUCCESS,
        duration_ms=200.0,
    )
    return made._replace(**fields)


FULL = RequestRecord(
    id=id_at(1.25, 7),
    started_at=HOUR + 1.25,
    caller="anna",
    model="claude-4-opus",
    is_stream=True,
    status=Status.FAILED,
    credential_alias="work",
    credential_masked="eyJh…9x8w",
    binding_masked="abcd…6789",
    error="The quota of this account is used up: 100 % — 用完了 \U0001f600",
    error_kind=FaultKind.QUOTA_EXHAUSTED,
    usage=Usage(1200, 34, UsageSource.UPSTREAM, 1000, 100, 30),
    first_delta_ms=412.625,
    duration_ms=2031.5,
    attempts=(
        Attempt("home", HOUR + 1.5, FaultKind.RATE_LIMITED, 90.125),
        Attempt("work", HOUR + 1.75, FaultKind.QUOTA_EXHAUSTED, 300.0),
    ),
    dialect="anthropic",
    client="claude-cli/2.1",
    endpoint="cursor",
    model_served="claude-4-opus-thinking",
    finish=FinishReason.LENGTH,
    cost_nano=123_456_789_012,
)


async def ids(store: Store, query: RecordQuery) -> list[str]:
    """All that a query finds, page by page."""
    found: list[str] = []
    while True:
        page = await store.page(query)
        rows = [one.id for one in page.records]
        assert rows == sorted(rows, reverse=True)
        if query.after is None:
            found += rows
            query = query._replace(before=page.continue_from)
        else:
            found = rows + found
            query = query._replace(after=page.continue_from)
        if page.continue_from is None:
            return found


async def test_an_empty_store(store: Store) -> None:
    """Nothing happened yet, and nothing fails."""
    assert await store.find("0" * 32) is None
    page = await store.page(RecordQuery())
    assert (page.records, page.continue_from) == ((), None)
    assert await store.choices() == ((), (), ())
    assert list(await store.usage(ANY_TIME)) == []
    assert list(await store.refusals(0, 2**40)) == []
    assert list(await store.first_delta_ms(0, 100)) == []
    assert await store.delete(RecordFilter(), 100) == 0
    assert list(await store.recent(10)) == []


@pytest.mark.parametrize("kept", [FULL, record(2.0)], ids=["full", "bare"])
async def test_what_is_found_is_what_was_recorded(store: Store, kept: RequestRecord) -> None:
    """At once, to the last field."""
    store.record(kept)
    assert await store.find(kept.id) == kept
    assert (await store.page(RecordQuery())).records == (kept,)
    assert list(await store.recent(10)) == [kept]
    assert await store.find(id_at(99)) is None


async def test_a_record_that_comes_twice_is_one(store: Store) -> None:
    """And counts once: whatever is replayed is harmless."""
    for _ in range(2):
        store.record(FULL)
        await store.page(RecordQuery())
    assert len((await store.page(RecordQuery())).records) == 1
    (row,) = await store.usage(ANY_TIME)
    assert row.counts == counts_of(FULL)


async def test_pages_are_newest_first_and_say_where_to_go_on(store: Store) -> None:
    """Requests end in another order than they began."""
    for second in (3, 1, 5, 2, 4):
        store.record(record(second))
    page = await store.page(RecordQuery(rows_max=2))
    assert [one.id for one in page.records] == [id_at(5), id_at(4)]
    assert page.continue_from == id_at(4)
    page = await store.page(RecordQuery(before=page.continue_from, rows_max=2))
    assert [one.id for one in page.records] == [id_at(3), id_at(2)]
    page = await store.page(RecordQuery(before=page.continue_from, rows_max=2))
    assert [one.id for one in page.records] == [id_at(1)]
    assert page.continue_from is None


async def test_newer_ones_come_in_pages_too(store: Store) -> None:
    """The oldest of them first, so that none is left out."""
    for second in range(1, 6):
        store.record(record(second))
    page = await store.page(RecordQuery(after=id_at(1), rows_max=2))
    assert [one.id for one in page.records] == [id_at(3), id_at(2)]
    page = await store.page(RecordQuery(after=page.continue_from, rows_max=2))
    assert [one.id for one in page.records] == [id_at(5), id_at(4)]
    assert page.continue_from is None
    assert (await store.page(RecordQuery(after=id_at(5)))).records == ()


BAD: dict[str, Any] = {
    "status": Status.FAILED,
    "error_kind": FaultKind.UPSTREAM_ERROR,
    "error": "It failed: 50% _x",
}
VARIED = (
    record(1),
    record(2, model="other", dialect="anthropic"),
    record(3, caller="anna", credential_alias="work", endpoint="cursor"),
    record(4, **BAD),
    record(5, status=Status.REFUSED, error_kind=FaultKind.CONTEXT_TOO_LONG, error="Too LONG it is"),
    record(6, status=Status.CANCELLED),
    record(3700, model='it\'s "quoted"; --'),
)


@pytest.mark.parametrize(
    ("wanted", "seconds"),
    [
        (RecordFilter(), [3700, 6, 5, 4, 3, 2, 1]),
        (RecordFilter(since=HOUR + 3), [3700, 6, 5, 4, 3]),
        (RecordFilter(until=HOUR + 3), [2, 1]),
        (RecordFilter(since=HOUR + 2, until=HOUR + 2.001), [2]),
        (RecordFilter(since=-1.0, until=2.0**40), [3700, 6, 5, 4, 3, 2, 1]),
        (RecordFilter(model="other"), [2]),
        (RecordFilter(model='it\'s "quoted"; --'), [3700]),
        (RecordFilter(model="%"), []),
        (RecordFilter(dialect="anthropic"), [2]),
        (RecordFilter(caller="anna"), [3]),
        (RecordFilter(credential="work", endpoint="cursor"), [3]),
        (RecordFilter(credential="work", caller="operator"), []),
        (RecordFilter(status=Status.FAILED), [4]),
        (RecordFilter(status=Status.REFUSED), [5]),
        (RecordFilter(status=Status.CANCELLED), [6]),
        (RecordFilter(status=Status.SUCCESS, model="gpt-4o"), [3, 1]),
        (RecordFilter(fault=FaultKind.UPSTREAM_ERROR), [4]),
        (RecordFilter(text="fAILed"), [4]),
        (RecordFilter(text="50%"), [4]),
        (RecordFilter(text="_x"), [4]),
        (RecordFilter(text="%"), [4]),
        (RecordFilter(text="i"), [5, 4]),
        (RecordFilter(text="i", until=HOUR + 5), [4]),
        (RecordFilter(text="\\"), []),
    ],
)
async def test_filters(store: Store, wanted: RecordFilter, seconds: list[int]) -> None:
    """Each alone and together, taken as they are; in pages of any size, forwards and backwards."""
    for one in VARIED:
        store.record(one)
    expected = [id_at(second) for second in seconds]
    assert await ids(store, RecordQuery(wanted)) == expected
    assert await ids(store, RecordQuery(wanted, rows_max=2)) == expected
    assert await ids(store, RecordQuery(wanted, after="0" * 32, rows_max=2)) == expected
    assert await store.count(wanted) == len(expected)


async def test_sums_are_by_hour_model_credential_and_caller(store: Store) -> None:
    """Each ended request as it counts everywhere."""
    estimated = Usage(10, 4, UsageSource.ESTIMATED)
    kept = [
        FULL,
        FULL._replace(id=id_at(1.5, 8), usage=estimated, cost_nano=None),
        record(3),
        record(4, **BAD),
        record(3600 + 3),
    ]
    for one in kept:
        store.record(one)
    rows = list(await store.usage(ANY_TIME))
    mine = (HOUR, "claude-4-opus", "work", "anna")
    assert [row[:4] for row in rows] == [
        mine,
        (HOUR, "gpt-4o", "", "operator"),
        (HOUR + 3600, "gpt-4o", "", "operator"),
    ]
    assert rows[0].counts == counts_of(kept[0]).plus(counts_of(kept[1]))
    assert rows[1].counts == counts_of(kept[2]).plus(counts_of(kept[3]))
    later = await store.usage(UsageQuery(HOUR + 3600, HOUR + 7200))
    assert [row.hour_at for row in later] == [HOUR + 3600]
    for query in (
        ANY_TIME._replace(model="claude-4-opus"),
        ANY_TIME._replace(credential="work"),
        ANY_TIME._replace(caller="anna"),
    ):
        assert [row[:4] for row in await store.usage(query)] == [mine]
    assert list(await store.usage(ANY_TIME._replace(model="nobody"))) == []


async def test_what_is_deleted_still_counts(store: Store) -> None:
    """Oldest first, so many at a time."""
    for one in VARIED:
        store.record(one)
    before = list(await store.usage(ANY_TIME))
    assert await store.delete(RecordFilter(caller="operator"), 2) == 2
    assert await ids(store, RecordQuery()) == [id_at(second) for second in (3700, 6, 5, 4, 3)]
    assert await store.delete(RecordFilter(caller="operator"), 100) == 4
    assert await ids(store, RecordQuery()) == [id_at(3)]
    assert await store.delete(RecordFilter(caller="operator"), 100) == 0
    assert list(await store.usage(ANY_TIME)) == before


async def test_a_model_that_nobody_serves_is_not_among_the_sums(store: Store) -> None:
    """It may be any text of a caller, a key even."""
    store.record(
        record(1, model="sk-secret", status=Status.REFUSED, error_kind=FaultKind.MODEL_NOT_FOUND)
    )
    (row,) = await store.usage(ANY_TIME)
    assert (row.model, row.counts.refused_count) == ("", 1)
    assert (await store.choices()).models == ()


async def test_choices_are_what_occurred(store: Store) -> None:
    """Sorted, each once."""
    for one in (*VARIED, FULL):
        store.record(one)
    models, credentials, callers = await store.choices()
    assert models == ("claude-4-opus", "gpt-4o", 'it\'s "quoted"; --', "other")
    assert (credentials, callers) == (("work",), ("anna", "operator"))


async def test_what_was_refused_before_it_was_a_request_is_counted(
    store: Store, clock: StillClock
) -> None:
    """By the hour and the fault; no row each."""
    for _ in range(3):
        store.count_refusal(FaultKind.UNAUTHENTICATED)
    store.count_refusal(FaultKind.MALFORMED_REQUEST)
    clock.seconds += 3600
    store.count_refusal(FaultKind.UNAUTHENTICATED)
    assert list(await store.refusals(0, 2**40)) == [
        (HOUR, FaultKind.MALFORMED_REQUEST, 1),
        (HOUR, FaultKind.UNAUTHENTICATED, 3),
        (HOUR + 3600, FaultKind.UNAUTHENTICATED, 1),
    ]
    assert [row.hour_at for row in await store.refusals(HOUR + 3600, 2**40)] == [HOUR + 3600]
    assert (await store.page(RecordQuery())).records == ()
    assert list(await store.usage(ANY_TIME)) == []


async def test_how_long_answers_took_to_begin(store: Store) -> None:
    """The last so many of those that did begin."""
    for second in range(1, 6):
        store.record(record(second, first_delta_ms=float(second)))
    store.record(record(6))
    assert sorted(await store.first_delta_ms(HOUR + 2, 3)) == [3, 4, 5]
    assert sorted(await store.first_delta_ms(HOUR + 4, 100)) == [4, 5]


async def test_texts_are_kept_apart_and_go_with_their_requests(store: Store) -> None:
    """Whatever is in them comes back, until somebody asks for a deletion of what he said."""
    odd = 'It\'s "odd"; -- \0 猫'
    for second in range(1, 5):
        if second != 2:
            store.keep(Spoken(id_at(second), answer=f"{second} {odd}"))
        store.record(record(second, caller="anna" if second == 3 else "operator"))
    every = [id_at(second) for second in range(1, 6)]
    said = {one.id: one.answer[0].text for one in await store.contents(every)}
    assert said == {id_at(second): f"{second} {odd}" for second in (1, 3, 4)}
    assert await store.contents([every[0]]) == [Spoken(every[0], answer=f"1 {odd}").content()]
    assert await store.delete(RecordFilter(caller="anna"), 9) == 1
    assert await store.delete(RecordFilter(until=HOUR + 2), 9) == 1
    assert [one.id for one in await store.contents(every)] == [id_at(4)]


async def test_what_ended_last_is_found_whenever_it_began(store: Store) -> None:
    """The last end first; who follows along misses none that lasted long."""
    for second, lasted in ((50, 1), (1, 60), (40, 11), (2, 5), (52, 0.5)):
        store.record(record(second, duration_ms=lasted * 1000.0, model=f"m-{second}"))
    assert await store.count(RecordFilter()) == 5, "it is written"
    wanted = RecordFilter(model="m-40", caller="operator", since=HOUR + 5, until=HOUR + 45)
    for query, seconds in (
        (RecordQuery(ended_since=HOUR + 51), (1, 52, 50, 40)),
        (RecordQuery(ended_since=HOUR + 51, rows_max=2), (1, 52)),
        (RecordQuery(wanted, ended_since=HOUR + 51), (40,)),
    ):
        page = await store.page(query)
        assert [one.id for one in page.records] == [id_at(second) for second in seconds]
        assert page.continue_from is None
