"""What one node tells the others hear, at once or when they come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.ports.facts import Fact
from cursor_api.stores.redis import facts as redis_facts
from cursor_api.stores.redis import link as redis_link
from cursor_api.stores.redis.shared import RedisShared
from tests.fakes import ListObserver
from tests.redis_server import RedisServer
from tests.waiting import until

HOUR_S = 3600.0


class Node:
    """One that remembers what it hears."""

    def __init__(self, url: Secret) -> None:
        self.observer = ListObserver()
        self.shared = RedisShared(url, self.observer)
        self.shared.facts.listen(self)
        self.heard: list[tuple[str, bytes]] = []
        self.begun: list[dict[str, Fact]] = []

    def hear(self, fact: Fact) -> None:
        """At once."""
        self.heard.append((fact.name, fact.state))

    def begin(self, facts: Sequence[Fact]) -> None:
        """All there is."""
        self.begun.append({fact.name: fact for fact in facts})

    def tell(self, name: str, state: bytes, kept_s: float = HOUR_S) -> None:
        """To all."""
        self.shared.facts.tell(Fact(name, state), kept_s)


@pytest.fixture
async def nodes(url: Secret, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Node]]:
    """Two of them, that try again soon."""
    monkeypatch.setattr(redis_facts, "RETRY_S", 0.02)
    monkeypatch.setattr(redis_link, "RETRY_S", 0.02)
    async with AsyncExitStack() as stack:
        made = [Node(url) for _ in range(2)]
        for one in made:
            await stack.enter_async_context(one.shared)
        await until(lambda: all(one.begun for one in made))
        yield made


async def test_what_one_tells_the_others_hear(nodes: list[Node]) -> None:
    """In its order, and not the teller."""
    mine, theirs = nodes
    mine.tell("a|m", b"one")
    mine.tell("a|m", b"")
    mine.tell("b|m", '"ü"'.encode())
    await until(lambda: len(theirs.heard) == 3)
    assert theirs.heard == [("a|m", b"one"), ("a|m", b""), ("b|m", '"ü"'.encode())]
    assert mine.heard == []
    assert repr(mine.shared.facts) == "RedisFacts(untold=0)"


async def test_who_comes_later_hears_what_holds(nodes: list[Node], url: Secret) -> None:
    """The last of each name, with its age, and what is well again too; what is over no more."""
    mine, theirs = nodes
    mine.tell("a|m", b"one")
    mine.tell("a|m", b"two")
    mine.tell("b|m", b"")
    mine.tell("c|m", b"over", kept_s=0.001)
    await until(lambda: len(theirs.heard) == 4)
    late = Node(url)
    async with late.shared:
        await until(lambda: late.begun)
    [begun] = late.begun
    assert {name: fact.state for name, fact in begun.items()} == {"a|m": b"two", "b|m": b""}
    assert 0 <= begun["a|m"].age_s < 10


async def test_a_gap_is_closed_by_reading_all_again(server: RedisServer, nodes: list[Node]) -> None:
    """What was told meanwhile is told when the server is back, and an older word of it is left."""
    mine, theirs = nodes
    mine.tell("a|m", b"one")
    await until(lambda: theirs.heard)
    server.stop()
    await until(lambda: not (mine.shared.is_up or theirs.shared.is_up))
    mine.tell("a|m", b"two")
    mine.tell("a|m", b"three")
    server.start()
    await until(lambda: theirs.heard[-1] == ("a|m", b"three") or "a|m" in theirs.begun[-1])
    assert b"two" not in dict(theirs.heard).values()
    assert "untold=0" in repr(mine.shared.facts)


async def test_a_server_that_does_not_let_us_listen_is_told(
    server: RedisServer, url: Secret
) -> None:
    """Once."""
    server.ask("ACL", "SETUSER", "deaf", "reset", "on", ">pw", "allkeys", "+@all", "-xread")
    node = Node(Secret(url.reveal().replace("://", "://deaf:pw@")))
    async with node.shared:
        await until(lambda: node.observer.warnings)
    [(warning, _)] = node.observer.warnings
    assert warning == "what other nodes tell cannot be heard"
