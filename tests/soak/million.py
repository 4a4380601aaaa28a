"""A million requests of every kind, a fifth of them left at some random moment.

Whatever each of them kept by mistake would show: memory is flat in the second half, descriptors and
tasks are back to where they began. Every answer that was waited for is the one that was due, and
the request log, its hourly sums and the metrics have the same requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.soak.clients import BrokenError, Client, Reply, get, post
from tests.soak.figures import Figure, Size, command, exactly, say
from tests.soak.ledger import Ledger, read_ledger
from tests.soak.stand import (
    MEBIBYTE,
    SERVE_INSIDE,
    GatewayProcess,
    chat,
    gateway,
    recorded_simulator,
    run_fast,
)

REQUEST_COUNT = 1_000_000
CLIENT_COUNT = 128
LEFT_SHARE = 0.2
# Of those that are left: before the request was whole, and by a reset.
HALF_SENT_SHARE, RUDE_SHARE = 0.2, 0.5
LOOK_COUNT = 400
GROWTH_BYTES_MAX = 2 * MEBIBYTE
# Circles of objects last until the collector comes by, which is seldom: that is memory, too.
CIRCLED_MAX = 100
# What breaks a stream's silence.
KEEP_ALIVE, KEEP_ALIVE_S = b": keep-alive\n", 15.0
GOOD = frozenset({200})
FAILED = frozenset({400, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request: how many in a hundred, and what is due.

    `moments_s`: those who leave do so within this time. A stream with status 200 ends in `[DONE]`,
    or, where `breaks`, in an error. After a long silence a stream has begun before it fails.
    """

    name: str
    weight: int
    request: bytes
    statuses: frozenset[int]
    moments_s: float = 0.03
    breaks: bool = False

    @property
    def is_chat(self) -> bool:
        """Whether a good answer is on record as one."""
        return self.request.startswith(b"POST") and not self.breaks

    def is_late(self, reply: Reply) -> bool:
        """Whether it has failed after so long that its status was sent before (a busy machine)."""
        return reply.status == 200 and 200 not in self.statuses and KEEP_ALIVE in reply.body

    def is_due(self, reply: Reply) -> bool:
        """Whether the answer is right."""
        is_late = self.is_late(reply)
        if not is_late and reply.status not in self.statuses:
            return False
        if reply.status != 200 or b"text/event-stream" not in reply.head:
            return True
        if self.breaks or is_late:
            return b'"error"' in reply.body[-1000:] and not reply.is_whole_stream
        return reply.is_whole_stream


