"""Two nodes behind HAProxy under load: each is restarted by turns, and then one is killed.

An operator's restart is: take it out of the proxy, SIGTERM, start, put it back. Nobody's request
fails. A node that is killed takes with it what it had, and no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Coroutine, Mapping
from pathlib import Path

from tests.ports import free_port
from tests.postgres_server import postgres_server
from tests.redis_server import redis_server
from tests.serving import ask
from tests.soak.balancer import Balancer, balancer
from tests.soak.clients import post
from tests.soak.figures import Figure, Size, command, exactly, say
from tests.soak.load import Connections, Tally
from tests.soak.stand import BEARER, GatewayProcess, chat, simulator, started

CLIENT_COUNT = 8
ROLL_COUNT = 5
KILL_COUNT = 5
# Some of half a second: they begin before a restart and end after it.
KINDS = ("Hello!", "/sim rate 80, bytes 160\nTell me.")
LIMITS = {"requests_per_day": 10**8, "tokens_per_day": 10**11, "concurrent_max": 1000}
# Between being taken out of the proxy and SIGTERM: what it has just been given has arrived.
PAUSE_S = 0.3
EXIT_S_MAX = 20.0
# What a key takes to be known everywhere, and a record to be written; and then some.
KNOWN_S, REST_S = 3.0, 2.0


class Node:
    """A gateway at a port of its own, in a folder of its own, that can be started again."""

    def __init__(self, url: str, variables: Mapping[str, str], folder: Path) -> None:
        self.port = free_port()
        self._url = url
        self._variables = dict(variables) | {"PORT": str(self.port)}
        self._folder = folder
        self._running = contextlib.ExitStack()
        (folder / ".token").write_text("work::token-of-work\n", encoding="utf-8")

    def start(self) -> GatewayProcess:
        """Until it listens."""
        made = started(self._folder, self._url, self._variables)
        self.process = self._running.enter_context(made)
        return self.process

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status."""
        self.process.process.send_signal(how)
        status = self.process.program.process.wait(EXIT_S_MAX)
        self._running.close()
        return status

    def close(self) -> None:
        """For good."""
        self._running.close()


def run(size: Size) -> list[Figure]:
    """Load through the proxy, with all of it."""
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres_server())
        shared = stack.enter_context(redis_server())
        variables = {"DATABASE_URL": database.url, "REDIS_URL": shared.url}
        url = stack.enter_context(simulator())
        nodes = []
        for _ in range(2):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
            nodes.append(Node(url, variables, folder))
            stack.callback(nodes[-1].close)
            nodes[-1].start()
        proxy = stack.enter_context(balancer([one.port for one in nodes]))
        return asyncio.run(_run(nodes, proxy, size))


async def _run(nodes: list[Node], proxy: Balancer, size: Size) -> list[Figure]:
    for name in proxy.names:
        await asyncio.to_thread(proxy.wait_until_up, name)
    key = await _make_key(proxy.port)
    roll_count, kill_count = size.count(ROLL_COUNT), size.count(KILL_COUNT)
    statuses: list[int] = []
    rolled = await _under_load(proxy, key, _roll(nodes, proxy, roll_count, statuses))
    differences = await _compare(proxy.port, key)
    killed = await _under_load(proxy, key, _kill(nodes, proxy, kill_count))
    for words in (*rolled.wrong[:5], *killed.wrong[:5]):
        say(f"restarts: {words}")
    lost_count = len(killed.wrong) + len(killed.refused)
    return [
        exactly("restarts under load, of each node by turns", len(statuses), 2 * roll_count),
        exactly("of them without a clean end", sum(map(bool, statuses)), 0),
        Figure("requests answered meanwhile", len(rolled.good), at_least=1),
        exactly("failed or refused", len(rolled.wrong) + len(rolled.refused), 0),
        exactly("differences of counted and recorded requests and tokens", differences, 0),
        Figure("kills under load", kill_count),
        Figure("requests answered meanwhile", len(killed.good), at_least=1),
        # Each client has one request under way, and half of them are the other node's.
        Figure("failed for each kill", lost_count / kill_count, at_most=float(CLIENT_COUNT)),
    ]


async def _under_load(
    proxy: Balancer, key: Mapping[str, str], trouble: Coroutine[None, None, None]
) -> Tally:
    """What clients saw while it happened; half of them ask for each kind of answer."""
    tally, is_over = Tally(), asyncio.Event()
    connections = Connections(proxy.port)

    async def ask_on(request: bytes) -> None:
        while not is_over.is_set():
            await connections.ask(request, tally)
            # Whoever starts has a part of the machine, too.
            await asyncio.sleep(PAUSE_S / 10)

    requests = [post(chat(text, is_stream=True), key) for text in KINDS]
    clients = [
        asyncio.create_task(ask_on(requests[number % len(KINDS)])) for number in range(CLIENT_COUNT)
    ]
    try:
        await trouble
    finally:
        is_over.set()
        await asyncio.gather(*clients)
        connections.close()
    return tally


async def _roll(nodes: list[Node], proxy: Balancer, count: int, statuses: list[int]) -> None:
    for number in range(count):
        say(f"restarts: {number} of {count}")
        for node, name in zip(nodes, proxy.names, strict=True):
            await asyncio.to_thread(proxy.take_out, name)
            await asyncio.sleep(PAUSE_S)
            statuses.append(await asyncio.to_thread(node.end))
            await asyncio.to_thread(node.start)
            await asyncio.to_thread(proxy.put_back, name)


async def _kill(nodes: list[Node], proxy: Balancer, count: int) -> None:
    for number in range(count):
        say(f"restarts: kill {number} of {count}")
        node, name = nodes[number % 2], proxy.names[number % 2]
        await asyncio.sleep(PAUSE_S)
        await asyncio.to_thread(node.end, signal.SIGKILL)
        await asyncio.sleep(PAUSE_S)
        await asyncio.to_thread(node.start)
        await asyncio.to_thread(proxy.wait_until_up, name)


async def _make_key(port: int) -> dict[str, str]:
    body = json.dumps({"id": "alice", "name": "alice", "limits": LIMITS}).encode()
    headers = BEARER | {"Content-Type": "application/json"}
    made = await ask(port, "POST", "/api/keys", headers=headers, body=body)
    # Until both nodes have heard of it.
    await asyncio.sleep(KNOWN_S)
    return {"Authorization": f"Bearer {made.json()['secret']}"}


async def _compare(port: int, key: Mapping[str, str]) -> int:
    """Of what the limits have counted with what is on record, once that is written."""
    await asyncio.sleep(REST_S)
    usage = (await ask(port, "GET", "/v1/usage?by=day", headers=key)).json()
    left = {one["limit"]: one["left"] for one in usage["key"]["left"]}
    answer = await ask(port, "GET", "/api/usage?by=day&group=caller", headers=BEARER)
    [row] = [one for one in answer.json()["rows"] if one["caller"] == "alice"]
    requests = sum(row[one] for one in ("answered", "failed", "refused", "cancelled"))
    tokens = sum(row[one] for one in ("input", "output", "input_estimated", "output_estimated"))
    counted = {name: LIMITS[name] - left[name] for name in ("requests_per_day", "tokens_per_day")}
    apart: int = abs(requests - counted["requests_per_day"]) + abs(
        tokens - counted["tokens_per_day"]
    )
    return apart


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
