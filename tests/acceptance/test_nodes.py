"""Two nodes at one PostgreSQL and one Redis: what they count together is what is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from cursor_api.bootstrap import file_stores
from cursor_api.domain.credential import Secret
from cursor_api.stores.redis import link as redis_link
from cursor_api.telemetry.redaction import Redactor
from tests.acceptance.in_process import Gateway, gateway_of
from tests.acceptance.test_record_faults import settings_at, upstream
from tests.contract.test_records import forget_all
from tests.postgres_server import PostgresServer, postgres_server
from tests.redis_server import RedisServer, redis_server
from tests.wire import Wire, wire_to

PER_DAY = 100


class Nodes(NamedTuple):
    """Both, and the cables of the second one to its database and to Redis."""

    one: Gateway
    other: Gateway
    database: Wire
    shared: Wire
    redis: RedisServer

    async def make_key(self) -> dict[str, str]:
        """One with a limit, as a header."""
        body = b'{"id": "alice", "name": "Alice", "limits": {"requests_per_day": %d}}' % PER_DAY
        made = await self.one.ask("POST", "/api/keys", body=body)
        return {"Authorization": f"Bearer {made.json()['secret']}"}

    async def find_used(self, mine: dict[str, str]) -> int:
        """What is counted of the key today."""
        usage = (await self.one.ask("GET", "/v1/usage", headers=mine)).json()
        left: int = usage["key"]["left"][0]["left"]
        return PER_DAY - left

    async def until_used(self, mine: dict[str, str], count: int) -> None:
        """Wait for it."""
        async with asyncio.timeout(30):
            while await self.find_used(mine) != count:
                await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    """Of both."""
    with postgres_server() as made:
        yield made


@pytest.fixture
async def nodes(
    database: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Nodes]:
    """With nothing counted and nothing recorded."""
    # On a busy machine an answer of Redis may take long.
    monkeypatch.setattr(redis_link, "ANSWER_S", 10.0)
    await forget_all(Secret(database.url))
    with redis_server() as redis:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(upstream())
            wires = [await stack.enter_async_context(wire_to(database.port)) for _ in range(2)]
            shared = [await stack.enter_async_context(wire_to(redis.port)) for _ in range(2)]
            made = []
            for name, wire, to_redis in zip(("one", "other"), wires, shared, strict=True):
                settings = settings_at(
                    database,
                    tmp_path / name,
                    url,
                    DATABASE_URL=database.url.replace(f":{database.port}/", f":{wire.port}/"),
                    REDIS_URL=redis.url.replace(f":{redis.port}/", f":{to_redis.port}/"),
                )
                opened = gateway_of(settings, file_stores(settings), Redactor())
                made.append(await stack.enter_async_context(opened))
            yield Nodes(made[0], made[1], wires[1], shared[1], redis)


async def test_records_that_wait_at_one_node_are_counted_though_redis_lost_its_counters(
    nodes: Nodes,
) -> None:
    """The other node tells Redis anew what was used, and cannot know of them then."""
    mine = await nodes.make_key()
    for node in (nodes.one, nodes.other):
        assert (await node.chat("Hello!", headers=mine)).status == 200
    nodes.database.cut()
    for _ in range(3):
        assert (await nodes.other.chat("Hello!", headers=mine)).status == 200
    await nodes.until_used(mine, 5)
    nodes.redis.ask("FLUSHALL")
    async with asyncio.timeout(10):
        while (await nodes.other.ask("GET", "/api/now")).json()["records"]["waiting_rows"] < 3:
            await asyncio.sleep(0.05)
    assert (await nodes.one.chat("Hello!", headers=mine)).status == 200
    # Those at the other node are missing.
    assert await nodes.find_used(mine) < 4
    nodes.database.mend()
    await nodes.until_used(mine, 6)


async def test_what_a_node_is_refused_while_redis_is_out_of_its_reach_is_not_counted(
    nodes: Nodes,
) -> None:
    """Nor is anything counted twice that was under way there."""
    mine = await nodes.make_key()
    assert (await nodes.other.chat("Hello!", headers=mine)).status == 200
    slow = asyncio.create_task(
        nodes.other.chat("/sim rate 80, bytes 80\nTell me.", headers=mine, stream=True)
    )
    await nodes.until_used(mine, 2)
    nodes.shared.cut()
    assert (await slow).status == 200
    for _ in range(3):
        assert (await nodes.other.chat("Hello!", headers=mine)).status == 503
    assert (await nodes.one.chat("Hello!", headers=mine)).status == 200
    nodes.redis.stop()
    nodes.redis.start()
    # Told by the records, which have the slow one already, before the other node is back.
    async with asyncio.timeout(10):
        while (await nodes.one.chat("Hello!", headers=mine)).status != 200:
            await asyncio.sleep(0.1)
    assert await nodes.find_used(mine) == 4
    nodes.shared.mend()
    async with asyncio.timeout(10):
        while (await nodes.other.chat("Hello!", headers=mine)).status != 200:
            await asyncio.sleep(0.1)
    assert await nodes.find_used(mine) == 5


async def test_a_key_that_was_revoked_is_refused_where_only_the_database_is_out_of_reach(
    nodes: Nodes,
) -> None:
    """Over Redis a node hears that it has changed, and does not know how; the others go on."""
    mine = await nodes.make_key()
    made = await nodes.one.ask("POST", "/api/keys", body=b'{"id": "bob", "name": "Bob"}')
    bobs = {"Authorization": f"Bearer {made.json()['secret']}"}
    for headers in (mine, bobs):
        assert (await nodes.other.chat("Hello!", headers=headers)).status == 200
    nodes.database.cut()
    assert (await nodes.one.ask("POST", "/api/keys/alice/revoke")).status == 200
    async with asyncio.timeout(10):
        while (answer := await nodes.other.chat("Hello!", headers=mine)).status == 200:
            await asyncio.sleep(0.1)
    assert (answer.status, answer.json()["error"]["code"]) == (503, "keys_unavailable")
    assert (await nodes.other.chat("Hello!", headers=bobs)).status == 200
    nodes.database.mend()
    async with asyncio.timeout(10):
        while (await nodes.other.chat("Hello!", headers=mine)).status != 401:
            await asyncio.sleep(0.1)
