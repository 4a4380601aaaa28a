"""What every store of API keys and prices promises."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest
from msgspec.structs import replace

from cursor_api.domain.act import Act, ActKind, ActQuery
from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StaleKeyError
from cursor_api.domain.periods import Period, Unit
from cursor_api.domain.permission import Permission
from cursor_api.domain.price import Price
from cursor_api.domain.quota import Budget, Limits
from cursor_api.ports.audit import AuditStore
from cursor_api.ports.keys import KeyStore, PriceStore
from cursor_api.stores.memory_keys import MemoryKeyStore
from cursor_api.stores.postgres.keys import PostgresKeys
from cursor_api.stores.sqlite.keys import SqliteKeys
from tests.contract.test_records import POSTGRES, forget_all


class BothStores(KeyStore, PriceStore, AuditStore, Protocol):
    """They are one."""


@asynccontextmanager
async def memory() -> AsyncIterator[BothStores]:
    """Lasts as long as the process."""
    yield MemoryKeyStore()


@asynccontextmanager
async def sqlite() -> AsyncIterator[BothStores]:
    """In a file that is not there yet."""
    with tempfile.TemporaryDirectory(prefix="keys-") as folder:
        store = SqliteKeys(Path(folder) / "log.sqlite3")
        yield store
        await store.close()


@asynccontextmanager
async def postgres(url: Secret) -> AsyncIterator[BothStores]:
    """In a database that this program has never seen."""
    await forget_all(url)
    store = PostgresKeys(url)
    yield store
    await store.close()


STORES: dict[str, Callable[[], AbstractAsyncContextManager[BothStores]]] = {
    "memory": memory,
    "sqlite": sqlite,
}

PLAIN = ApiKey("alice", b"d" * 32, "sk-ca-abcd", "Alice", 100.5)
FULL = ApiKey(
    id="bob",
    digest=b"e" * 32,
    hint="sk-ca-efgh",
    name="Bob – 笔记本 🙂",
    created_at=200.0,
    owner="bob@example.org",
    note="his laptop",
    role=Permission.ADMIN,
    models=("gpt-4o", "claude-*"),
    limits=Limits(
        requests_per_minute=1,
        tokens_per_minute=100_000_000_000,
        requests_per_day=3,
        tokens_per_day=4,
        concurrent_max=5,
        budget=Budget(9_000_000_000_000_000, Unit.NANO_DOLLARS, Period.WEEK),
        output_reserve_count=7,
    ),
    zone="Asia/Shanghai",
    expires_at=300.25,
    revoked_at=250.0,
    previous_digest=b"f" * 32,
    previous_until=240.0,
    version=1,
)
JANUARY, JUNE = dt.date(2025, 1, 1), dt.date(2025, 6, 1)
PRICE = Price("gpt-*", JANUARY, 2_500_000_000, 10_000_000_000, "the maker's page")


@pytest.fixture(params=[*STORES, POSTGRES])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[BothStores]:
    """Each of them, empty."""
    making: AbstractAsyncContextManager[BothStores]
    if request.param == POSTGRES:
        making = postgres(request.getfixturevalue("postgres_url"))
    else:
        making = STORES[request.param]()
    async with making as store:
        yield store


async def test_an_empty_store(store: BothStores) -> None:
    """Nothing was made yet."""
    assert list(await store.load()) == []
    assert list(await store.load_prices()) == []


async def test_every_part_of_a_key_comes_back(store: BothStores) -> None:
    """In the order in which they were made."""
    await store.put(FULL)
    await store.put(PLAIN)
    assert list(await store.load()) == [PLAIN, FULL]
    assert not await store.has_changed()


async def test_a_change_replaces_the_version_before(store: BothStores) -> None:
    """And no other one: who was second reads again."""
    await store.put(PLAIN)
    changed = replace(PLAIN, name="Alice B.", version=2)
    await store.put(changed)
    for wrong in (PLAIN, changed, replace(PLAIN, version=4), replace(FULL, version=2)):
        with pytest.raises(StaleKeyError, match=wrong.id):
            await store.put(wrong)
    assert list(await store.load()) == [changed]


async def test_a_key_is_deleted_as_it_was_read(store: BothStores) -> None:
    """Its id is free then."""
    await store.put(PLAIN)
    await store.put(replace(PLAIN, version=2))
    for wrong in (PLAIN, FULL):
        with pytest.raises(StaleKeyError, match=wrong.id):
            await store.delete(wrong)
    await store.delete(replace(PLAIN, version=2))
    assert list(await store.load()) == []
    await store.put(PLAIN)


async def test_prices_are_by_pattern_and_day(store: BothStores) -> None:
    """A second one of the same day is a correction."""
    later = PRICE._replace(valid_from=JUNE, cache_read_nano=0, cache_written_nano=1)
    other = PRICE._replace(pattern="claude")
    for one in (PRICE._replace(input_nano=1), later, other, PRICE):
        await store.put_price(one)
    assert list(await store.load_prices()) == [other, PRICE, later]
    assert await store.delete_price("gpt-*", JANUARY)
    assert not await store.delete_price("gpt-*", JANUARY)
    assert list(await store.load_prices()) == [other, later]


async def test_acts_are_kept_in_their_order_and_found_by_what_they_are(store: BothStores) -> None:
    """The last one first, in pages; by time, by who and by what."""
    acts = [
        Act(100.25, "operator", "key_created", "alice"),
        Act(100.5, "bob", "price_set", "m-* 2026-01-31 – 价格 🙂"),
        # Its clock is behind.
        Act(50.0, "command-line", "key_created", ""),
    ]
    assert await store.find_acts(ActQuery(10)) == []
    for act in acts:
        await store.add_act(act)
    found = await store.find_acts(ActQuery(10))
    assert [one.act for one in found] == acts[::-1]
    numbers = [one.number for one in found]
    assert numbers == sorted(numbers, reverse=True)

    async def wanted(**more: object) -> list[Act]:
        query = ActQuery(10)._replace(**more)  # type: ignore[arg-type]  # its fields
        return [one.act for one in await store.find_acts(query)]

    assert await wanted(acts_max=2) == [acts[2], acts[1]]
    assert await wanted(before=numbers[0]) == [acts[1], acts[0]]
    assert await wanted(since=100.25, until=100.5) == [acts[0]]
    assert await wanted(actor="bob") == [acts[1]]
    assert await wanted(kind=ActKind.KEY_CREATED, actor="operator") == [acts[0]]
    assert await wanted(kind=ActKind.KEY_REVOKED) == []


async def test_the_oldest_acts_go(store: BothStores, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk is not filled by what nobody reads any more."""
    monkeypatch.setattr(f"{type(store).__module__}.ACTS_MAX", 2)
    if isinstance(store, MemoryKeyStore):
        # Its bound is made with it.
        store = MemoryKeyStore()
    for number in range(4):
        await store.add_act(Act(float(number), "operator", "key_created", str(number)))
    kept = await store.find_acts(ActQuery(10))
    assert [one.act.subject for one in kept] == ["3", "2"]