def _ask(order: str, *, is_stream: bool = True, **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return post(chat(f"/sim {order}\nHello!", is_stream=is_stream), named)


KINDS = (
    Kind("streamed", 26, _ask("bytes 60"), GOOD),
    Kind("whole", 20, _ask("bytes 60", is_stream=False), GOOD),
    Kind("long stream", 4, _ask("bytes 4000 + batch 20"), GOOD),
    Kind("slow stream", 5, _ask("rate 100 + bytes 200"), GOOD, moments_s=0.4),
    Kind("slow, whole", 3, _ask("rate 100 + bytes 200", is_stream=False), GOOD, moments_s=0.4),
    Kind("large body", 2, post(chat("/sim ok\n" + "x" * 100_000, is_stream=False)), GOOD),
    Kind("no JSON", 6, post(b'{"model": "gpt-4o", "messages": [{'), frozenset({400})),
    Kind("no such model", 4, post(b'{"model": "x", "messages": []}'), frozenset({400, 404})),
    Kind(
        "wrong key",
        8,
        _ask("bytes 60", Authorization="Bearer wrong-key-of-a-stranger"),
        frozenset({401, 429}),
    ),
    Kind("limited credential", 4, _ask("bytes 60", x_credential="limited"), FAILED),
    Kind("too long for the model", 2, _ask("error 43"), frozenset({400, 413})),
    Kind("upstream 500", 2, _ask("500"), FAILED),
    Kind("upstream resets", 2, _ask("reset"), FAILED),
    Kind("upstream page", 2, _ask("wrong-type"), FAILED),
    Kind("cut in the middle", 2, _ask("cut + after 3"), GOOD | FAILED, breaks=True),
    Kind("no end", 2, _ask("no-end"), GOOD | FAILED, breaks=True),
    Kind("error in the middle", 2, _ask("error 13 mid + after 3"), GOOD | FAILED, breaks=True),
    Kind("status", 2, get("/"), GOOD),
    Kind("models", 1, get("/v1/models"), GOOD),
    Kind("log", 1, get("/logs"), GOOD),
)
CUMULATED = tuple(itertools.accumulate(kind.weight for kind in KINDS))


@dataclass(slots=True)
class Seen:
    """What the run has shown. `looks` are (requests done, resident bytes)."""

    done_count: int = 0
    left_count: int = 0
    # Chats that were answered to their end.
    answered_count: int = 0
    # Seconds that late answers took.
    late_s: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    looks: list[tuple[int, int]] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    unsettled: tuple[int, int] = (0, 0)
    ledger: Ledger | None = None
    duration_s: float = 0.0

    @property
    def growth_bytes(self) -> float:
        """What a straight line through the second half rises by."""
        second = self.looks[len(self.looks) // 2 :]
        line = statistics.linear_regression([x for x, _ in second], [y for _, y in second])
        return line.slope * (second[-1][0] - second[0][0])


def run(size: Size) -> list[Figure]:
    """Everything against one gateway; the upstream ends before the gateway is counted again."""
    request_count = size.count(REQUEST_COUNT, at_least=2_000)
    limits = {
        # Here failures are a tenth of all requests, on purpose, and not an outage.
        "GATEWAY_BREAKER_FAILURES": "0",
        "GATEWAY_LOGS_PUBLIC": "true",
    }
    tokens = ("work::token-of-work", "home::token-of-home", "limited::sim-429")
    with contextlib.ExitStack() as upstream:
        url = upstream.enter_context(recorded_simulator())
        with gateway(url, limits, tokens, SERVE_INSIDE) as process:
            seen = run_fast(_everything(process, request_count, upstream))
            error_count = process.error_count()
    for words, count in seen.wrong.most_common(5):
        say(f"million: {count} x {words}")
    return _figures(seen, request_count, error_count)


def _figures(seen: Seen, request_count: int, error_count: int) -> list[Figure]:
    before, after = seen.before, seen.after
    return [
        exactly("requests", seen.done_count, request_count),
        Figure("of them left at a random moment", seen.left_count / seen.done_count * 100, "%"),
        Figure("requests a second", seen.done_count / seen.duration_s),
        exactly("answers that were not the ones due", sum(seen.wrong.values()), 0),
        Figure("failed after 15 s of silence, and so within the stream", len(seen.late_s)),
        Figure(
            "the soonest of them after",
            min(seen.late_s, default=KEEP_ALIVE_S),
            "s",
            at_least=KEEP_ALIVE_S,
        ),
        Figure(
            "memory's growth in the second half",
            seen.growth_bytes / MEBIBYTE,
            "MiB",
            at_most=GROWTH_BYTES_MAX / MEBIBYTE,
        ),
        Figure("memory at the end", seen.looks[-1][1] / MEBIBYTE, "MiB"),
        exactly("descriptors more than at the start", after["fds"] - before["fds"], 0),
        exactly("tasks more than at the start", after["tasks"] - before["tasks"], 0),
        Figure(
            "objects that waited for the collector, in a thousand requests",
            (after["circled"] - before["circled"]) * 1000 / seen.done_count,
            at_most=CIRCLED_MAX,
        ),
        exactly("requests still under way", seen.unsettled[0], 0),
        exactly("leases still held", seen.unsettled[1], 0),
        exactly("errors in the gateway's log", error_count, 0),
        *_recorded(seen),
    ]


def _recorded(seen: Seen) -> list[Figure]:
    """What the gateway has on record, beside what its clients know."""
    ledger = seen.ledger
    assert ledger is not None
    unknown = ledger.rows["answered"] - seen.answered_count
    return [
        Figure("requests on record", ledger.rows.total(), at_least=seen.answered_count),
        Figure("tokens on record", ledger.row_tokens, at_least=1),
        exactly("differences of log, hourly sums and metrics", ledger.differences_count, 0),
        # Who has left does not know whether it was answered.
        Figure(
            "on record as answered, and not known to a client that stayed",
            unknown,
            at_least=0,
            at_most=seen.left_count,
        ),
    ]


async def _everything(
    process: GatewayProcess, request_count: int, upstream: contextlib.ExitStack
) -> Seen:
    # The event loop opens a descriptor of its own with its first connection.
    await process.active_count()
    seen = Seen(before=await process.inside() | {"fds": process.descriptor_count()})
    client = await Client.connect(process.port)
    # One request with the key before the first wrong one: who works here is not locked out.
    for kind in KINDS[:2]:
        reply = await client.ask(kind.request)
        assert kind.is_due(reply), reply
        seen.answered_count += 1
    client.leave()
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    numbers = iter(range(request_count))
    watch = asyncio.create_task(_look(process, seen, request_count))
    await asyncio.gather(
        *(_work(process.port, seed, numbers, seen) for seed in range(CLIENT_COUNT))
    )
    await watch
    seen.duration_s = loop.time() - began_at
    seen.unsettled = await process.settled()
    seen.ledger = await read_ledger(process)
    # Its end closes what the gateway keeps for the next request.
    await asyncio.to_thread(upstream.close)
    fds = await process.descriptors_settled(seen.before["fds"])
    seen.after = await process.inside_settled(seen.before["tasks"]) | {"fds": fds}
    return seen


async def _look(process: GatewayProcess, seen: Seen, request_count: int) -> None:
    """Look at the memory as often as the run is long; tell how far it is."""
    step = max(1, request_count // LOOK_COUNT)
    due, told = step, 0
    while seen.done_count < request_count:
        await asyncio.sleep(0.01)
        if seen.done_count >= due:
            due = seen.done_count + step
            seen.looks.append((seen.done_count, process.rss_bytes()))
            if seen.done_count * 10 // request_count > told:
                told = seen.done_count * 10 // request_count
                say(
                    f"million: {seen.done_count:,} of {request_count:,} requests,"
                    f" {seen.looks[-1][1] / MEBIBYTE:.1f} MiB"
                )
    seen.looks.append((seen.done_count, process.rss_bytes()))


async def _work(port: int, seed: int, numbers: Iterator[int], seen: Seen) -> None:
    """One client: whatever chance says, until all numbers are taken."""
    chance = random.Random(seed)
    client: Client | None = None
    for _ in numbers:
        kind = chance.choices(KINDS, cum_weights=CUMULATED)[0]
        is_left = chance.random() < LEFT_SHARE
        try:
            if client is None or client.is_closed:
                client = await Client.connect(port)
            if is_left:
                await _leave(client, kind, chance)
                client = None
                seen.left_count += 1
            else:
                reply = await client.ask(kind.request)
                if not kind.is_due(reply):
                    seen.wrong[f"{kind.name}: {reply.status} {reply.body[-200:]!r}"] += 1
                is_late = kind.is_late(reply)
                seen.late_s += [reply.duration_s] * is_late
                seen.answered_count += kind.is_chat and reply.status == 200 and not is_late
        except (BrokenError, OSError, TimeoutError) as error:
            seen.wrong[f"{kind.name}: {error!r}"] += 1
            client = None
        seen.done_count += 1
    if client is not None:
        client.leave()


async def _leave(client: Client, kind: Kind, chance: random.Random) -> None:
    """Ask, maybe not to the end, and be gone some time later."""
    request = kind.request
    if chance.random() < HALF_SENT_SHARE:
        request = request[: chance.randrange(len(request))]
    client.send(request)
    await asyncio.sleep(chance.uniform(0, kind.moments_s))
    client.leave(is_rude=chance.random() < RUDE_SHARE)


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
