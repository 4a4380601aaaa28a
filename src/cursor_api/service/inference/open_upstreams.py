"""The upstreams that are open: each as long as it is configured so, and until its answers end.

Rules of this file:
- Upstreams are opened all or none; none is opened anew that stays as it is.
- No request is counted for it: those under way at the moment of a change are what is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from msgspec import Struct

from cursor_api.ports.process import Clock, Observer
from cursor_api.ports.upstream import Upstream

# What asks an upstream without being a request (the test of a credential, the list of models) has
# ended after this time.
LINGER_S = 60.0
LOOK_EVERY_S = 5.0


class UpstreamPlan(Struct, frozen=True):
    """How to open an upstream; it is another one when its `key` is another one."""

    key: object
    build: Callable[[], AbstractAsyncContextManager[Upstream]]


class _Opened(Struct, frozen=True):
    key: object
    upstream: Upstream
    stack: AsyncExitStack


class _Retired(Struct):
    """One that no new request asks, and the requests that may still read from it."""

    stack: AsyncExitStack
    retired_at: float
    requests: AbstractSet[object]


class OpenUpstreams:
    """Opens and closes them. `requests` gives those under way."""

    def __init__(
        self, requests: Callable[[], AbstractSet[object]], clock: Clock, observer: Observer
    ) -> None:
        self._requests = requests
        self._clock = clock
        self._observer = observer
        self._opened: dict[str, _Opened] = {}
        self._retired: list[_Retired] = []

    def __repr__(self) -> str:
        return f"OpenUpstreams({len(self._opened)}, retired={len(self._retired)})"

    async def replace(self, plans: Mapping[str, UpstreamPlan]) -> dict[str, Upstream]:
        """Those of these names; raises OSError where one cannot be opened, and keeps all then.

        Whoever calls puts them in place before anything else runs.
        """
        opened: dict[str, _Opened] = {}
        async with AsyncExitStack() as fresh:
            for name, plan in plans.items():
                before = self._opened.get(name)
                if before is None or before.key != plan.key:
                    stack = await fresh.enter_async_context(AsyncExitStack())
                    upstream = await stack.enter_async_context(plan.build())
                    before = _Opened(plan.key, upstream, stack)
                opened[name] = before
            fresh.pop_all()
        now, requests = self._clock.monotonic(), frozenset(self._requests())
        self._retired += [
            _Retired(one.stack, now, requests)
            for name, one in self._opened.items()
            if opened.get(name) is not one
        ]
        self._opened = opened
        return {name: one.upstream for name, one in opened.items()}

    async def watch(self) -> None:
        """Close those that nobody reads from any more, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.close_unused()

    async def close_unused(self) -> None:
        """Close those that nobody reads from any more."""
        now = self._clock.monotonic()
        kept: list[_Retired] = []
        unused: list[_Retired] = []
        for one in self._retired:
            one.requests &= self._requests()
            is_unused = not one.requests and now - one.retired_at >= LINGER_S
            (unused if is_unused else kept).append(one)
        self._retired = kept
        for one in unused:
            await self._close(one.stack)

    async def close(self) -> None:
        """Close all, whoever reads from them."""
        stacks = [
            *(retired.stack for retired in self._retired),
            *(opened.stack for opened in self._opened.values()),
        ]
        self._opened, self._retired = {}, []
        for stack in stacks:
            await self._close(stack)

    async def _close(self, stack: AsyncExitStack) -> None:
        try:
            await stack.aclose()
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are to be closed
            self._observer.warn("an upstream could not be closed", exc_info=error)
