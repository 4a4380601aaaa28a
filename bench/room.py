"""How much room one credential, one API key and one record take, for those who plan a machine."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Final

import psycopg
import redis

from bench.measure import chat_body
from bench.namespaces import LOOPBACK, Network, NodePlace
from bench.nodes_stand import KNOWN_S, Shared, Stand, ask, make_key
from bench.processes import Running
from bench.subjects import CHAT_PATH, made_up_token

CREDENTIAL_COUNT: Final = 5_000
KEY_COUNT: Final = 1_000
# Until what a start needs for a moment is given back.
REST_S: Final = 1.0
_SIZE: Final = (
    "SELECT pg_total_relation_size('cursor_api.requests'), count(*) FROM cursor_api.requests"
)


def measure_room(shared: Shared, upstream_port: int) -> dict[str, float]:
    """Bytes, by what they are for. The database has records by now."""
    net = Network(LOOPBACK, [])
    with ExitStack() as stack:
        stand = Stand(stack, net, upstream_port)
        here = NodePlace(LOOPBACK)
        _, plain = stand.start(here)
        tokens = [f"c{number}::{made_up_token()}{number}" for number in range(CREDENTIAL_COUNT)]
        _, loaded = stand.start(here, tokens)
        door, node = stand.start(here, **shared.urls())
        time.sleep(REST_S)
        before = node.rss_bytes()
        keys = [make_key(door, stand.operator, f"room{n}") for n in range(KEY_COUNT)]
        time.sleep(KNOWN_S)
        for key in keys:
            ask(door, "POST", CHAT_PATH, key, chat_body(1, 0, is_stream=False))
        return {
            "a credential, in each process": _apart(loaded, plain) / CREDENTIAL_COUNT,
            "an API key, in each process": (node.rss_bytes() - before) / KEY_COUNT,
            "an API key with limits that was used, in Redis": _redis_bytes(shared) / KEY_COUNT,
            "a record in PostgreSQL": _record_bytes(shared),
        }


def _apart(one: Running, other: Running) -> float:
    return one.rss_bytes() - other.rss_bytes()


def _redis_bytes(shared: Shared) -> float:
    """Of the keys made here."""
    with redis.Redis(port=shared.redis.port) as server:
        names = list(server.scan_iter("ca:k:{room*", count=1000))
        return float(sum(int(server.memory_usage(name) or 0) for name in names))


def _record_bytes(shared: Shared) -> float:
    with psycopg.connect(shared.postgres.url) as connection:
        found = connection.execute(_SIZE).fetchone()
    return found[0] / found[1] if found and found[1] else 0.0
