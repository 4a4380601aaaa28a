"""Two nodes at one PostgreSQL and one Redis: what they count together is what is recorded.

Under load, Redis loses everything again and again, hangs for a while, a thousand keys are revoked,
and one node is killed. The clock of the other one is a minute ahead.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from typing import Any, NamedTuple

from tests.postgres_server import postgres_server
from tests.redis_server import RedisServer, redis_server
from tests.serving import ask
from tests.soak.clients import post
from tests.soak.figures import Figure, Size, command, exactly, say
from tests.soak.load import Connections, Tally, keep_busy
from tests.soak.revoked import revoke_all
from tests.soak.stand import BEARER, SERVE, GatewayProcess, chat, gateway, simulator

CLIENT_COUNT = 8
LOAD_S = 60.0
FLUSH_COUNT = 10
PAUSE_S = 5.0
LIMITS = {"requests_per_day": 10**8, "tokens_per_day": 10**11, "concurrent_max": 1000}
# What a record takes to be written, and then some.
REST_S = 2.0
REVOKED_S_MAX = 5.0
REFUSED_S_MAX = 0.35
# A lease, and what a look takes.
LEASE_S_MAX = 31.0
LIVE_KEY = "ca:k:{alice}:live"
COUNT_LIVE = """
local time = redis.call('TIME')
return redis.call('ZCOUNT', KEYS[1], '(' .. time[1] * 1000 + math.floor(time[2] / 1000), '+inf')
"""


class Nodes(NamedTuple):
    """Both of them, with a key that both know."""

    one: GatewayProcess
    other: GatewayProcess
    key: dict[str, str]


def run(size: Size) -> list[Figure]:
    """Load at both, with all of it."""
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres_server())
        shared = stack.enter_context(redis_server())
        url = stack.enter_context(simulator())
        variables = {
            "DATABASE_URL": database.url,
            "REDIS_URL": shared.url,
            "GATEWAY_LOG_LEVEL": "info",
        }
        # The other one's clock is a minute ahead.
        commands = (SERVE, (sys.executable, "-m", "tests.soak.ahead", "serve"))
        nodes = [
            stack.enter_context(gateway(url, variables, command=command)) for command in commands
        ]
        return asyncio.run(_run(nodes, shared, size))


async def _run(nodes: list[GatewayProcess], shared: RedisServer, size: Size) -> list[Figure]:
    load_s = size.seconds(LOAD_S, 4.0)
    both = Nodes(nodes[0], nodes[1], await _make_key(nodes, "alice"))
    say("nodes: load, while Redis loses everything")
    tallies = await _load(both, load_s, _flush(shared, load_s))
    figures = [
        Figure("requests answered by both", sum(len(one.good) for one in tallies), at_least=1),
        exactly("wrong answers", sum(len(one.wrong) for one in tallies), 0),
        *await _compare(both),
    ]
    say("nodes: Redis hangs")
    figures += await _hang(both, shared, size.seconds(PAUSE_S, 1.5))
    say("nodes: a key is revoked")
    figures.append(await _revoke(nodes))
    say("nodes: a thousand keys are revoked")
    figures += await revoke_all(nodes, size)
    say("nodes: one is killed")
    tallies = await _load(both, size.seconds(10.0, 2.0), _kill(both.one))
    figures.append(exactly("wrong answers of the node that lives", len(tallies[1].wrong), 0))
    figures.append(await _let_go(shared))
    return figures


async def _let_go(shared: RedisServer) -> Figure:
    """How long what the dead node had under way counted as such."""
    began = time.monotonic()
    async with asyncio.timeout(LEASE_S_MAX * 2):
        while await asyncio.to_thread(shared.ask, "EVAL", COUNT_LIVE, "1", LIVE_KEY) != b":0":
            await asyncio.sleep(0.2)
    free_s = time.monotonic() - began
    return Figure("its places were free after", free_s, "s", at_most=LEASE_S_MAX)


async def _load(nodes: Nodes, load_s: float, trouble: Any) -> list[Tally]:
    """What both answered meanwhile."""
    request = post(chat("Hello!", is_stream=True), nodes.key)
    connections = [Connections(node.port) for node in (nodes.one, nodes.other)]
    *tallies, _ = await asyncio.gather(
        *(keep_busy(one, request, CLIENT_COUNT, load_s) for one in connections), trouble
    )
    for one in connections:
        one.close()
    return tallies


async def _flush(shared: RedisServer, load_s: float) -> None:
    for _ in range(FLUSH_COUNT):
        await asyncio.sleep(load_s / (FLUSH_COUNT + 1))
        await asyncio.to_thread(shared.ask, "FLUSHALL")


async def _kill(node: GatewayProcess) -> None:
    await asyncio.sleep(0.5)
    node.process.kill()


async def _compare(nodes: Nodes) -> list[Figure]:
    """The counters with the records, once both have come to rest."""
    await asyncio.sleep(REST_S)
    answer = await ask(nodes.other.port, "GET", "/v1/usage?by=day", headers=nodes.key)
    usage = answer.json()
    left = {one["limit"]: one["left"] for one in usage["key"]["left"]}
    recorded = await ask(nodes.other.port, "GET", "/api/usage?by=day&group=caller", headers=BEARER)
    [row] = [one for one in recorded.json()["rows"] if one["caller"] == "alice"]
    requests = row["answered"] + row["failed"] + row["refused"] + row["cancelled"]
    tokens = sum(row[one] for one in ("input", "output", "input_estimated", "output_estimated"))
    counted = {name: LIMITS[name] - left[name] for name in ("requests_per_day", "tokens_per_day")}
    # What another node has not written yet when a lost counter is told anew: a quarter of a second.
    missing_max = FLUSH_COUNT * CLIENT_COUNT
    missing = requests - counted["requests_per_day"]
    return [
        Figure(
            "recorded, and missing in the counters after ten losses",
            missing,
            at_least=0,
            at_most=missing_max,
        ),
        Figure("tokens of those", tokens - counted["tokens_per_day"], at_least=0),
    ]


async def _hang(nodes: Nodes, shared: RedisServer, pause_s: float) -> list[Figure]:
    """How long anybody waited, and what was told of it."""
    request = post(chat("Hello!", is_stream=True), nodes.key)
    connections, tally = Connections(nodes.one.port), Tally()
    # A busy machine can be without an answer for a quarter of a second, too.
    said_before = _said_of_shared(nodes.one)
    with shared.paused():
        until = time.monotonic() + pause_s
        while time.monotonic() < until:
            await connections.ask(request, tally)
            await asyncio.sleep(0.02)
    await asyncio.sleep(REST_S)
    after = Tally()
    await connections.ask(request, after)
    connections.close()
    said = _said_of_shared(nodes.one) - said_before
    return [
        Figure("refused while Redis hung", len(tally.refused), at_least=1),
        Figure(
            "the longest of them",
            max(tally.refused, default=float("nan")) * 1000,
            "ms",
            at_most=REFUSED_S_MAX * 1000,
            is_timing=True,
        ),
        exactly("answered when it went on", len(after.good), 1),
        exactly("lines of the log about it", said, 2),
    ]


def _said_of_shared(node: GatewayProcess) -> int:
    return node.program.said().count("what nodes share (REDIS_URL) is")


async def _make_key(nodes: list[GatewayProcess], name: str) -> dict[str, str]:
    body = json.dumps({"id": name, "name": name, "limits": LIMITS}).encode()
    headers = BEARER | {"Content-Type": "application/json"}
    made = await ask(nodes[0].port, "POST", "/api/keys", headers=headers, body=body)
    key = {"Authorization": f"Bearer {made.json()['secret']}"}
    await _until_status(nodes[1], key, 200)
    return key


async def _revoke(nodes: list[GatewayProcess]) -> Figure:
    """At one node; how long it goes on at the other."""
    key = await _make_key(nodes, "bob")
    began = time.monotonic()
    await ask(nodes[0].port, "POST", "/api/keys/bob/revoke", headers=BEARER)
    await _until_status(nodes[1], key, 401)
    return Figure(
        "a revoked key went on at the other node for",
        time.monotonic() - began,
        "s",
        at_most=REVOKED_S_MAX,
    )


async def _until_status(node: GatewayProcess, key: dict[str, str], status: int) -> None:
    async with asyncio.timeout(REVOKED_S_MAX * 2):
        while (await ask(node.port, "GET", "/v1/usage", headers=key)).status != status:
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
