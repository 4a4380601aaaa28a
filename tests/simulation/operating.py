"""What the operator of a simulated gateway does to it while requests run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from msgspec.structs import replace

from cursor_api.domain.credential import CredentialChange, Secret
from cursor_api.domain.errors import Fault, StoreError
from cursor_api.web.server.server import GatewayServer
from tests.simulation.accounts import Account
from tests.simulation.plan import OPERATOR_KEY, Deed
from tests.simulation.world import GATEWAY_PORT, World

PAGES = ("/", "/livez", "/readyz", "/v1/models", "/logs?limit=5", "/api/credentials")


# By how much the wall clock is set: seconds.
JUMPS_S = (-86_400.0, -3600.0, -5.0, 5.0, 3600.0)


class Operator:
    """Does the plan's deeds, each at its time."""

    def __init__(self, world: World, server: GatewayServer) -> None:
        self._world = world
        self._server = server
        self._roster = world.gateway.roster
        self._pool = world.gateway.endpoints["cursor"].pool
        self._deeds: dict[Deed, Callable[[str], Awaitable[None]]] = {
            Deed.HANG_UP: self._hang_up,
            Deed.REMOVE: self._remove,
            Deed.RENEW: self._renew,
            Deed.REORDER: self._reorder,
            Deed.DISABLE: self._disable,
            Deed.ENABLE: self._enable,
            Deed.CLEAR: self._clear,
            Deed.LOOK: self._look,
            Deed.SET_CLOCK: self._set_clock,
        }

    async def work(self) -> None:
        """All of them."""
        world = self._world
        for at, deed, number in sorted(world.plan.deeds, key=lambda one: one[0]):
            await asyncio.sleep(max(0.0, at - world.network.now))
            alias = world.plan.accounts[number].alias
            world.tell("operator", f"{deed.value}, {alias}")
            # What is not there any more cannot be changed.
            with suppress(Fault, StoreError):
                await self._deeds[deed](alias)

    async def _hang_up(self, _alias: str) -> None:
        self._server._hang_up()

    async def _remove(self, alias: str) -> None:
        self._world.touch(alias)
        await self._roster.remove(alias)

    async def _renew(self, alias: str) -> None:
        self._world.touch(alias)
        token = f"opaque-renewed-{len(self._world.touched)}-secret-of-{alias}-0123"
        plan = next(one for one in self._world.plan.accounts if one.alias == alias)
        self._world.accounts[token] = Account(plan)
        await self._roster.update(alias, CredentialChange(secret=Secret(token)))

    async def _reorder(self, _alias: str) -> None:
        self._world.touch("")
        texts = await self._roster.read_text()
        lines = texts.token_text.splitlines(keepends=True)
        await self._roster.replace_text("".join(reversed(lines)), None, texts.etag)

    async def _disable(self, alias: str) -> None:
        self._world.touch(alias)
        preferences = self._pool.get_slot(alias).preferences
        self._pool.set_preferences(alias, replace(preferences, is_enabled=False))

    async def _enable(self, _alias: str) -> None:
        self._world.touch("")
        for slot in self._pool.slots:
            self._pool.set_preferences(
                slot.credential.alias, replace(slot.preferences, is_enabled=True)
            )

    async def _clear(self, alias: str) -> None:
        self._world.touch(alias)
        self._pool.clear(alias)

    async def _set_clock(self, _alias: str) -> None:
        by_s = JUMPS_S[int(self._world.network.now) % len(JUMPS_S)]
        self._world.tell("operator", f"by {by_s} s")
        self._world.has_jumped = True
        self._world.clock.jump(by_s)

    async def _look(self, _alias: str) -> None:
        for page in PAGES:
            # Whoever looks after the gateway has ended finds nobody.
            with suppress(ConnectionError):
                await self._look_at(page)

    async def _look_at(self, page: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", GATEWAY_PORT)
        fields = f"host: gateway\r\nauthorization: Bearer {OPERATOR_KEY}\r\nconnection: close"
        writer.write(f"GET {page} HTTP/1.1\r\n{fields}\r\n\r\n".encode())
        try:
            await reader.read()
        finally:
            writer.close()
