"""Living through one plan: the whole gateway, with all who act on it, on virtual time.

Real are the settings, the composition, the HTTP server and client, asyncio's transports and the
simulator. Made up are the clock, the network under asyncio, and chance.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cursor_api import bootstrap
from cursor_api.installed import SCHEMA, Settings
from cursor_api.runtime import Reloader
from cursor_api.settings import load_settings
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.cursor.options import Gate
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.telemetry.logs import configure_logging
from cursor_api.telemetry.redaction import Redactor
from cursor_api.web.server.server import GatewayServer, create_server
from tests.log_lines import restored_logging
from tests.simulation.callers import TAG_HEADER, Client
from tests.simulation.operating import Operator
from tests.simulation.plan import Plan, Visit
from tests.simulation.virtual_loop import StandstillError, virtual_time
from tests.simulation.virtual_network import VirtualListener
from tests.simulation.world import GATEWAY_PORT, SIMULATOR_PORT, TAG, Heard, World

# No world lasts as long: a day.
PATIENCE_S = 86_400.0
# After the last request: what the simulator and the network may take to notice it.
REST_S = 10.0


def live(plan: Plan) -> World:
    """The world of a plan, lived through. What goes wrong at once is among its violations."""
    world = World(plan)
    random.seed(plan.seed)
    with restored_logging(), virtual_time(world.network) as runner:
        redactor = configure_logging("info", "json", world.log)
        runner.get_loop().set_exception_handler(
            lambda _loop, context: world.accuse(f"asyncio was told: {context}")
        )
        try:
            runner.run(_live(world, redactor))
        except (StandstillError, TimeoutError) as error:
            world.accuse(f"it never ended: {type(error).__name__} {error}")
    return world


class Begun(set[Any]):
    """The relay's own set of what is under way; tells the world of each that begins."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def add(self, exchange: Any) -> None:
        """One begins."""
        super().add(exchange)
        self._world.note_begun()


async def _live(world: World, redactor: Redactor) -> None:
    options = SimulatorOptions(
        port=SIMULATOR_PORT,
        choose=world.choose,
        now_s=world.clock.now,
        requests_kept_max=1,
    )
    # The upstream has the gateway's clock, and a request may be on its way when that is set: how
    # old its checksum looks says nothing here.
    gate = Gate(checksum_steps_max=None)
    async with asyncio.timeout(PATIENCE_S), CursorSimulator(options, gate) as simulator:
        world.simulator = simulator
        simulator._ledger.played = Heard(world)
        weather = asyncio.create_task(_change_weather(world))
        await asyncio.gather(*await _serve(world, redactor))
        weather.cancel()
        await asyncio.sleep(REST_S)
        if simulator.active_count or simulator.open_connection_count:
            world.accuse(f"{simulator!r} still has visitors")
    _look_for_leftovers(world)


async def _serve(world: World, redactor: Redactor) -> list[asyncio.Task[None]]:
    """The life of the gateway's process, from its start to its end; gives those who visit it."""
    plan = world.plan
    world.settings = settings = _settings(plan, world.simulator.url)
    credentials = [one.credential for one in plan.accounts]
    stores = replace(bootstrap.memory_stores(credentials), request_log=world)
    async with bootstrap.build_gateway(settings, stores, redactor, world.clock) as gateway:
        world.gateway = gateway
        chat: Any = next(iter(gateway.app._inference.values()))
        chat._relay.active = Begun(world)
        # Ids of the wire: compressed, their lengths differ, and with them every moment.
        cursor: Any = gateway.endpoints["cursor"].upstream
        cursor._calls._random_bytes = random.randbytes
        for one in plan.accounts:
            gateway.endpoints["cursor"].pool.set_preferences(one.alias, one.preferences)
        server = _make_server(world, settings)
        listener: Any = VirtualListener(world.network, ("127.0.0.1", GATEWAY_PORT))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        visits = [asyncio.create_task(_visit(world, one)) for one in plan.visits]
        operating = asyncio.create_task(Operator(world, server).work())
        if plan.stop_at is None:
            await asyncio.gather(*visits)
        else:
            await asyncio.sleep(plan.stop_at)
        world.stopped_at = world.network.now
        world.tell("operator", "stops the gateway")
        server.stop()
        await serving
        world.tell("gateway", "has stopped serving")
        operating.cancel()
        with suppress(asyncio.CancelledError):
            await operating
    world.look_at_end()
    return visits


def _settings(plan: Plan, upstream_url: str) -> Settings:
    variables = {**plan.variables, "CURSOR_BASE_URL": upstream_url}
    loaded = load_settings(SCHEMA, variables, Path("/nonexistent"), None)
    assert not loaded.problems, loaded.problems
    return loaded.settings


def _make_server(world: World, settings: Settings) -> GatewayServer:
    gateway = world.gateway

    async def app(scope: Any, receive: Any, send: Any) -> None:
        tag = next((value for name, value in scope["headers"] if name == TAG_HEADER.encode()), None)
        TAG.set(None if tag is None else int(tag))

        async def noting_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                world.note_status(message["status"])
            await send(message)

        with world.inside():
            await gateway.app(scope, receive, noting_send)

    server = create_server(app, settings.server, gateway.app.render_refusal, gateway.lifecycle)
    server.on_hangup = Reloader(gateway, server, None)
    return server


async def _visit(world: World, visit: Visit) -> None:
    await asyncio.sleep(visit.at)
    for call in visit.calls:
        world.tell(f"client #{call.tag}", f"will ask: {call}")
    await Client(GATEWAY_PORT, world.note_seen).visit(visit)


async def _change_weather(world: World) -> None:
    """Close and open the simulated Cursor's port."""
    for outage in world.plan.outages:
        await asyncio.sleep(max(0.0, outage.from_at - world.network.now))
        world.tell("weather", f"outage, {outage}")
        if outage.is_refusing is not None:
            world.network.closed_ports[SIMULATOR_PORT] = outage.is_refusing
        await asyncio.sleep(outage.until_at - world.network.now)
        world.network.closed_ports.clear()
        world.tell("weather", "fine again")


def _look_for_leftovers(world: World) -> None:
    loop: Any = asyncio.get_running_loop()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        world.accuse(f"a task is left over: {task!r}")
    for handle in loop._scheduled:
        if not handle.cancelled():
            world.accuse(f"a timer is left over: {handle!r}")
    for one in world.network.sockets.values():
        world.accuse(f"a socket is left over: {one!r}")
