"""A scenario played: a gateway and a simulator of its own, the steps one after another."""

from __future__ import annotations

import asyncio
import json
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from cursor_api.bootstrap import memory_stores
from cursor_api.installed import SCHEMA
from cursor_api.pool.breaker import BreakerState
from cursor_api.settings import load_settings
from cursor_api.simulator import scenario as speech
from cursor_api.simulator.anthropic.kind import AnthropicSimulator
from cursor_api.simulator.api_server import ApiSimulator
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.openai.kind import OpenAiSimulator
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.server import Simulator
from cursor_api.telemetry.redaction import Redactor
from tests.acceptance.in_process import KEY, MODEL, Gateway, gateway_before, gateway_of
from tests.ports import closed_port
from tests.wall.scenario import (
    LIMIT_S,
    Ask,
    Elapse,
    Jump,
    Leave,
    Place,
    Scenario,
    Shape,
)
from tests.wall.ways import Got, Way, chat_body, read_attempts

CERTIFICATE: Final = Path(__file__).parents[1] / "vectors" / "localhost.pem"
# Reserved for ever to have no address (RFC 6761).
NO_NAME: Final = "http://upstream.invalid"
SETTINGS: Final = {
    "CURSOR_FIRST_TOKEN_TIMEOUT_S": str(LIMIT_S),
    "CURSOR_IDLE_TIMEOUT_S": str(LIMIT_S),
}
CURSOR: Final = "cursor"
SIMULATORS: Final[Mapping[str, Callable[[SimulatorOptions], CursorSimulator | ApiSimulator]]] = {
    CURSOR: CursorSimulator,
    "openai": OpenAiSimulator,
    "anthropic": AnthropicSimulator,
}
# An answer that has not come by then hangs.
ANSWER_S_MAX: Final = 20.0
# The promise: who leaves frees the upstream within a second.
LEAVE_S_MAX: Final = 1.0
SETTLE_S_MAX: Final = 5.0
# What a minute of callers who never rest comes to, several times over: all of it is counted.
REQUESTS_MAX: Final = 200_000


class SettableClock:
    """The gateway's clocks: the wall clock can be moved, and time can be made to pass."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._began = time.monotonic()
        self._began_at = time.time()
        self.elapsed_s = 0.0
        self.jumped_s = 0.0

    def now(self) -> float:
        """Unix time, as the machine's wall clock has it."""
        return self._began_at + self._passed_s() + self.jumped_s

    def monotonic(self) -> float:
        """Never jumps."""
        return self._began + self._passed_s()

    def _passed_s(self) -> float:
        return (time.monotonic() - self._began) * self._speed + self.elapsed_s


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, seen from all sides.

    `upstream` are the aliases whose requests the simulator saw, `record` is the entry of the log.
    """

    step: Ask | Leave
    got: Got
    upstream: tuple[str, ...]
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CredentialHealth:
    """How things stood in the end. `credentials` are those of the management API, by alias."""

    credentials: Mapping[str, Mapping[str, Any]]
    active_count: int
    upstream_active_count: int
    upstream_bytes_max: int
    total_count: int
    uptime_s: float
    is_breaker_open: bool


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario after its last step."""

    scenario: Scenario
    way: Way
    seen: Sequence[Seen]
    health: CredentialHealth


@dataclass(frozen=True, slots=True)
class House:
    """What a scenario is played in."""

    scenario: Scenario
    gateway: Gateway
    simulator: CursorSimulator | ApiSimulator
    clock: SettableClock

    def upstream_aliases(self) -> list[str]:
        """Whose requests the simulator has seen so far."""
        prefix = "token-of-"
        return [one.credential.removeprefix(prefix) for one in self.simulator.requests]

    async def logs(self) -> list[dict[str, Any]]:
        """The request log, newest last."""
        found: list[dict[str, Any]] = (await self.gateway.ask("GET", "/logs")).json()["logs"]
        return found

    async def health(self) -> CredentialHealth:
        """How things stand when all has come to rest, or will not."""
        deadline = time.monotonic() + SETTLE_S_MAX
        while True:
            health = await self._look()
            is_at_rest = not health.active_count and not health.upstream_active_count
            if is_at_rest or time.monotonic() > deadline:
                return health
            await asyncio.sleep(0.02)

    async def _look(self) -> CredentialHealth:
        credentials = (await self.gateway.ask("GET", "/api/credentials")).json()["credentials"]
        status = (await self.gateway.ask("GET", "/")).json()
        return CredentialHealth(
            credentials={one["alias"]: one for one in credentials},
            active_count=status["stats"]["activeRequests"],
            upstream_active_count=self.simulator.active_count,
            upstream_bytes_max=max((one.body_bytes for one in self.simulator.played), default=0),
            total_count=status["stats"]["totalRequests"],
            uptime_s=status["uptime"],
            is_breaker_open=status["upstreams"][self.scenario.kind] == BreakerState.OPEN.value,
        )


