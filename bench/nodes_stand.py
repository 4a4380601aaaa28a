"""What `bench.nodes` loads: gateways of one process, of two, of two nodes, and their servers."""

from __future__ import annotations

import http.client
import json
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from bench.measure import chat_body
from bench.namespaces import LOOPBACK, NET, Network, NodePlace
from bench.processes import Launch, Running, free_port, running
from bench.subjects import CHAT_PATH, Place, launch_gateway
from tests.postgres_server import PostgresServer, find_programs
from tests.redis_server import SERVERS, RedisServer

START_S: Final = 20.0
# Until all processes have heard of a new key.
KNOWN_S: Final = 3.0
# Far above what is asked for: the counting is measured, not the refusing.
LIMITS: Final = {"requests_per_day": 10**8, "tokens_per_day": 10**11, "concurrent_max": 1000}

Door = tuple[str, int]


class Setup(NamedTuple):
    """What is loaded: at these doors, with these keys; `roots` are the programs it consists of."""

    name: str
    doors: Sequence[Door]
    keys: dict[str, str]
    roots: Sequence[int]


class Shared(NamedTuple):
    """What nodes share."""

    redis: RedisServer
    postgres: PostgresServer

    def urls(self, host: str = LOOPBACK) -> dict[str, str]:
        """As a node's settings name them, from where they are this host."""
        return {
            "REDIS_URL": self.redis.url.replace(LOOPBACK, host),
            "DATABASE_URL": self.postgres.url.replace(LOOPBACK, host),
        }


def ask(door: Door, method: str, path: str, key: str, body: bytes = b"") -> bytes | None:
    """The body of a good answer; None of any other, or where nobody listens yet."""
    connection = http.client.HTTPConnection(*door, timeout=10)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    except OSError:
        return None
    else:
        return text if answer.status < 300 else None
    finally:
        connection.close()


def wait_for(door: Door, key: str, program: Running) -> None:
    """Until a chat with this key is answered there."""
    give_up_at = time.monotonic() + START_S
    while ask(door, "POST", CHAT_PATH, key, chat_body(1, 0, is_stream=False)) is None:
        if program.has_ended() or time.monotonic() > give_up_at:
            raise SystemExit(f"{door[0]}:{door[1]} gives no answer\n{program.log_tail()}")
        time.sleep(0.02)


def make_key(door: Door, operator: str, name: str = "bench") -> str:
    """A key with limits, made there; its secret."""
    body = json.dumps({"id": name, "name": name, "limits": LIMITS}).encode()
    made = ask(door, "POST", "/api/keys", operator, body)
    if made is None:
        raise SystemExit(f"{door[0]}:{door[1]} makes no key")
    return str(json.loads(made)["secret"])


@contextmanager
def shared_servers(net: Network) -> Iterator[Shared]:
    """Redis without persistence, as is enough, and PostgreSQL with its own settings."""
    programs, redis_program = find_programs(), next(iter(SERVERS.values()), None)
    if programs is None or redis_program is None:
        raise SystemExit("bench-nodes needs PostgreSQL and Redis or Valkey, as the tests do")
    with tempfile.TemporaryDirectory(prefix="bench-nodes-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "postgres").mkdir()
        # Without namespaces they are one.
        hosts = tuple(dict.fromkeys((LOOPBACK, net.host)))
        settings = ("-c", f"listen_addresses={','.join(hosts)}")
        postgres = PostgresServer(programs, folder / "postgres", settings)
        redis = RedisServer(redis_program, folder, "--bind", *hosts, "--protected-mode", "no")
        with ExitStack() as stack:
            postgres.make()
            with (folder / "postgres" / "data" / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {NET}.0/24 scram-sha-256\n")
            postgres.start()
            stack.callback(postgres.close)
            redis.start()
            stack.callback(redis.stop)
            yield Shared(redis, postgres)


@contextmanager
def setups(net: Network, upstream_port: int, shared: Shared) -> Iterator[list[Setup]]:
    """All four, answering. The one node is the first of the two."""
    with ExitStack() as stack:
        stand = Stand(stack, net, upstream_port)
        single = stand.start(NodePlace(LOOPBACK))
        workers = stand.start(NodePlace(LOOPBACK), WORKERS="2")
        nodes = [stand.start(place, **shared.urls(net.host)) for place in net.nodes]
        servers = (shared.redis.pid, shared.postgres.pid)
        made = [
            stand.set_up("single", [single]),
            stand.set_up("workers", [workers]),
            stand.set_up("nodes", nodes, servers),
        ]
        both = made[2]
        first = Setup("node", both.doors[:1], both.keys, (both.roots[0], *servers))
        yield [*made[:2], first, both]


class Stand:
    """Starts gateways, and ends them with the stack."""

    def __init__(self, stack: ExitStack, net: Network, upstream_port: int) -> None:
        self._stack = stack
        self._net = net
        self._upstream_port = upstream_port
        self.operator = f"sk-{secrets.token_hex(32)}"

    def start(
        self, node: NodePlace, tokens: Sequence[str] = (), **variables: str
    ) -> tuple[Door, Running]:
        """One, until it answers. `tokens` are more lines of its token file."""
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="node-")))
        place = Place(free_port(), self._upstream_port, folder, self.operator)
        made = launch_gateway(place)
        with (folder / ".token").open("a") as file:
            file.writelines(f"{line}\n" for line in tokens)
        upstream = f"http://{self._net.host}:{self._upstream_port}"
        environ = {**made.environ, "HOST": node.host, "CURSOR_BASE_URL": upstream, **variables}
        launch = Launch([*node.prefix, *made.command], environ, folder)
        program = self._stack.enter_context(
            running(launch, core=None, log_path=folder / "output.log")
        )
        door = (node.host, place.port)
        wait_for(door, self.operator, program)
        return door, program

    def set_up(
        self, name: str, started: Sequence[tuple[Door, Running]], servers: Sequence[int] = ()
    ) -> Setup:
        """With a key that all of them know."""
        doors = [door for door, _ in started]
        limited = make_key(doors[0], self.operator)
        time.sleep(KNOWN_S)
        for door, program in started:
            wait_for(door, limited, program)
        roots = [program.process.pid for _, program in started]
        keys = {"operator": self.operator, "limited": limited}
        return Setup(name, doors, keys, [*roots, *servers])
