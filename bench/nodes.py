"""`python -m bench.nodes`: what several processes and several nodes carry, and what each costs.

Measured by turns in one run: the single process; two workers; one node and two nodes at one
Redis and one PostgreSQL, each node in a network namespace of its own (as root; elsewhere on the
loopback). Each once with the operator's key, which asks nobody, and once with a key that has
limits, which are counted over all of them.

Writes its part of docs/benchmarks.md, between two marks. Needs a C compiler, and PostgreSQL and
Redis (or Valkey) as the tests find them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import psutil

from bench import machine, native
from bench.measure import CLOSED_LOOP_CONNECTIONS, chat_body
from bench.namespaces import Network, network
from bench.native import LoadPlan, LoadResult
from bench.nodes_page import GATEWAY, POSTGRES, REDIS, Costs, Results, render
from bench.nodes_stand import Door, Setup, setups, shared_servers
from bench.page_parts import NODES
from bench.processes import cpu_s_of, run_tidily, say
from bench.room import measure_room
from bench.subjects import CHAT_PATH

NODE_COUNT: Final = 2
ROUNDS, LOAD_S = 5, 3.5
QUICK_ROUNDS, QUICK_LOAD_S = 2, 1.5
WARM_UP_S: Final = 1.0
# Until what a request leaves behind is written, here and at the servers.
REST_S: Final = 0.6
MEGABYTE: Final = 10**6


def family(setup: Setup) -> dict[str, list[psutil.Process]]:
    """Its processes, by what they are."""
    found: dict[str, list[psutil.Process]] = {GATEWAY: [], REDIS: [], POSTGRES: []}
    for root in map(psutil.Process, setup.roots):
        for one in (root, *root.children(recursive=True)):
            name = one.name()
            is_redis = name.startswith(("redis-server", "valkey-server"))
            kind = REDIS if is_redis else POSTGRES if name.startswith("postgres") else GATEWAY
            found[kind].append(one)
    return found


def load(setup: Setup, key: str, seconds: float, folder: Path) -> list[LoadResult]:
    """At all its doors at once, as fast as they answer."""
    body = folder / "body.json"
    body.write_bytes(chat_body(1, 0, is_stream=False))

    def one(door: Door) -> LoadResult:
        host, port = door
        headers = [f"Authorization: Bearer {key}"]
        connections = CLOSED_LOOP_CONNECTIONS // len(setup.doors)
        plan = LoadPlan(port, CHAT_PATH, headers, body, connections, seconds, host=host)
        result, error = native.load(plan, None)
        if not result["done"]:
            raise SystemExit(f"{setup.name}: no request was answered: {error}")
        return result

    with ThreadPoolExecutor(len(setup.doors)) as threads:
        return list(threads.map(one, setup.doors))


def measure(setup: Setup, key: str, seconds: float, folder: Path) -> Costs:
    """One load; what it cost until the last of it was written."""
    members = family(setup)

    def cpu_s(kind: str) -> float:
        return sum(map(cpu_s_of, members[kind]))

    before = {kind: cpu_s(kind) for kind in members}
    results = load(setup, key, seconds, folder)
    time.sleep(REST_S)
    done = sum(one["done"] for one in results)
    return Costs(
        per_s=sum(one["done"] / one["elapsed_s"] for one in results),
        p99_ms=max(one["duration_us"]["p99"] for one in results) / 1000,
        failed_count=sum(one["failed"] + one["unfinished"] for one in results),
        cpu_us={kind: (cpu_s(kind) - before[kind]) / done * 1e6 for kind in members},
    )


def memory_mb(setup: Setup) -> dict[str, float]:
    """What it takes, by kind; what processes share is counted once."""
    return {
        kind: sum(one.memory_full_info().pss for one in members) / MEGABYTE
        for kind, members in family(setup).items()
    }


def run(results: Results, net: Network) -> None:
    """Everything."""
    with tempfile.TemporaryDirectory(prefix="bench-nodes-") as name:
        folder = Path(name)
        with (
            native.upstream(folder, None, "0.0.0.0") as port,
            shared_servers(net) as shared,
        ):
            with setups(net, port, shared) as stand:
                load_all(results, stand, folder)
            say("how much room things take")
            results.room_bytes = measure_room(shared, port)


def load_all(results: Results, stand: Sequence[Setup], folder: Path) -> None:
    """By turns, in every round."""
    for number in range(results.rounds + 1):
        for setup in stand:
            for key, secret in setup.keys.items():
                # The first round warms up: connections, caches, memory.
                seconds = results.load_s if number else WARM_UP_S
                costs = measure(setup, secret, seconds, folder)
                say(f"round {number}/{results.rounds}, {setup.name}, {key}: {costs.per_s:,.0f}/s")
                if number:
                    results.costs.setdefault((setup.name, key), []).append(costs)
    results.memory_mb = {setup.name: memory_mb(setup) for setup in stand}


def main(arguments: Sequence[str]) -> int:
    """Gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.nodes", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short, and writes no page")
    options = parser.parse_args(arguments)
    rounds, load_s = (QUICK_ROUNDS, QUICK_LOAD_S) if options.quick else (ROUNDS, LOAD_S)
    try:
        native.build()
    except native.ToolsMissingError as error:
        print(error, file=sys.stderr)
        return 1
    bystanders = machine.Bystanders()
    with network(NODE_COUNT) as net:
        if not net.has_namespaces:
            say("not root, or no `ip`: the nodes share this machine's network")
        results = Results(rounds, load_s, has_namespaces=net.has_namespaces)
        run(results, net)
    results.bystanders_share = bystanders.share()
    results.facts = {name: value for name, value in machine.facts().items() if "(" not in name}
    text = render(results)
    print(text)
    if not options.quick:
        NODES.write(text)
    return 0


if __name__ == "__main__":
    run_tidily(main)