@asynccontextmanager
async def open_house(scenario: Scenario, speed: float = 1.0) -> AsyncIterator[House]:
    """The scenario's gateway, with its credentials in their order, and its simulator.

    The gateway's clocks go `speed` times as fast as the machine's.
    """
    async with AsyncExitStack() as stack:
        clock = SettableClock(speed)
        make = SIMULATORS[scenario.kind]
        simulator: CursorSimulator | ApiSimulator
        simulator = await stack.enter_async_context(make(_options(scenario, clock)))
        gateway = await stack.enter_async_context(
            gateway_before(
                stack.enter_context(_base_url(scenario.place, simulator)),
                environment=SETTINGS | dict(scenario.settings),
                tokens={alias: f"token-of-{alias}" for alias in scenario.credentials},
                clock=clock,
            )
            if scenario.kind == CURSOR
            else _gateway_elsewhere(scenario, simulator.url, clock)
        )
        yield House(scenario, gateway, simulator, clock)


@asynccontextmanager
async def _gateway_elsewhere(
    scenario: Scenario, url: str, clock: SettableClock
) -> AsyncIterator[Gateway]:
    """One whose upstream stands in a block of the TOML file, with its keys."""
    keys = [f"token-of-{alias}" for alias in scenario.credentials]
    block = {
        "name": scenario.kind,
        "kind": scenario.kind,
        "base_url": url,
        "api_keys": keys,
        "models": [MODEL],
        "first_token_timeout_s": f"{LIMIT_S:g}",
        "idle_timeout_s": f"{LIMIT_S:g}",
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in block.items()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cursor-api.toml"
        path.write_text("\n".join(["[[upstream]]", *lines]), encoding="utf-8")
        environ = {"AUTH_TOKEN": KEY} | dict(scenario.settings)
        loaded = load_settings(SCHEMA, environ, Path(folder), path)
    assert not loaded.problems, loaded.problems
    # Cursor's own endpoint is always there, and serves a model of the same name.
    without = [
        replace(one, models=("none",)) if one.name == CURSOR else one
        for one in loaded.settings.upstreams
    ]
    settings = replace(loaded.settings, upstreams=tuple(without))
    async with gateway_of(settings, memory_stores([]), Redactor(), clock) as gateway:
        yield gateway


def _options(scenario: Scenario, clock: SettableClock) -> SimulatorOptions:
    tls = None
    if scenario.place is Place.SIMULATOR_SELF_SIGNED:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(CERTIFICATE)
    return SimulatorOptions(
        scripts={f"token-of-{alias}": row for alias, row in scenario.credentials.items()},
        scenario=speech.Scenario(text=scenario.text),
        tls=tls,
        # It judges the time inside a checksum: both live by the same clock.
        now_s=clock.now,
        requests_kept_max=REQUESTS_MAX,
    )


@contextmanager
def _base_url(place: Place, simulator: Simulator) -> Iterator[str]:
    match place:
        case Place.SIMULATOR:
            yield simulator.url
        case Place.SIMULATOR_SELF_SIGNED:
            yield f"https://localhost:{simulator.port}"
        case Place.CLOSED_PORT:
            with closed_port() as port:
                yield f"http://127.0.0.1:{port}"
        case Place.NO_NAME:
            yield NO_NAME


async def play(scenario: Scenario, way: Way) -> Played:
    """All steps by one way of asking. Raises AssertionError for what no answer may be."""
    async with open_house(scenario) as house:
        seen: list[Seen] = []
        for step in scenario.steps:
            match step:
                case Ask():
                    seen.append(await _look_from_all_sides(house, step, _ask(house, step, way)))
                case Leave():
                    leaving = _leave(house, step, is_stream=way.is_stream)
                    seen.append(await _look_from_all_sides(house, step, leaving))
                case Jump(seconds):
                    house.clock.jumped_s += seconds
                case Elapse(seconds):
                    house.clock.elapsed_s += seconds
        return Played(scenario, way, seen, await house.health())


async def _look_from_all_sides(house: House, step: Ask | Leave, asking: Awaitable[Got]) -> Seen:
    before = len(house.upstream_aliases())
    known = {record["id"] for record in await house.logs()}
    async with asyncio.timeout(ANSWER_S_MAX):
        got = await asking
    # After a step back of the clock it need not be the last one.
    (record,) = [one for one in await house.logs() if one["id"] not in known]
    return Seen(step, got, tuple(house.upstream_aliases()[before:]), record)


async def _ask(house: House, step: Ask, way: Way) -> Got:
    asking = asyncio.create_task(way.ask(house.gateway, step.headers))
    if step.jump_s:
        while not house.simulator.active_count and not asking.done():
            await asyncio.sleep(0.005)
        house.clock.jumped_s += step.jump_s
    return await asking


async def _leave(house: House, step: Leave, *, is_stream: bool) -> Got:
    """Ask and go: when text has come, or where none comes before the end, in the middle of it."""
    body = chat_body(is_stream=is_stream)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.gateway.port)
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n"
        b"Authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n%b"
        % (KEY.encode(), len(body), body)
    )
    if is_stream:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b'"content":')
    else:
        head = b""
        while not house.simulator.active_count:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.3)
    left_at = time.monotonic()
    if step.is_half:
        writer.write_eof()
    else:
        writer.close()
    await house.simulator.wait_idle()
    took_s = time.monotonic() - left_at
    assert took_s <= LEAVE_S_MAX, f"the upstream was freed {took_s:.2f} s after the client left"
    writer.close()
    await house.health()
    lines = head.decode().split("\r\n")[1:]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    if is_stream:
        read_attempts(headers["x-attempts"])
    return Got(Shape.LEFT, 200 if is_stream else 0, headers=headers or None)
