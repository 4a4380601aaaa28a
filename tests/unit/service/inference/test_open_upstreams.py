"""Upstreams that are open: opened all or none, kept where they stay, closed when nobody reads."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cursor_api.ports.upstream import Upstream
from cursor_api.service.inference.open_upstreams import LINGER_S, OpenUpstreams, UpstreamPlan
from tests.fakes import ListObserver, ScriptedUpstream, StillClock


class Yard:
    """Upstreams that tell when they are opened and closed, and the requests under way."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.clock = StillClock()
        self.observer = ListObserver()
        self.requests: set[object] = set()
        self.upstreams = OpenUpstreams(lambda: self.requests, self.clock, self.observer)

    async def use(self, **keys: str) -> dict[str, Upstream]:
        """Those of these names and keys."""
        plans = {
            name: UpstreamPlan(key, functools.partial(self._open, key))
            for name, key in keys.items()
        }
        return await self.upstreams.replace(plans)

    async def look(self, after_s: float = LINGER_S) -> list[str]:
        """Close what can be closed after this time; what was told by then."""
        self.clock.seconds += after_s
        await self.upstreams.close_unused()
        return self.told

    @asynccontextmanager
    async def _open(self, key: str) -> AsyncIterator[Upstream]:
        if key == "bad":
            raise OSError("no certificate")
        self.told.append(f"+{key}")
        try:
            yield ScriptedUpstream({})
        finally:
            self.told.append(f"-{key}")
        if key == "stuck":
            raise RuntimeError("it does not close")


async def test_what_stays_as_it_is_stays_open() -> None:
    """Its connections are warm; only what has changed is opened."""
    yard = Yard()
    before = await yard.use(a="a1", b="b1")
    after = await yard.use(b="b1", a="a2")
    assert (after["b"] is before["b"], after["a"] is before["a"]) == (True, False)
    assert list(after) == ["b", "a"]
    assert yard.told == ["+a1", "+b1", "+a2"]


async def test_one_that_was_replaced_or_removed_closes_with_its_last_answer() -> None:
    """Requests that came after the change do not read from it, and keep it open no longer."""
    yard = Yard()
    await yard.use(a="a1", b="b1")
    first, second = object(), object()
    yard.requests |= {first, second}
    await yard.use(a="a2")
    yard.requests -= {first}
    yard.requests |= {object()}
    assert await yard.look() == ["+a1", "+b1", "+a2"]
    yard.requests -= {second}
    assert await yard.look() == ["+a1", "+b1", "+a2", "-a1", "-b1"]
    assert repr(yard.upstreams) == "OpenUpstreams(1, retired=0)"


async def test_a_test_of_a_credential_is_waited_for_too() -> None:
    """It is no request; it has ended a minute after the change."""
    yard = Yard()
    await yard.use(a="a1")
    await yard.use()
    assert await yard.look(LINGER_S - 1) == ["+a1"]
    assert await yard.look(1) == ["+a1", "-a1"]


async def test_all_are_opened_or_none() -> None:
    """What was opened before one that fails is closed at once; those from before serve on."""
    yard = Yard()
    before = await yard.use(a="a1")
    with pytest.raises(OSError, match="no certificate"):
        await yard.use(a="a2", b="bad")
    assert yard.told == ["+a1", "+a2", "-a2"]
    assert (await yard.use(a="a1"))["a"] is before["a"]
    assert await yard.look() == ["+a1", "+a2", "-a2"]


async def test_at_the_end_all_are_closed_whatever_one_of_them_does() -> None:
    """Those that are retired, too; what went wrong is told."""
    yard = Yard()
    yard.requests |= {object()}
    await yard.use(a="stuck", b="b1")
    await yard.use(b="b1")
    await yard.upstreams.close()
    assert yard.told == ["+stuck", "+b1", "-stuck", "-b1"]
    assert [event for event, _ in yard.observer.warnings] == ["an upstream could not be closed"]
